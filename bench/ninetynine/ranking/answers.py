"""A table of answers: which model got which item right, checked, as one array for each model."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError, nearest, shown

NEEDED = ("model", "item")
OPTIONAL = ("seed", "group", "dataset")
_RIGHT = dict.fromkeys(("true", "yes", "right", "correct", "pass", "passed", "wahr"), 1.0)
_RIGHT |= dict.fromkeys(("false", "no", "wrong", "incorrect", "fail", "failed", "falsch"), 0.0)


@dataclass
class Columns:
    """A table's columns, each of the same length; ``where`` says whose they are in messages."""

    where: str
    model: list[Any]
    item: list[Any]
    score: list[Any]
    is_right: bool  # whether scores are right and wrong
    seed: list[Any] | None = None
    group: list[Any] | None = None
    dataset: list[Any] | None = None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, table: Any, where: str = "the table") -> "Columns":
        """Return the columns of a mapping, or of a frame with ``columns``.

        Raises UserError where a column is missing, or columns are not equally long.
        """
        names = table.keys() if isinstance(table, Mapping) else getattr(table, "columns", None)
        if names is None:
            raise UserError(
                f"{where}: a {type(table).__name__}; expected a frame with columns, or a mapping "
                "of a column's name to its values"
            )
        lowered = Counter(str(name).strip().lower() for name in names)
        called = {str(name).strip().lower(): name for name in names}
        known = (*NEEDED, *OPTIONAL, "correct", "score")
        if (twice := next((name for name in known if lowered[name] > 1), None)) is not None:
            raise UserError(f"{where}: {lowered[twice]} columns {twice!r}; expected one")
        measures = [name for name in ("correct", "score") if name in called]
        missing = [name for name in NEEDED if name not in called]
        if missing or not measures:
            name = (missing or ["correct"])[0]
            raise UserError(
                f"{where}: no column {name!r}{nearest(name, map(str, names))}; expected the "
                "columns model, item, and correct or score; seed, group and dataset may be there"
            )
        if len(measures) > 1:
            raise UserError(f"{where}: both 'correct' and 'score'; expected one of them")
        found = {name: list(table[called[name]]) for name in (*NEEDED, *measures)}
        found |= {name: list(table[called[name]]) for name in OPTIONAL if name in called}
        lengths = {name: len(values) for name, values in found.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
            raise UserError(f"{where}: columns of several lengths ({told}); expected one length")
        if not lengths["model"]:
            raise UserError(f"{where}: holds no rows; expected one for each model and item")
        score = found.pop(measures[0])
        return cls(where=where, score=score, is_right=measures[0] == "correct", **found)


@dataclass(frozen=True, eq=False)
class Answers:
    """What the models answered on one dataset: float64 (seeds, items) each, over the same items."""

    dataset: str
    items: tuple[str, ...]
    groups: NDArray[np.str_] | None  # of each item
    scores: dict[str, NDArray[np.float64]]
    seeds: dict[str, tuple[str, ...]]
    is_binary: bool
    notes: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """A SHA-256 (64 hex) over the items and their groups."""
        parts = [*self.items, *(["\0"] if self.groups is None else self.groups.tolist())]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def answers_of(columns: Columns) -> list[Answers]:
    """Return the answers to each dataset; raise UserError where a row is no answer."""
    scores = numbers_of(columns)
    models, items = _texts(columns, "model"), _texts(columns, "item")
    seeds = _texts(columns, "seed") if columns.seed is not None else ["0"] * len(models)
    groups = _texts(columns, "group") if columns.group is not None else None
    datasets = _texts(columns, "dataset") if columns.dataset is not None else None
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(datasets or ["answers"] * len(models)):
        rows.setdefault(name, []).append(row)
    found: list[Answers] = []
    left_out: list[_NothingToRank] = []
    for name, taken in sorted(rows.items()):
        try:
            found.append(_answers(columns, name, taken, models, items, seeds, groups, scores))
        except _NothingToRank as reason:
            left_out.append(reason)
    if not found:
        raise left_out[0]
    told = tuple(f"left out: {reason}" for reason in left_out)
    return [replace(answers, notes=(*answers.notes, *told)) for answers in found]


class _NothingToRank(UserError):
    """A dataset that is left out where others can be ranked."""


def _answers(
    columns: Columns,
    dataset: str,
    rows: Sequence[int],
    models: Sequence[str],
    items: Sequence[str],
    seeds: Sequence[str],
    groups: Sequence[str] | None,
    scores: NDArray[np.float64],
) -> Answers:
    where = columns.where if columns.dataset is None else f"{columns.where}, dataset {dataset!r}"
    runs: dict[tuple[str, str], dict[str, float]] = {}
    group_of: dict[str, str] = {}
    for row in rows:
        run = runs.setdefault((models[row], seeds[row]), {})
        if items[row] in run:
            seed = "" if columns.seed is None else f" with seed {seeds[row]}"
            raise UserError(
                f"{where}: row {row + 1}: model {shown(models[row])} answers item "
                f"{shown(items[row])} twice{seed}; expected one answer "
                "of a model, seed and item (runs of one model need a column seed)"
            )
        run[items[row]] = float(scores[row])
        if groups is not None and group_of.setdefault(items[row], groups[row]) != groups[row]:
            raise UserError(
                f"{where}: row {row + 1}: item {shown(items[row])} is in group "
                f"{shown(groups[row])} and in {shown(group_of[items[row]])}; expected one group"
            )
    names = list(dict.fromkeys(model for model, _ in runs))
    if len(names) < 2:
        raise _NothingToRank(f"{where}: only one model, {shown(names[0])}; expected two or more")
    shared, notes = _shared_items(where, runs)
    found = {
        model: np.array(
            [[run[item] for item in shared] for (m, _), run in runs.items() if m == model]
        )
        for model in names
    }
    if group_of and len({group_of[item] for item in shared}) < 2:
        raise UserError(
            f"{where}: all items are in one group, which says nothing about others; expected two "
            "or more groups, or no column group"
        )
    return Answers(
        dataset=dataset,
        items=shared,
        groups=np.array([group_of[item] for item in shared]) if group_of else None,
        scores=found,
        seeds={model: tuple(seed for m, seed in runs if m == model) for model in names},
        is_binary=all(bool(((v == 0) | (v == 1)).all()) for v in found.values()),
        notes=(*columns.notes, *notes),
    )


def _shared_items(
    where: str, runs: Mapping[tuple[str, str], Mapping[str, float]]
) -> tuple[tuple[str, ...], Iterator[str]]:
    """Return the items that every run answers, and notes on the others."""
    counts = Counter(item for run in runs.values() for item in run)
    shared = tuple(item for item, count in counts.items() if count == len(runs))
    lacking = Counter[str]()
    for (model, _), run in runs.items():
        lacking[model] += len(counts) - len(run)
    worst = [f"{model} lacks {count:,}" for model, count in lacking.most_common(3) if count]
    if not shared:
        raise _NothingToRank(
            f"{where}: no item was answered by all models ({', '.join(worst)} of {len(counts):,}); "
            "expected the same items of each"
        )
    left_out = len(counts) - len(shared)
    note = (
        f"{left_out:,} of {len(counts):,} items are left out, since not every run answers them "
        f"({', '.join(worst)})"
    )
    return shared, iter([note] if left_out else [])


def numbers_of(columns: Columns) -> NDArray[np.float64]:
    """Return the scores, right and wrong as 1 and 0; raise UserError where one is no number."""
    found = np.empty(len(columns.score))
    for row, value in enumerate(columns.score):
        number = _number(value)
        if columns.is_right:
            right = number if number in (0.0, 1.0) else None
            number = _RIGHT.get(str(value).strip().lower(), right)
        if number is None or not math.isfinite(number):
            expected = "true or false, 1 or 0" if columns.is_right else "a finite number"
            missing = value is None or value == "" or value != value
            told = "is missing" if missing else f"is {shown(value)}"
            raise UserError(
                f"{columns.where}: row {row + 1} (model {shown(columns.model[row])}, item "
                f"{shown(columns.item[row])}): {'correct' if columns.is_right else 'score'} "
                f"{told}; expected {expected}"
            )
        found[row] = number
    return found


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _texts(columns: Columns, name: str) -> list[str]:
    """Return a column as text; numbers that are whole have no decimals."""
    values: Iterable[Any] = getattr(columns, name)
    texts = []
    for row, value in enumerate(values):
        if value is None or value != value or not str(value).strip():
            raise UserError(
                f"{columns.where}: row {row + 1}: no {name}; expected a text or a number"
            )
        whole = isinstance(value, float | np.floating) and float(value).is_integer()
        texts.append(str(int(value)) if whole else str(value).strip())
    return texts
