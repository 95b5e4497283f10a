"""A board -> its section of a document: accuracy, what is undecided, claims, the gap, cost."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

from ninetynine.board import Board, ClaimRow, Row, Undecided
from ninetynine.report import formatting, units
from ninetynine.report.advice import more_items
from ninetynine.report.columns import Column, chosen_columns, columns, table_columns
from ninetynine.report.columns.accuracy import decimals_of
from ninetynine.report.columns.by_measure import table_of_measure
from ninetynine.report.columns.gap import goal
from ninetynine.report.columns.identity import VOTES, WATCHES, votes
from ninetynine.report.document import Heading, Section, Table, center, left, name, table_of
from ninetynine.report.formatting import BLANK, percent
from ninetynine.statistics import Comparison

_MOST_NAMES = 12
_METRICS = [
    f"{part} {measure}"
    for part in ("test", "train", "validation")
    for measure in ("accuracy", "loss")
]


def section(board: Board, columns: Sequence[str] = ()) -> Section:
    """Return all tables of ``board`` that have something to say, or one of the ``columns``."""
    if columns:
        tables: list[Table | None] = [_chosen_table(board, columns)]
    elif board.measure.is_accuracy:
        tables = [_accuracy_table(board), _undecided_table(board), _claims_table(board)]
        tables += [_gap_table(board), _cost_table(board)]
    else:
        tables = [_accuracy_table(board), _undecided_table(board), _cost_table(board)]
    found = tuple(table for table in tables if table is not None)
    return Section(title(board), introduction(board), found, board.notes)


def title(board: Board) -> str:
    """Return the board's heading: its dataset and whose recipes its rows follow."""
    if board.thing != "image":
        return board.dataset
    recipes = f"suite {board.suite or board.variant}"
    if board.suite is None and board.variant == "published":
        held = {claim.row for claim in board.claims}
        trained = {row.name for row in board.rows if row.identity.kind == "trained" and row.seeds}
        published = bool(trained) and trained <= held
        recipes = "recipes as published" if published else "each model by its own recipe"
    labels = f", test labels {board.labels_hash[:8]}" if board.labels_hash else ""
    return f"{board.dataset}: {recipes}{labels}"


def introduction(board: Board) -> str:
    """Return what was measured on what, in one line."""
    tried = sum(row.tried for row in board.rows)
    parts = [formatting.count(tried, "run")]
    if board.images is not None:
        parts.append(formatting.test_images(board.images, board.image_groups, board.thing))
    recipe = _common_recipe(board) if board.thing == "image" else ""
    if recipe:
        parts.append(f"one recipe for all ({recipe})")
    parts.append(f"dataset {board.key.fingerprint[:8]}")
    if board.thing == "image":
        parts.append(f"protocol {board.key.protocol_version}")
    return "; ".join(parts) + "."


def _common_recipe(board: Board) -> str:
    trained = [row for row in board.rows if row.identity.kind != "ensemble"]
    recipes = {row.identity.recipe_json for row in trained}
    if len(trained) < 2 or len(recipes) != 1:
        return ""
    recipe = trained[0].identity.recipe
    return ", ".join(f"{key} {_recipe_value(recipe[key])}" for key in sorted(recipe))


def _recipe_value(value: object) -> str:
    if isinstance(value, dict):
        name = str(value.get("name", ""))
        rest = " ".join(f"{k}={_recipe_value(v)}" for k, v in value.items() if k != "name")
        return f"{name} {rest}".strip()
    return str(value)


def _written(board: Board, found: Iterable[Column]) -> list[tuple[Heading, Callable[[Row], str]]]:
    return [
        (Heading(c.heading_of(board), c.align, c.is_name, c.weight), partial(c.write, board))
        for c in found
    ]


def _accuracy_table(board: Board) -> Table:
    found = [columns()["group"], columns()["name"], *table_columns("accuracy", board)]
    if not board.measure.is_accuracy:
        rest = (columns()[key] for key in ("seeds", "rank", "accuracy"))
        found = [*found[:2], *table_of_measure(board), *rest]
    if board.thing != "image":  # what is known of answers alone
        known = ("rank_marginal", "best_set")
        found = [c for c in found if c.key not in ("loss", "train_test_gap")]
        found += [columns()[key] for key in known]
    ends = (
        index
        for index, (a, b) in enumerate(pairwise(board.rows))
        if not set(a.groups) & set(b.groups)
    )
    return replace(
        table_of(
            "Scores" if board.scores else board.measure.title,
            board.rows,
            _written(board, found),
            *_accuracy_footnotes(board),
        ),
        groups=tuple(row.groups for row in board.rows),
        rules=frozenset(ends),
    )


