"""What a board comes to, in a few words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from ninetynine.board import Board, Row, Undecided
from ninetynine.board.notes import seed_list
from ninetynine.report import text
from ninetynine.report.html import words
from ninetynine.report.sections import introduction
from ninetynine.report.sections import title as plain_title

_MOST_NAMES = 6


@dataclass(frozen=True)
class Fact:
    """A number worth a large font; ``share`` draws a bar below it."""

    value: str
    name: str
    detail: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Headline:
    """The head of a board's section."""

    title: str
    lead: str
    facts: tuple[Fact, ...]
    undecided: str
    small: str


def unique_titles(boards: Sequence[Board]) -> list[str]:
    """Return a title for each board; where two would be the same, with the data they are about."""
    plain = [plain_title(board) for board in boards]
    return [
        f"{title}, dataset {board.dataset_fingerprint[:8]}" if plain.count(title) > 1 else title
        for title, board in zip(plain, boards, strict=True)
    ]


def headline(title: str, board: Board) -> Headline:
    """Return what was compared on what, the best band, and what is not told apart."""
    board = board
    facts = [_best_band(board), _best_mean(board), _way(board), _failures(board)]
    return Headline(
        title=title,
        lead=_lead(runs),
        facts=tuple(fact for fact in facts if fact is not None),
        undecided=_undecided(board),
        small=introduction(board),
    )


def _lead(board: Board) -> str:
    board = board
    seeds = sorted({seed for row in board.rows for seed in row.seeds})
    models = text.count(len(board.rows), "model")
    if not seeds:
        return f"{models} tried on {board.dataset}; no run has finished."
    parts = [f"{models} on {board.dataset}", f"seeds {seed_list(seeds)}"]
    if board.images:
        parts.append(f"tested on {board.images:,} images")
    machines = {
        r.machine.gpu or r.machine.cpu_model for f in board.rows for r in f.records if r.machine
    }
    lead = ", ".join(parts)
    return f"{lead}; trained on {' and '.join(sorted(machines))}." if machines else f"{lead}."


def _names(rows: list[Row]) -> str:
    names = [row.name for row in rows[:_MOST_NAMES]]
    more = [f"{len(rows) - _MOST_NAMES} more"] if len(rows) > _MOST_NAMES else []
    parts = names + more
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _best_band(board: Board) -> Fact | None:
    ranked = [row for row in board.rows if row.group]
    if not ranked:
        return None
    first = words.band_letters(ranked[0].group)[0]
    best = [row for row in ranked if first in words.band_letters(row.group)]
    if len(best) == 1:
        detail = "told apart from every other" if len(ranked) > 1 else "the only model"
    else:
        detail = f"{len(best)} models that cannot be told apart"
    return Fact(_names(best), "best band", detail)


def _best_mean(board: Board) -> Fact | None:
    best = next((row for row in board.rows if row.accuracy is not None), None)
    if best is None or best.accuracy is None:
        return None
    spread = text.percent_spread(best.accuracy, text.percent_decimals(board.images))
    errors = text.number(best.errors_per_10000, 1)
    return Fact(f"{spread}%", "best mean", f"{errors} errors in 10,000")


def _way(board: Board) -> Fact | None:
    if not board.way:
        return None
    best = max(board.way, key=lambda row: row.share)
    if best.share < 0:
        return Fact("below 99.06%", "where the way to 99.79% begins")
    share = min(best.share, 1.0)
    return Fact(f"{text.percent(best.share, 0)}%", "of the way from 99.06 to 99.79%", "", share)


def _failures(board: Board) -> Fact | None:
    failed = sum(len(row.failed) for row in board.rows)
    if not failed:
        return None
    tried = sum(row.tried for row in board.rows)
    return Fact(f"{failed} of {tried:,}", "runs failed", "they stay on the board")


def _undecided(board: Board) -> str:
    pairs = board.undecided
    if not pairs:
        ranked = [row for row in board.rows if row.group]
        return "Every neighbour is told apart." if len(ranked) > 1 else ""
    listed = "; ".join(_pair(pair) for pair in pairs[:3])
    more = f"; and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return f"Not told apart: {listed}{more}."


def _pair(pair: Undecided) -> str:
    found = pair.comparison
    difference = text.percent(abs(found.difference), 2)
    line = f"{pair.upper} and {pair.lower} ({difference} points apart"
    if found.to_decide is not None and found.to_decide.seeds is not None:
        line += f"; {text.count(found.to_decide.seeds, 'seed')} of each would decide"
    elif found.to_decide is not None and found.to_decide.images is not None:
        line += f"; {found.to_decide.images:,} test images would decide"
    return line + ")"
