"""What a board and its rows come to, in a few words and numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ninetynine.board import Board, Row, Undecided
from ninetynine.board.training_time import hardware
from ninetynine.board.views import View
from ninetynine.grouping import grouped
from ninetynine.report import formatting
from ninetynine.report.columns import columns
from ninetynine.report.columns.gap import goal, start
from ninetynine.suite.seeds import seed_list, seeds_in_words

_MOST_NAMES = 3
_LONGEST_NAME = 32


@dataclass(frozen=True)
class Fact:
    """A number worth a large font, or names; ``share`` draws a bar below it."""

    value: str
    name: str
    detail: str = ""
    share: float | None = None
    models: tuple[str, ...] = ()  # in place of a value; ``more`` of them are not named
    more: int = 0


def unique_titles(views: Sequence[View]) -> list[str]:
    """Return a title for each view; where two would be the same, with the data they are about."""
    plain = [_title(view) for view in views]
    return [
        f"{title}, dataset {view.board.key.fingerprint[:8]}" if plain.count(title) > 1 else title
        for title, view in zip(plain, views, strict=True)
    ]


def _title(view: View) -> str:
    board = view.board
    labels = f", test labels {board.labels_hash[:8]}" if board.labels_hash else ""
    return f"{board.dataset}: {view.name or 'all suites'}{labels}"


def short_titles(views: Sequence[View], titles: Sequence[str]) -> list[str]:
    """Return what links call each view: its suite alone where there is one dataset."""
    names = [view.name or "all" for view in views]
    if len({view.board.dataset for view in views}) > 1 or len(set(names)) < len(names):
        return list(titles)
    return names


def facts(board: Board) -> list[Fact]:
    """Return what the best reach, what is luck, what it costs, how far it goes, and failures."""
    of = (_best_group, _best_mean, _published, _cost, _gap_closed, _failures)
    found = (one(board) for one in of)
    return [fact for fact in found if fact is not None]


def lead(view: View) -> str:
    """Return what was compared on what."""
    return " ".join([*([view.suite.description] if view.suite else []), _measured(view.board)])


def _measured(board: Board) -> str:
    seeds = sorted({seed for row in board.rows for seed in row.seeds})
    models = formatting.count(len(board.rows), "model")
    if not seeds:
        return f"{models} tried on {board.dataset}; no run has finished."
    parts = [f"{models} on {board.dataset}", f"seeds {seed_list(seeds)}"]
    if board.images:
        parts.append(f"tested on {formatting.count(board.images, board.thing)}")
    records = (record for row in board.rows for record in row.records)
    machines = sorted({hardware(record.machine) for record in records if record.machine})
    trained = f"; trained on {' and '.join(machines)}" if machines else ""
    return f"{', '.join(parts)}{trained}."


def _best_group(board: Board) -> Fact | None:
    ranked = [row for row in board.rows if row.groups]
    best = [row.name for row in ranked if ranked[0].groups[0] in row.groups]
    if not best:
        return None
    named = tuple(best[:_MOST_NAMES])
    if len(best) > 1:
        detail = f"{len(best)} models, not significantly different"
        return Fact("", "best group", detail, models=named, more=len(best) - len(named))
    alone = "the only model" if len(ranked) == 1 else "significantly different from all others"
    return Fact("", "best group", alone, models=named)


def _best_mean(board: Board) -> Fact | None:
    if not board.finished:
        return None
    best = board.finished[0]
    mean, _, few = columns()["accuracy"].write(board, best).partition(" (")  # 3 runs alike
    if board.scores is not None:
        return Fact(mean, "best mean", few.rstrip(")"))
    said = [f"{formatting.number(best.errors_per_10000, 1)} errors in 10,000"]
    said += [few[:-1]] if few else []
    if best.ci_population is not None:
        interval = columns()["ci_population"].write(board, best)
        said.append(f"95% interval on {board.noun} like these: {interval}%")
    return Fact(f"{mean}%", "best mean", "; ".join(said))


def _published(board: Board) -> Fact | None:
    """Return how many published accuracies luck alone would make, too."""
    claims = [claim for claim in board.claims if claim.metric == "test_accuracy"]
    verdicts = Counter(claim.placement.verdict for claim in claims)
    expected = verdicts.pop("as expected", 0)
    if not claims:
        return None
    others = [f"{count} {verdict}" for verdict, count in sorted(verdicts.items())]
    within = f"{expected} of {len(claims)}"
    detail = ", ".join(["within the luck of one more run", *others])
    return Fact(within, "published figures", detail)


def _cost(board: Board) -> Fact | None:
    timed = [(row, row.time.train_seconds_median) for row in board.finished if row.time]
    if not timed:
        return None
    best, seconds = timed[0]
    all_seconds = [one for _, one in timed]
    ends = formatting.span(*map(formatting.three_digits, (min(all_seconds), max(all_seconds))))
    name = "training the best mean" if best is board.finished[0] else f"training {best.name}"
    detail = f"all models: {ends} s" if len(timed) > 1 else "a run"
    if len(timed) == 1 < len(board.finished):
        detail = "the only model with a run that had its cores to itself"
    return Fact(f"{formatting.three_digits(seconds)} s", name, detail)


def _gap_closed(board: Board) -> Fact | None:
    if not board.gaps:
        return None
    best = max(board.gaps, key=lambda gap: gap.gap_closed)
    closed = best.gap_closed
    if closed < 0:
        return Fact(f"below {start(board)}%", f"where the way to {goal(board)}% begins")
    name = f"of the way from {start(board)} to {goal(board)}%"
    row = next(row for row in board.rows if row.name == best.row)
    interval = columns()["gap_closed_interval"].write(board, row)
    detail = f"95% interval: {interval}%" if interval else ""
    return Fact(f"{formatting.percent(closed, 0)}%", name, detail, share=min(closed, 1.0))


def _failures(board: Board) -> Fact | None:
    failed = sum(len(row.failed) for row in board.rows)
    if not failed:
        return None
    tried = sum(row.tried for row in board.rows)
    return Fact(f"{failed} of {tried:,}", "runs failed", "they stay on the board")


def untimed(board: Board) -> bool:
    """Return whether some of the models have no training seconds."""
    return any(row.time is None for row in board.finished)


def undecided(board: Board) -> str:
    """Return which neighbors are not significantly different."""
    pairs = board.undecided
    if not pairs:
        ranked = [row for row in board.rows if row.groups]
        return "Every neighbor is significantly different." if len(ranked) > 1 else ""
    listed = "; ".join(_pair(board, pair) for pair in pairs[:3])
    more = f"; and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return f"Not significantly different: {listed}{more}."


def _pair(board: Board, pair: Undecided) -> str:
    found, groups = pair.comparison, board.image_groups
    difference = formatting.percent(abs(found.difference), 2)
    names = [row.name for row in board.rows]
    upper, lower = (formatting.short(n, _LONGEST_NAME, names) for n in (pair.upper, pair.lower))
    line = f"{upper} and {lower} ({difference} points apart"
    if found.seeds_to_decide is not None:
        line += f"; {formatting.count(found.seeds_to_decide, 'seed')} of each would decide"
    elif found.to_decide is not None and found.to_decide.images is not None:
        line += f"; {formatting.more_images(found.to_decide, groups, board.thing)} would decide"
    return line + ")"


def intervals(board: Board, row: Row) -> str:
    """Return both 95% intervals of a row's mean, on these images and on ones like these."""
    decimals = formatting.percent_decimals(board.images)
    both = (row.ci_seeds, row.ci_population)
    return " / ".join(formatting.percent_interval(one, decimals) for one in both if one)


def failed(row: Row) -> str:
    """Return which seeds of a row failed, and why."""
    reasons = grouped((f"{one.kind}: {one.reason}", one.seed) for one in row.failed)
    return "; ".join(f"{seeds_in_words(seeds)} failed, {why}" for why, seeds in reasons.items())


def of_things(board: Board, text: str) -> str:
    """Return ``text`` of ours with what the board is about in place of images."""
    return text if board.thing == "image" else text.replace("image", board.thing)
