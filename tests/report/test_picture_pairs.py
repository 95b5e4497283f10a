"""Every pair: differences, corrected for all of them."""

from ninetynine.report import figures
from ninetynine.report.figures.pairs import all_pairs
from picture_builders import boards
from record_builders import (
    write_run,
)


class TestPairs:
    def test_a_pair_is_different_exactly_where_it_shares_no_group(self, board):
        rows = board.rows
        pairs = all_pairs(rows)
        assert len(pairs) == 3
        for (i, j), pair in pairs.items():
            assert pair.different == (not set(rows[i].groups) & set(rows[j].groups))

    def test_chosen_rows_stay_corrected_for_all_pairs_of_the_board(self, store):
        for n, wrong in enumerate((20, 30, 35, 40)):
            for seed in range(3):
                write_run(store, f"net_{n}", seed, wrong=range(1000 - wrong, 1000))
        board = boards(store)[0]
        few = figures.select_rows(board, ["net_0,net_1"])
        (pair,) = all_pairs(few.rows, others=few.others).values()
        assert (pair.upper.name, pair.lower.name) == ("net_0", "net_1")
        assert pair.adjusted_p == all_pairs(board.rows)[0, 1].adjusted_p
        assert pair.adjusted_p > all_pairs(few.rows)[0, 1].adjusted_p

    def test_the_first_pairs_are_corrected_for_all_of_them(self, board):
        rows = board.rows
        every, first = all_pairs(rows), all_pairs(rows, most=2)
        assert list(first) == [(0, 1)]
        assert first[0, 1].adjusted_p == every[0, 1].adjusted_p