def _cost_table(board: Board) -> Table | None:
    if board.thing != "image":
        return None
    found = [columns()["name"], *table_columns("cost", board), columns()["trained_on"]]
    return table_of("Cost", board.rows, _written(board, found), _cost_footnote(board.rows))


def _chosen_table(board: Board, keys: Sequence[str]) -> Table:
    """Return the columns called ``keys``, after the name, with what each means below.

    Raises UserError where there is no such column.
    """
    asked = [column for column in chosen_columns(keys) if column.key != "name"]
    meanings = (f"{column.heading_of(board)}: {column.help}" for column in asked)
    found = _written(board, [columns()["name"], *asked])
    return table_of("Columns", board.rows, found, *meanings)


def _gap_table(board: Board) -> Table | None:
    if board.reference is None or not board.gaps:
        return None
    note = board.reference.goal.note or f"The goal is {board.reference.goal.name}."
    return table_of(
        f"The way to {goal(board)}%",
        [row for row in board.rows if board.gap_of(row) is not None],
        [(name("Model"), lambda row: row.name), *_written(board, table_columns("gap", board))],
        f"{note} The comparison treats two error counts as unpaired samples (95% interval after "
        "Newcombe, Fisher's exact p), which is cautious.",
    )


def _measure(board: Board) -> str:
    if not board.measure.is_accuracy:
        return f"{board.measure.title} ({board.measure.better} is better) is"
    if board.thing == "image":
        return "Test accuracy and loss are"
    return "Accuracy is" if board.scores is None else "The score is"


def _accuracy_footnotes(board: Board) -> tuple[str, ...]:
    chance = formatting.image_chance(board.image_groups, board.thing)
    notes = [
        f"{_measure(board)} mean ± SD over seeds. The 95% interval on these {board.thing}s says "
        f"where the mean lies for these very ones (chance: seeds), that on {board.noun} like these "
        f"where it lies for new ones of their kind (chance: seeds and {chance}). Models "
        "that share a letter of their groups are not significantly different; the rank is an "
        "interval (95%, all pairs together)."
    ]
    if board.among_best and len(board.finished) > 1:
        notes.append(
            f"Set that contains the best on {board.noun} like these (95%): "
            f"{formatting.listed([row.name for row in board.among_best], _MOST_NAMES)}."
        )
    if any(row.identity.watches_test_set for row in board.rows):
        notes.append(
            f"{WATCHES} watches the test set while training, as published; nothing is selected on "
            "it."
        )
    ensembles = [row for row in board.rows if row.identity.kind == "ensemble"]
    if ensembles:
        of = "; ".join(f"{row.name} is {votes(row)}" for row in ensembles)
        notes.append(
            f"{VOTES} votes: the mean of the probabilities of several runs. Its seeds are "
            f"replicates on disjoint seeds, and its costs the sums of its members'. {of}."
        )
    return tuple(notes)


def _cost_footnote(rows: Sequence[Row]) -> str:
    hardware = sorted({row.time.hardware for row in rows if row.time})
    if not hardware:
        return "No run had its cores to itself, so there is no training time to show."
    return (
        "Train seconds: median over the runs that had their cores to themselves, without "
        f"compiling and evaluation, on {'; '.join(hardware)}."
    )


def _undecided_table(board: Board) -> Table | None:
    if not board.undecided:
        return None
    in_points = ", in points," if board.scores is None and board.measure.unit == "%" else ""
    return table_of(
        "Neighbors that are not significantly different",
        board.undecided,
        [
            (name("Model"), lambda pair: pair.upper),
            (name("and the next"), lambda pair: pair.lower),
            (
                Heading(f"Difference{'' if board.scores else units.points(board.measure)}"),
                lambda pair: _apart(board, pair.comparison, pair.comparison.difference),
            ),
            (
                center("95% interval", weight=0),
                lambda pair: _span_apart(board, pair.comparison),
            ),
            (
                Heading("Could have shown", weight=0),
                lambda pair: (
                    _apart(board, pair.comparison, pair.comparison.minimum_detectable_difference)
                    if pair.comparison.could_show_any
                    else "nothing"
                ),
            ),
            (left("Would decide"), partial(_would_decide, board=board)),
        ],
        f"Could have shown: the smallest true difference{in_points} that these seeds and "
        f"{board.thing}s "
        "had an 80% chance to show on this board, which tests all pairs. What would decide is "
        "planned for the strictest level that the board may use. Equivalent: two one-sided tests "
        "at 5% show that a pair's difference is within the margin. The interval is one pair's.",
    )


