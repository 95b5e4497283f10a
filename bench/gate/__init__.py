"""The accuracy gate: did a change make an architecture worse, and can this data tell."""

from bench.gate.baseline import Baseline, load_baseline, update_baseline
from bench.gate.checking import Contest, check, make_contests
from bench.gate.decision import decide
from bench.gate.runs import Run, Side
from bench.gate.verdict import CostVerdict, Outcome, Terms, Verdict, worst

__all__ = [
    "Baseline",
    "Contest",
    "CostVerdict",
    "Outcome",
    "Run",
    "Side",
    "Terms",
    "Verdict",
    "check",
    "decide",
    "load_baseline",
    "make_contests",
    "update_baseline",
    "worst",
]
