"""Numbers as people read them.  Shares of 1 become percent here and nowhere else."""

import math
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ninetynine.board import Spread
    from ninetynine.datasets import ImageGroups
    from ninetynine.statistics import Decision, Interval, Margin, RankInterval

BLANK = ""
_FEW = 5  # runs whose spread can be 0 by chance
_BETWEEN = " _-./"  # words of a name
_WORD = re.compile(r"\[?[^\s_\-./\[]+")
_END = 6  # letters that an end is worth: it tells names from each other


def percent_decimals(images: int | None) -> int:
    """Return the decimals of a percentage that one of ``images`` still shows in: 2 for 10,000."""
    return 2 if images is None else min(4, max(1, math.ceil(math.log10(images)) - 2))


def decimals_of(width: float) -> int:
    """Return the decimals in which a ``width`` above 0 shows with two digits, at most 9."""
    return min(9, max(0, 1 - math.floor(math.log10(width))))


def number(value: float | None, decimals: int) -> str:
    """Return ``value`` with a thousands separator and a true minus sign; "" for None."""
    if value is None:
        return BLANK
    text = f"{value:,.{decimals}f}"
    # -0.00 is a rounding's leftover, not a sign.
    return text.lstrip("-") if not text.strip("-0.,") else text.replace("-", "−")


def level(share: float) -> str:
    """Return a share above 0 and below 1 in percent, with decimals enough to be neither end."""
    away = 100 * min(share, 1 - share)
    decimals = max(3, 2 - math.floor(math.log10(away))) if away > 0 else 3
    text = f"{100 * share:.{decimals}f}"
    return text.rstrip("0").rstrip(".")


def percent(share: float | None, decimals: int) -> str:
    """Return a share of 1 in percent, without the sign: the heading says it."""
    return BLANK if share is None else number(100 * share, decimals)


def signed_percent(share: float, decimals: int) -> str:
    """Return a difference in percentage points, with its sign."""
    points = percent(share, decimals)
    return points if points.startswith("−") else f"+{points}"


def percent_spread(spread: "Spread | None", decimals: int) -> str:
    """Return ``mean ± SD`` in percent."""
    return number_spread(spread, decimals, 100)


def number_spread(spread: "Spread | None", decimals: int, unit: int = 1) -> str:
    """Return ``mean ± SD``, both times ``unit``."""
    if spread is None:
        return BLANK
    mean = number(unit * spread.mean, decimals)
    if spread.sd is None:
        return mean
    sd = number(unit * spread.sd, decimals)
    if spread.n < _FEW and not sd.strip("0."):  # a coincidence of few runs is no knowledge
        return f"{mean} ({spread.n} runs alike)"
    return f"{mean} ± {sd}"


def percent_interval(interval: "Interval | None", decimals: int) -> str:
    """Return ``low–high`` in percent; ``low to high`` where a sign would run into the dash."""
    if interval is None:
        return BLANK
    return span(percent(interval.low, decimals), percent(interval.high, decimals))


def span(low: str, high: str) -> str:
    """Return two written numbers as a range."""
    return f"{low} to {high}" if "−" in low + high else f"{low}–{high}"


def shortest_percent(share: float) -> str:
    """Return a share in percent with as many decimals as it has: 0.97 is 97.00."""
    return f"{100 * share:.6f}".rstrip("0").rstrip(".")


def ranks(rank: "RankInterval | None") -> str:
    """Return a rank interval: ``2`` or ``2–4``."""
    if rank is None:
        return BLANK
    return str(rank.best) if rank.best == rank.worst else f"{rank.best}–{rank.worst}"


def margin(found: "Margin") -> str:
    """Return a margin with its unit: ``0.1 points``, or ``20% of the errors that are left``."""
    size = shortest_percent(found.share)
    return f"{size}% of the errors that are left" if found.relative else f"{size} points"


def these_images(images: int | None, thing: str = "image") -> str:
    """Return what the narrower interval speaks of: ``these 10,000 images``."""
    if images == 1:
        return f"this one {thing}"
    return f"these {images:,} {thing}s" if images else f"these {thing}s"


def about(number: int) -> str:
    """Return an estimated count, rounded up to what it can be known to: ``about 7,830``."""
    step = 10 ** max(len(str(number)) - 3, 0)
    return f"about {-(-number // step) * step:,}"


def test_images(images: int, groups: "ImageGroups | None", thing: str) -> str:
    """Return ``10,000 test images``, and whose they are: ``10,000 test images of 297 writers``."""
    called = "test image" if thing == "image" else thing
    return count(images, called) + (f" of {groups}" if groups is not None else "")


def image_chance(groups: "ImageGroups | None", thing: str = "image") -> str:
    """Return what is drawn anew for images like these, beside seeds: images, or their groups."""
    return f"{thing}s" if groups is None else f"{groups.noun} with their {thing}s"


def more_images(found: "Decision", groups: "ImageGroups | None", thing: str = "image") -> str:
    """Return how many test images would decide, and of how many groups."""
    images = test_images(found.images or 0, None, thing)
    if groups is None or found.groups is None:
        return images
    return f"{found.groups:,} {groups.noun} ({images})"