def _apart(board: Board, found: Comparison, difference: float) -> str:
    """Return a difference of ``found`` in points, or in the unit of the measure or the scores."""
    if board.scores is not None:
        return formatting.number(board.scores.difference(difference), decimals_of(board))
    known = [] if board.measure.is_accuracy else [found.interval]
    return units.difference(board.measure, difference, units.decimals(board.measure, known, more=1))


def _span_apart(board: Board, found: Comparison) -> str:
    ends = (found.interval.low, found.interval.high)
    return formatting.span(*(_apart(board, found, end) for end in ends))


def _would_decide(pair: Undecided, board: Board | None = None) -> str:
    found, lead = pair.comparison, ""
    if found.verdict in ("better", "worse"):
        lead = "different as a pair; among all pairs "
        if found.to_decide is None:
            return "different as a pair, not with all pairs in mind"
    if found.to_decide is None:
        if board is not None and board.scores:
            return f"equivalent within {_apart(board, found, found.margin)}"
        if board is not None and board.measure.unit != "%":
            return f"equivalent within {units.size(board.measure, found.margin)}"
        return f"equivalent within {formatting.shortest_percent(found.margin)} points"
    if found.to_decide.seeds is not None:
        return f"{lead}{formatting.count(found.to_decide.seeds, 'seed')} each"
    if found.to_decide.images is not None:
        groups, thing = (board.image_groups, board.thing) if board else (None, "image")
        return f"{lead}not seeds: {formatting.more_images(found.to_decide, groups, thing)}"
    if found.to_decide.limited_by == "no margin":
        return f"{lead}a margin in points"
    single = found.to_decide.limited_by == "single runs"
    if board is not None and board.thing != "image" and single:
        return f"{lead}{formatting.about(more_items(board, found))} {board.thing}s"
    return lead + ("more than one seed" if single else "more of both")


def _claims_table(board: Board) -> Table | None:
    if not board.claims:
        return None
    decimals = formatting.percent_decimals(board.images)

    def ours(claim: ClaimRow) -> str:
        if claim.metric.endswith("loss"):
            return formatting.number_spread(claim.ours, 4)
        return formatting.percent_spread(claim.ours, decimals)

    def span(claim: ClaimRow, low: float, high: float) -> str:
        """Return what runs reach: in percent, or losses with 3 decimals."""
        if claim.metric.endswith("loss"):
            return formatting.span(formatting.number(low, 3), formatting.number(high, 3))
        return formatting.span(percent(low, decimals), percent(high, decimals))

    def one_more(claim: ClaimRow) -> str:
        expected = claim.placement.prediction
        return span(claim, expected.low, expected.high) if expected else BLANK

    def quantile(claim: ClaimRow) -> str:
        share = claim.placement.quantile
        return BLANK if share is None else f"{percent(share, 0)}%"

    return table_of(
        "Published figures against our seeds",
        sorted(board.claims, key=lambda claim: _METRICS.index(_metric(claim))),
        [
            (Heading("Claim", "left", weight=2), lambda claim: f"{claim.id} {_metric(claim)}"),
            (name("Model"), lambda claim: claim.row),
            (Heading("Published", weight=2), published),
            (Heading("Our mean ± SD"), ours),
            (
                center("Our range", weight=0),
                lambda claim: span(claim, min(claim.values), max(claim.values)),
            ),
            (Heading("Seeds", weight=0), lambda claim: str(claim.ours.n)),
            (center("One more run, 95%", weight=0), one_more),
            (Heading("Quantile", weight=0), quantile),
            (Heading("Verdict", "left", weight=2), lambda claim: claim.placement.verdict),
        ],
        "Quantile: the chance that one more run of the recipe ends at or below the published "
        "figure. Verdict: as expected within the 95% interval for one more run; lucky or unlucky "
        "outside it; not reproduced outside the 99.9% one. Accuracies are in %; train accuracy is "
        "what the last epoch prints.",
    )


def _metric(claim: ClaimRow) -> str:
    return claim.metric.replace("_", " ")


def published(claim: ClaimRow) -> str:
    """Return a published figure with as many decimals as were published, accuracies in percent."""
    if claim.metric.endswith("accuracy"):
        return percent(claim.published, max(0, claim.digits - 2))
    return formatting.number(claim.published, claim.digits)


def plain_table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> str:
    """Return ``rows`` under ``headers`` as plain text, for what is no board."""
    from tabulate import tabulate

    return str(tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True))
