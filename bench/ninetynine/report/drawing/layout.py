"""Where dots and names go so that they do not lie on each other."""

import math
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ninetynine.report import formatting

_LEAST = 0.42  # how wide a narrow letter is, of its height


@dataclass(frozen=True)
class Box:
    """A rectangle in the picture's units, y downwards, such as the inner area of a plot."""

    left: float
    top: float
    right: float
    bottom: float

    def x(self, share: float) -> float:
        """Return the place that is ``share`` of the way from left to right."""
        return self.left + share * (self.right - self.left)

    def y(self, share: float) -> float:
        """Return the place that is ``share`` of the way from bottom to top."""
        return self.bottom - share * (self.bottom - self.top)

    def overlaps(self, other: "Box") -> bool:
        beside = self.left < other.right and other.left < self.right
        return beside and self.top < other.bottom and other.top < self.bottom

    def within(self, other: "Box") -> bool:
        across = self.left >= other.left and self.right <= other.right
        return across and self.top >= other.top and self.bottom <= other.bottom


def swarm(places: Sequence[float], diameter: float, most: float) -> list[float]:
    """Return an offset across the axis for each place along it, so that dots do not overlap.

    The dots stack up from the middle, alternating sides.  A stack that would be farther than
    ``most`` from the middle is pressed together, and then its dots do overlap.
    """
    offsets = [0.0] * len(places)
    done: list[int] = []
    for index in sorted(range(len(places)), key=lambda i: (places[i], i)):
        near = [k for k in done if abs(places[k] - places[index]) < diameter]
        for step in range(2 * len(near) + 1):
            offsets[index] = (step + 1) // 2 * diameter * (1 if step % 2 else -1)
            apart = (
                math.hypot(places[k] - places[index], offsets[k] - offsets[index]) for k in near
            )
            if all(distance >= 0.98 * diameter for distance in apart):
                break
        done.append(index)
    farthest = max(map(abs, offsets), default=0.0)
    return [offset * min(1.0, most / farthest) if farthest else 0.0 for offset in offsets]


def text_width(text: str, size: float = 12.0) -> float:
    """Return about how wide ``text`` is at most, in the widest of the fonts that are used."""
    return size * sum(map(_em, text))


@lru_cache(maxsize=1024)
def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "mwMW@%…—":
        return 0.98
    if character in "ijlft.,:;'|!()[] -":
        return _LEAST
    return 0.72 if character.isupper() else 0.64


def fit(text: str, room: float, size: float = 12.0, names: Collection[str] = ()) -> str:
    """Return ``text``, its middle left out where it is wider than ``room``.

    What is left is told from each of ``names``, where that is possible.
    """
    if text_width(text, size) <= room:
        return text
    most = min(len(text) - 1, int(room / size / _LEAST))
    shorter = (formatting.short(text, letters, names) for letters in range(most, 1, -1))
    return next((one for one in shorter if text_width(one, size) <= room), "…")


def wrap(text: str, room: float, size: float = 12.0) -> list[str]:
    """Return ``text`` in lines that fit ``room``; a word wider than that is shortened."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= room:
            lines[-1] = longer
        else:
            lines.append(fit(word, room, size))
    return lines


def place_labels(
    anchors: Sequence[tuple[float, float, float]],
    frame: Box,
    marks: Sequence[Box],
    lines: Sequence[Box],
    height: float,
    gap: float = 9.0,
    rings: int = 1,
) -> list[Box | None]:
    """Place a label for each ``(x, y, width)`` inside ``frame``, ``gap`` away from the point.

    Greedy, in the order given: right, left, above or below, then on ``rings`` farther out, with a
    leader to the point (see `leader`).  A label keeps off ``lines`` where it can; where it or its
    leader would lie on another label, or it on one of the ``marks`` or on a leader, it is None.
    """
    taken, kept_off = _edges(marks), _edges(lines)
    labels: list[Box | None] = []
    for x, y, width in anchors:
        best: tuple[float, Box] | None = None
        placed = _edges([label for label in labels if label is not None])
        for ring in range(rings):
            boxes = _around(x, y, width, height, gap + 15.0 * ring)
            edges = _edges(boxes)
            free = _free(edges, taken)
            clear = _free(edges, kept_off) if lines else free
            for place, box in enumerate(boxes):
                joined = _edges(_on(leader(x, y, box))) if ring else _edges([])
                if free[place] and box.within(frame) and _free(joined, placed).all():
                    worth = 40.0 * ring + place + (0 if clear[place] else 25.0)
                    best = min(best or (worth, box), (worth, box), key=lambda pair: pair[0])
            if best is not None and best[0] <= 40.0 * (ring + 1):
                break
        labels.append(best[1] if best else None)
        if best is not None:
            new = [best[1], *_on(leader(x, y, best[1]))]
            taken = np.concatenate([taken, _edges(new)])
    return labels


def leader(x: float, y: float, box: Box) -> tuple[float, float, float, float] | None:
    """Return the line from a point to its label; None where the label is beside the point."""
    to_x, to_y = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
    distance = math.hypot(to_x - x, to_y - y)
    if distance < 14.0:
        return None
    return x + 7 * (to_x - x) / distance, y + 7 * (to_y - y) / distance, to_x, to_y


def _on(line: tuple[float, float, float, float] | None) -> list[Box]:
    """Return small boxes along a line; that at its end, on the label, is not among them."""
    if line is None:
        return []
    x1, y1, x2, y2 = line
    steps = max(int(math.hypot(x2 - x1, y2 - y1) / 4), 1)
    shares = [n / steps for n in range(steps)]
    points = [(x1 + s * (x2 - x1), y1 + s * (y2 - y1)) for s in shares]
    return [Box(x - 1, y - 1, x + 1, y + 1) for x, y in points]


def _edges(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """Return float64 (n, 4): left, top, right, bottom."""
    return np.array([(b.left, b.top, b.right, b.bottom) for b in boxes]).reshape(-1, 4)


def _free(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of ``boxes`` overlap none of ``others``."""
    one, other = boxes[:, None, :], others[None, :, :]
    apart = (one[..., 0] >= other[..., 2]) | (other[..., 0] >= one[..., 2])
    apart |= (one[..., 1] >= other[..., 3]) | (other[..., 1] >= one[..., 3])
    return np.asarray(apart.all(axis=1))


def _around(x: float, y: float, width: float, height: float, gap: float) -> list[Box]:
    """Return the boxes of ``width`` x ``height`` around a point, the best places first."""
    places = [
        (x + gap, y - height / 2),
        (x - gap - width, y - height / 2),
        (x + gap, y - gap - height),
        (x + gap, y + gap),
        (x - gap - width, y - gap - height),
        (x - gap - width, y + gap),
        (x - width / 2, y - gap - height),
        (x - width / 2, y + gap),
    ]
    return [Box(left, top, left + width, top + height) for left, top in places]