def recipe(value: object) -> str:
    """Return a recipe, or a value in it, on one line."""
    if not isinstance(value, dict):
        return str(value)
    name = str(value.get("name", ""))
    rest = ", ".join(f"{key} {recipe(item)}" for key, item in value.items() if key != "name")
    return f"{name} ({rest})" if name and rest else name or rest


def magnitude(value: float | None) -> str:
    """Return a large count with three digits and a unit: ``5.98 M``."""
    if value is None:
        return BLANK
    for unit, size in (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if value >= size:
            return f"{three_digits(value / size)} {unit}"
    return f"{value:.0f}"


def three_digits(value: float | None) -> str:
    """Return a positive number with three digits that count: ``7.12``, ``51.3``, ``1,204``."""
    if value is None:
        return BLANK
    if value <= 0:
        return number(value, 2)
    return number(value, max(0, min(4, 2 - math.floor(math.log10(value)))))


def equals_p(value: float) -> str:
    """Return a p-value as it stands after "p": ``= 0.012`` or ``< 0.001``."""
    return p_value(value) if value < 0.001 else f"= {p_value(value)}"


def p_value(value: float) -> str:
    """Return a p-value; below 0.001 only that it is."""
    return "< 0.001" if value < 0.001 else number(value, 3)


def count(things: int, singular: str, plural: str | None = None) -> str:
    """Return ``1 run`` or ``1,234 runs``."""
    return f"{things:,} {singular if things == 1 else plural or singular + 's'}"


def listed(names: Sequence[str], most: int) -> str:
    """Return ``names``, the first ``most`` of them, and how many more there are."""
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([*names[:most], *more])


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``48 s``, ``12 min``, ``3.5 h``, ``2.1 days``."""
    for unit, size, decimals in (("days", 86_400, 1), ("h", 3600, 1), ("min", 60, 0)):
        if seconds >= 2 * size:
            return f"{number(seconds / size, decimals)} {unit}"
    return f"{number(seconds, 0)} s"


def word_starts(name: str) -> list[int]:
    """Return where the words of ``name`` begin."""
    return [match.start() for match in _WORD.finditer(name)]


def short(name: str, longest: int = 32, names: Collection[str] = ()) -> str:
    """Return ``name``, its middle left out where it is long: between words, if half fits so.

    What is left is taken for none of the other ``names``, where that is possible: where its two
    ends are those of another, a part between them stays as well.
    """
    if len(name) <= longest:
        return name
    starts = word_starts(name)
    heads = ["", *(name[:start].rstrip(_BETWEEN) for start in starts[1:])]
    tails = ["", *(name[start:] for start in starts)]
    whole = [(head, tail) for head in heads for tail in tails if len(head + tail) < longest]
    whole.sort(key=lambda ends: _worth(*ends))
    half = (longest - 1) // 2
    found = [ends for ends in whole[::-1] if 2 * len("".join(ends)) + 2 >= longest]
    found.append((name[: longest - 1 - half], name[len(name) - half :]))
    others = [other for other in names if other != name]
    three = chain(_with_word(name, heads, tails, longest), _with_piece(name, longest))
    each = chain(found, three if others else ())
    alone = (parts for parts in each if not any(_may_be(other, parts) for other in others))
    return "…".join(next(alone, found[0]))


def _worth(head: str, tail: str) -> float:
    """Return how much the two ends of a name say: all letters, best of both."""
    return len(head + tail) - abs(len(head) - len(tail)) / 4 + _END * (bool(head) + bool(tail))


def _with_word(
    name: str, heads: Sequence[str], tails: Sequence[str], longest: int
) -> Iterator[tuple[str, ...]]:
    """Yield the beginning, a word and the end of ``name``, the longest first."""
    ends = pairwise([*word_starts(name), len(name)])
    words = {(start, name[start:end].rstrip(cut)) for start, end in ends for cut in ("", _BETWEEN)}
    found = [
        (head, word, tail)
        for head in heads[1:4]
        for start, word in sorted(words)
        for tail in tails[-3:]
        if len(head) < start
        and start + len(word) + len(tail) < len(name)
        and len(head + word + tail) + 2 <= longest
    ]
    yield from sorted(found, key=lambda parts: -len("".join(parts)))


def _with_piece(name: str, longest: int) -> Iterator[tuple[str, ...]]:
    """Yield the beginning, some letters between and the end of ``name``."""
    ends = max((longest - 2) // 4, 0)
    room = longest - 2 - 2 * ends
    for start in range(ends, len(name) - ends - room + 1) if room > 0 else ():
        yield name[:ends], name[start : start + room], name[len(name) - ends :]


def _may_be(name: str, parts: Sequence[str]) -> bool:
    """Return whether ``name`` could be meant by its ``parts``."""
    head, *between, tail = parts
    inner = name[len(head) : len(name) - len(tail)]
    ends = name.startswith(head) and name.endswith(tail) and len(name) >= len(head + tail)
    return ends and all(part in inner for part in between)
