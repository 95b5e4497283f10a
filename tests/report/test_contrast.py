"""Colors of texts and marks stand out from what is behind them, in both themes.

WCAG 2.2: texts by 4.5 to 1 (1.4.3), marks by 3 to 1 (1.4.11).
"""

import pytest
from ninetynine.report.drawing.matrix import _TEXTS
from ninetynine.report.drawing.styles import CELLS, OWN_COLORS, PALETTE, STYLES

THEMES = {"light": 0, "dark": 1}
TEXTS = ("ink", "muted", "claim", "accent")


def rgb(name, theme):
    code = PALETTE[name][THEMES[theme]]
    return [int(code[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def mixed(name, share, behind, theme):
    return [
        share * a + (1 - share) * b
        for a, b in zip(rgb(name, theme), rgb(behind, theme), strict=True)
    ]


def luminance(color):
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_black_on_white_is_the_largest_contrast_that_there_is():
    assert contrast([0, 0, 0], [1, 1, 1]) == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("behind", ["page", "panel", "sunken"])
@pytest.mark.parametrize("text", TEXTS)
def test_texts_can_be_read(text, behind, theme):
    assert contrast(rgb(text, theme), rgb(behind, theme)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("cell", CELLS)
def test_numbers_in_cells_can_be_read(cell, theme):
    name, share = CELLS[cell]
    behind = mixed(name, share, "panel", theme)
    fill = STYLES[_TEXTS.get(cell, "value")].fill or "muted"
    assert contrast(rgb(fill, theme), behind) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("color", sorted(set(OWN_COLORS.values())))
def test_marks_can_be_seen(color, theme):
    assert contrast(rgb(color, theme), rgb("panel", theme)) >= 3
