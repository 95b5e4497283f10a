"""Statistics that decide: arrays in, numbers out; no files, no records.

Input for a model is ``correct``, a bool array (n_seeds, n_images), True where the run of
that seed labels that image rightly; or its `Summary`, computed once and used for many
pairs.  Accuracies and differences are fractions.  docs/statistics.md explains the verdicts.
"""

from ninetynine.statistics.claims import (
    Certification,
    ClaimPlacement,
    place_claim,
    prediction_interval,
    time_to_accuracy_certified,
)
from ninetynine.statistics.classical import (
    UnpairedComparison,
    WinningChance,
    binomial_against_published,
    holm,
    mcnemar_exact,
    mcnemar_interval,
    wilson_interval,
    winning_chance,
)
from ninetynine.statistics.comparison import (
    USUAL_MARGIN,
    Comparison,
    Decision,
    Margin,
    Verdict,
    compare,
)
from ninetynine.statistics.crossed import summarize_scores
from ninetynine.statistics.difference import (
    DifferenceBound,
    DifferenceError,
    difference_bound,
    difference_error,
    pair_p_value,
    shared_runs_error,
)
from ninetynine.statistics.estimate import AccuracyEstimate, VarianceComponents, accuracy_estimate
from ninetynine.statistics.groups import Groups, Neighbors, neighbors_alike
from ninetynine.statistics.power import (
    PairComponents,
    Plan,
    expected_error,
    minimum_detectable_difference,
    pair_components,
    plan,
)
from ninetynine.statistics.ranks import (
    Ranking,
    RankInterval,
    bands,
    rank_intervals,
)
from ninetynine.statistics.summary import (
    Interval,
    Summary,
    summarize,
    summarize_counts,
)
