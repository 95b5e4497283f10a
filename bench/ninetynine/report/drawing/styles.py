"""How drawings look: one table of classes, for the page, for files and for PDF."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import lru_cache

# name -> the color on a light page, and on a dark one
PALETTE = {
    "page": ("#f6f5f1", "#121417"),
    "panel": ("#ffffff", "#1a1d21"),
    "sunken": ("#f1f0eb", "#22262b"),
    "ink": ("#1c2024", "#e8e6e1"),
    "muted": ("#59606a", "#a3a9b1"),
    "line": ("#e0ded7", "#30353c"),
    "grid": ("#ecebe5", "#282c32"),
    "accent": ("#1d5c96", "#79b6ea"),
    "claim": ("#b3460a", "#ff9f60"),
    "group-0": ("#1d5c96", "#79b6ea"),
    "group-1": ("#0f766e", "#55c4b4"),
    "group-2": ("#8a6500", "#dcb650"),
    "group-3": ("#7446a0", "#bfa3e6"),
    "group-4": ("#a3325c", "#f08fae"),
    "group-5": ("#59606a", "#a3a9b1"),
    # of families; apart for the color-blind, after Okabe and Ito, "Color Universal Design", 2008
    "family-0": ("#0072b2", "#56b4e9"),
    "family-1": ("#b84a00", "#f08a4b"),
    "family-2": ("#007a5a", "#3fc49a"),
    "family-3": ("#a0457f", "#d99acb"),
    "family-4": ("#7d6200", "#e0c04c"),
    "family-5": ("#59606a", "#a3a9b1"),
}
# class -> the color that its elements, and those of a group of the class, call their own
OWN_COLORS = {f"{kind}-{n}": f"{kind}-{n}" for kind in ("group", "family") for n in range(6)} | {
    "group-none": "muted",
    "first": "accent",
    "second": "claim",
}
FONT_SIZE = 12.0
THEMES = ("light", "dark", "paper")  # of files; on paper there is no background
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


@dataclass(frozen=True)
class Style:
    """What a class says; None leaves it as it is.  Colors are names of ``PALETTE``, or "own"."""

    fill: str | None = None
    stroke: str | None = None
    stroke_width: float | None = None
    opacity: float | None = None
    dash: tuple[float, float] | None = None
    round: bool | None = None  # the ends of lines
    font_size: float | None = None
    bold: bool | None = None
    halo: bool | None = None  # of a text: a rim in the color of what is behind


STYLES = {
    # texts are muted and of 12 pixels unless they say otherwise
    "title": Style(fill="ink", bold=True, font_size=13),
    "axis-title": Style(fill="ink"),
    "tick": Style(),
    "small": Style(font_size=11),
    "tiny": Style(font_size=9),  # of numbers in a narrow matrix
    "row-name": Style(fill="ink"),
    "mark-name": Style(fill="ink", halo=True),
    "reference-name": Style(),
    "claim-name": Style(fill="claim", bold=True),
    "value": Style(fill="ink"),
    "value-strong": Style(fill="ink", bold=True),
    # lines and areas of a frame
    "behind": Style(fill="panel"),
    "grid": Style(stroke="grid"),
    "axis": Style(stroke="line"),
    "rule": Style(stroke="grid"),
    "track": Style(stroke="grid", stroke_width=2, round=True),
    "leader": Style(stroke="muted", stroke_width=0.8, opacity=0.7),
    "reference": Style(stroke="muted", dash=(4, 4), opacity=0.8),
    # marks
    "front": Style(stroke="accent", stroke_width=1.6, opacity=0.45),
    "dot": Style(fill="own", stroke="panel"),
    "seed": Style(opacity=0.78),
    "few": Style(opacity=0.4),
    "bar": Style(fill="own", opacity=0.8),
    "interval": Style(stroke="own"),
    "thin": Style(stroke_width=2, opacity=0.55, round=True),
    "thick": Style(stroke_width=7, opacity=0.4),
    "mean": Style(stroke="own", stroke_width=2.4, round=True),
    "claim": Style(fill="panel", stroke="claim", stroke_width=2),
    "expected": Style(fill="claim", opacity=0.1),
    "curve": Style(stroke="own", stroke_width=2),
    "dashed": Style(dash=(5, 3)),
    "range": Style(fill="own", opacity=0.16),
    "point": Style(fill="own"),
    "hatch": Style(stroke="muted", opacity=0.4),
}
# Cells of a matrix: what is behind a number, a color and how much of it.
CELLS = {
    "plain": ("sunken", 1.0),
    "open": ("sunken", 1.0),  # hatched
    "better": ("accent", 0.26),
    "worse": ("claim", 0.22),
    "right": ("accent", 0.13),
    **{f"shade-{n}": ("claim", s) for n, s in enumerate((0.09, 0.17, 0.25, 0.33, 0.4, 0.48), 1)},
}
STYLES |= {name: Style(fill=color, opacity=share) for name, (color, share) in CELLS.items()}
_TEXT = Style(fill="muted", font_size=FONT_SIZE)


@lru_cache(maxsize=512)
def style_of(class_: str, is_text: bool = False) -> Style:
    """Return what the classes in ``class_`` come to, the later ones counting more."""
    styles = [_TEXT] if is_text else []
    styles += [STYLES[name] for name in class_.split() if name in STYLES]
    found = {
        field.name: value
        for style in styles
        for field in fields(Style)
        if (value := getattr(style, field.name)) is not None
    }
    return Style(**found)


def own_color(class_: str) -> str | None:
    """Return the color that a class makes its elements' own; None where it makes none."""
    return next((OWN_COLORS[name] for name in class_.split() if name in OWN_COLORS), None)


