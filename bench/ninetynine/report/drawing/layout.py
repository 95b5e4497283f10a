"""Where dots and names go so that they do not lie on each other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


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


def place_labels(
    anchors: Sequence[tuple[float, float, float]],
    frame: Box,
    marks: Sequence[Box],
    lines: Sequence[Box],
    height: float,
    gap: float = 9.0,
) -> list[Box | None]:
    """Place a label for each ``(x, y, width)``: right, left, above or below, inside ``frame``.

    Greedy, in the order given, ``gap`` away from the point.  A label keeps off ``lines`` where it
    can; where it would lie on one of the ``marks`` or on another label it is None.
    """
    taken = list(marks)
    labels: list[Box | None] = []
    for x, y, width in anchors:
        boxes = [
            box
            for box in _around(x, y, width, height, gap)
            if box.within(frame) and not any(box.overlaps(other) for other in taken)
        ]
        clear = [box for box in boxes if not any(box.overlaps(line) for line in lines)]
        chosen = (clear or boxes)[:1]
        taken += chosen
        labels.append(chosen[0] if chosen else None)
    return labels


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
