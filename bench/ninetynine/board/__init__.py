"""The board: records -> rows and what they come to; :mod:`ninetynine.report` makes text of them."""

from ninetynine.board.boards import Board, ScoreRange, Undecided, build_boards, is_on, rank
from ninetynine.board.claims import ClaimRow, GapRow
from ninetynine.board.comparing import compare_rows
from ninetynine.board.finding import Rows, check_comparable, check_separate
from ninetynine.board.predictions import PredictionSums
from ninetynine.board.row import Row, Spread, Standing
from ninetynine.board.run import GradedRun, Run
from ninetynine.board.training_time import RelativeTime, TrainingTime
