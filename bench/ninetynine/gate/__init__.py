"""The accuracy gate: did a change make an architecture worse, and can this data tell."""

from ninetynine.gate.baseline import Baseline, load_baseline, update_baseline
from ninetynine.gate.checking import Contest, check, make_contests
from ninetynine.gate.divergence import decide
from ninetynine.gate.verdict import CostVerdict, Outcome, Terms, Verdict, worst