def page_css() -> str:
    """Return the rules of the page: light and dark, and of cells that are a table's."""
    colors = "".join(f"--{n}:light-dark({light},{dark});" for n, (light, dark) in PALETTE.items())
    rules = [f":root{{{colors}}}"]
    rules += [f".{name}{{--c:var(--{color})}}" for name, color in OWN_COLORS.items()]
    rules += [f"svg text{{{_declarations(_TEXT, _variable)}}}"]
    rules += [f"svg .{n}{{{_declarations(s, _variable)}}}" for n, s in STYLES.items()]
    rules += ["svg .middle{text-anchor:middle}", "svg .end{text-anchor:end}"]
    for name, (color, share) in CELLS.items():
        mixed = f"color-mix(in srgb,var(--{color}) {100 * share:.0f}%,var(--panel))"
        rules.append(f"td.{name}{{background-color:{mixed}}}")
    return "\n".join(rules) + "\n"


def file_css(used: Iterable[str], theme: str = "light") -> str:
    """Return the rules, in the colors of ``theme``, of a file that has the classes ``used``."""
    classes = set(used)

    def write(color: str) -> str:
        return "currentColor" if color == "own" else color_of(color, theme)

    fonts = "Helvetica, Arial, sans-serif" if theme == "paper" else FONTS
    rules = [f"svg{{color:{write('accent')};font-family:{fonts}}}"]
    rules += [f".{n}{{color:{write(color)}}}" for n, color in OWN_COLORS.items() if n in classes]
    rules += [f"text{{{_declarations(_TEXT, write)}}}"]
    rules += [f".{n}{{{_declarations(s, write)}}}" for n, s in STYLES.items() if n in classes]
    rules += [".middle{text-anchor:middle}.end{text-anchor:end}"]
    return "".join(rules)


def color_of(name: str, theme: str) -> str:
    """Return a color of the palette in ``theme``."""
    return PALETTE[name][theme == "dark"]


def _variable(color: str) -> str:
    return "var(--c,var(--accent))" if color == "own" else f"var(--{color})"


def _declarations(style: Style, write: Callable[[str], str]) -> str:
    found: dict[str, object] = {
        "fill": write(style.fill) if style.fill else "none" if style.stroke else None,
        "stroke": write(style.stroke) if style.stroke else None,
        "stroke-width": style.stroke_width,
        "opacity": style.opacity,
        "stroke-dasharray": style.dash and "{} {}".format(*style.dash),
        "stroke-linecap": "round" if style.round else None,
        "font-size": style.font_size and f"{style.font_size:g}px",
        "font-weight": 600 if style.bold else None,
    }
    if style.halo:
        found |= {"paint-order": "stroke", "stroke": write("panel")}
        found |= {"stroke-width": 3, "stroke-linejoin": "round"}
    return ";".join(f"{name}:{value}" for name, value in found.items() if value is not None)
