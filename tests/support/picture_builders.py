"""Boards for tests of pictures, and where the texts and shapes of a picture's file lie."""

import math
import re
from itertools import pairwise

import numpy as np
from ninetynine.board import build_boards
from ninetynine.report import figures
from ninetynine.report.drawing.layout import Box, text_width
from ninetynine.report.drawing.styles import CELLS, style_of
from record_builders import (
    make_architecture,
    write_run,
)


def boards(store, *names, claims=()):
    catalog = {name: make_architecture(name, claims=claims) for name in names}
    return build_boards(store, catalog, sums=True)


# A ladder needs a suite, a history versions.
KINDS = [kind for kind in figures.FIGURES.entries() if kind not in ("ladder", "history")]


def draw(kind, board, path, **chosen):
    figures.draw(kind, board, path, chosen)


def texts_of(root, x=0.0, y=0.0):
    """(box, text) of every text that is not turned, in the picture's units."""
    found = []
    for child in root:
        moved = re.match(r"translate\((\S+) (\S+)\)", child.get("transform", ""))
        dx, dy = map(float, moved.groups()) if moved else (0.0, 0.0)
        if child.tag.endswith("}text") and "rotate" not in child.get("transform", ""):
            names = child.get("class").split()
            size = style_of(" ".join(names), is_text=True).font_size
            wide = 0.9 * text_width(child.text or "", size)
            left = x + float(child.get("x"))
            left -= wide if "end" in names else wide / 2 if "middle" in names else 0
            bottom = y + float(child.get("y"))
            found.append((Box(left, bottom - 0.72 * size, left + wide, bottom), child.text))
        found += texts_of(child, x + dx, y + dy)
    return found


# Cells hold their text; areas and the frame lie behind texts.
BEHIND = {*CELLS, "range", "expected", "behind", "grid", "axis", "rule", "leader", "track", "hatch"}


def shapes_of(root, x=0.0, y=0.0):
    """(box, is a line) of what texts must not lie on, lines in small pieces."""
    found = []
    for child in root:
        moved = re.match(r"translate\((\S+) (\S+)\)", child.get("transform", ""))
        dx, dy = map(float, moved.groups()) if moved else (0.0, 0.0)
        names = set(child.get("class", "").split())
        at = {k: float(v) for k, v in child.attrib.items() if re.fullmatch(r"-?[\d.]+", v)}
        tag = child.tag.rpartition("}")[2]
        if names & BEHIND or not names:
            pass
        elif tag == "circle":
            cx, cy, r = x + at["cx"], y + at["cy"], 0.7 * at["r"]
            found.append((Box(cx - r, cy - r, cx + r, cy + r), False))
        elif tag == "rect" and at["width"]:
            left, top = x + at["x"], y + at["y"]
            found.append((Box(left, top, left + at["width"], top + at["height"]), False))
        elif tag == "line":
            ends = [(at["x1"], at["y1"]), (at["x2"], at["y2"])]
            found += [(box, True) for box in pieces(ends, x, y)]
        elif tag == "path":
            ends = [tuple(map(float, p.split())) for p in child.get("d").strip("MZ").split("L")]
            found += [(box, "dot" not in names) for box in pieces(ends, x, y)]
        found += shapes_of(child, x + dx, y + dy)
    return found


def overlapping(boxes, others):
    """Return (i, j), each the places of a box and of one of ``others`` that it overlaps."""
    if not boxes or not others:
        return []
    a = np.array([[b.left, b.top, b.right, b.bottom] for b in boxes])[:, None]
    b = np.array([[b.left, b.top, b.right, b.bottom] for b in others])[None]
    on = (a[..., :2] < b[..., 2:]).all(axis=2) & (b[..., :2] < a[..., 2:]).all(axis=2)
    return [(int(i), int(j)) for i, j in np.argwhere(on)]


def pieces(points, x, y):
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = int(math.dist((x1, y1), (x2, y2)) / 3) + 1
        for n in range(steps + 1):
            px, py = x + x1 + (x2 - x1) * n / steps, y + y1 + (y2 - y1) * n / steps
            yield Box(px - 0.5, py - 0.5, px + 0.5, py + 0.5)


HOSTILE = ("<script>alert(1)</script>", "W" * 90, "\u6f22\u5b57" * 30, "a & b \"c\" 'd'")


def many_rows(store, rows):
    """Rows of two seeds on 200 images, four of them with names that nobody should give."""
    for n in range(rows):
        name = HOSTILE[n] if n < 4 else f"model_with_a_name_{n}"
        wrong = range(1 + n % 19)
        for seed in range(2):
            write_run(store, name, seed, wrong=wrong, images=200, train_seconds=1.5 ** (n % 23) + n)
    return boards(store)[0]
