"""Seeds as people write them: a count, a range, a list."""

from collections.abc import Iterable, Sequence

from ninetynine.errors import UserError

_LARGEST_SEED = 2**32 - 1  # what NumPy's and Keras's generators take
_MOST_SEEDS = 10_000


def parse_seeds(value: str | int | Sequence[int], where: str) -> tuple[int, ...]:
    """Return the seeds in ``value``: a count N means 0..N-1; ``"0-4,7"`` and lists are literal.

    ``"0"`` is seed 0: a count of nothing is never meant.
    """
    spans = _spans(value, where)
    count = sum(last - first + 1 for first, last in spans)
    if count > _MOST_SEEDS:
        raise UserError(
            f"{where}: {value!r} names {count:,} seeds, more than {_MOST_SEEDS:,}; "
            "a number alone is a count, seed 7 alone is written 7-7"
        )
    seeds = dict.fromkeys(seed for first, last in spans for seed in range(first, last + 1))
    if not seeds or min(seeds) < 0 or max(seeds) > _LARGEST_SEED:
        raise UserError(
            f"{where}: {value!r} names no seeds from 0 to {_LARGEST_SEED}; expected a count such "
            "as 5, a range such as 0-9, or a list such as 0,3,7"
        )
    return tuple(seeds)


def _spans(value: str | int | Sequence[int], where: str) -> list[tuple[int, int]]:
    """Return the first and last seed of each part of ``value``; none for another type."""
    if isinstance(value, str):
        count = _number(value.strip())
        return [(0, count - 1)] if count else [_span(part, where) for part in value.split(",")]
    if isinstance(value, int) and not isinstance(value, bool):
        return [(0, value - 1)]
    if isinstance(value, Sequence) and all(type(seed) is int for seed in value):
        return [(int(seed), int(seed)) for seed in value]
    return []


def _span(text: str, where: str) -> tuple[int, int]:
    before, dash, after = text.strip().partition("-")
    first = _number(before)
    last = _number(after) if dash else first
    if first is None or last is None or last < first:
        raise UserError(
            f"{where}: {text.strip()!r} is no seed; expected e.g. 5 (a count), 0-9 or 0,3,7"
        )
    return first, last


def _number(text: str) -> int | None:
    """Return the whole number that ``text`` is, or None; more than ten digits are no seed."""
    return int(text) if text.isdecimal() and len(text) <= 10 else None


def seed_list(seeds: Iterable[int]) -> str:
    """Return ``seeds`` with runs as ranges: ``"0-4, 7"``."""
    parts: list[list[int]] = []
    for seed in sorted(seeds):
        if parts and seed == parts[-1][-1] + 1:
            parts[-1].append(seed)
        else:
            parts.append([seed])
    return ", ".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


def seeds_in_words(seeds: Iterable[int]) -> str:
    """Return ``seed 3``, or ``seeds 0-4, 7``."""
    listed = seed_list(seeds)
    return f"seed {listed}" if listed.isdecimal() else f"seeds {listed}"
