"""A table of answers: which model got which item right, checked, as one array for each model."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.errors import UserError, nearest, shown
from ninetynine.ranking.values import is_missing, numbers, texts

NEEDED = ("model", "item")
OPTIONAL = ("seed", "group", "dataset")
_MOST_NAMED = 5  # models in a note


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
            is_path = isinstance(table, str | PurePath)
            raise UserError(
                f"{where}: a {type(table).__name__}; expected a frame with columns, or a mapping "
                "of a column's name to its values"
                f"{'; ninetynine.ranking.rank_files([path]) reads files' if is_path else ''}"
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
                f"{where}: no column {name!r}{_where_else(table, name, names)}; expected the "
                "columns model, item, and correct or score; seed, group and dataset may be there"
            )
        if len(measures) > 1:
            raise UserError(f"{where}: both 'correct' and 'score'; expected one of them")
        taken = (*NEEDED, *measures, *(name for name in OPTIONAL if name in called))
        found = {name: _values(table[called[name]], name, where) for name in taken}
        lengths = {name: len(values) for name, values in found.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
            raise UserError(f"{where}: columns of several lengths ({told}); expected one length")
        if not lengths["model"]:
            raise UserError(f"{where}: holds no rows; expected one for each model and item")
        score = found.pop(measures[0])
        return cls(where=where, score=score, is_right=measures[0] == "correct", **found)


def _where_else(table: Any, name: str, columns: Iterable[Any]) -> str:
    """Return where a frame may have the column: in its index, or under another name."""
    if name in (getattr(getattr(table, "index", None), "names", None) or ()):
        return " (it is in the index: give frame.reset_index())"
    return nearest(name, map(str, columns))


def _values(column: Any, name: str, where: str) -> list[Any]:
    """Return a column as a list; text is one value, whatever its letters are."""
    if isinstance(column, str | bytes | Mapping) or not isinstance(column, Iterable):
        raise UserError(
            f"{where}: column {name!r} is {shown(column)}; expected a list with a value for each "
            "answer"
        )
    return list(column)


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
        return hashlib.sha256("\n".join(parts).encode(errors="surrogatepass")).hexdigest()


def answers_of(columns: Columns) -> list[Answers]:
    """Return the answers to each dataset; raise UserError where a row is no answer."""
    every = _Coded.of(columns)
    found: list[Answers] = []
    left_out: list[_NothingToRank] = []
    codes, names = every.dataset
    for code in sorted(range(len(names)), key=names.__getitem__):
        try:
            found.append(_answers(columns, names[code], np.flatnonzero(codes == code), every))
        except _NothingToRank as reason:
            left_out.append(reason)
    if not found:
        raise left_out[0]
    told = tuple(f"left out: {reason}" for reason in left_out)
    return [replace(answers, notes=(*answers.notes, *told)) for answers in found]


class _NothingToRank(UserError):
    """A dataset that is left out where others can be ranked."""


Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Coded:
    """A table's columns as numbers of the texts in them, in their order of appearance."""

    model: tuple[Codes, list[str]]
    item: tuple[Codes, list[str]]
    seed: tuple[Codes, list[str]]
    group: tuple[Codes, list[str]] | None
    dataset: tuple[Codes, list[str]]
    score: NDArray[np.float64]

    @classmethod
    def of(cls, columns: Columns) -> "_Coded":
        count = len(columns.model)

        def coded(name: str, default: str) -> tuple[Codes, list[str]]:
            values = getattr(columns, name)
            if values is None:
                return np.zeros(count, dtype=np.intp), [default]
            return texts(values, name, columns.where)

        return cls(
            score=numbers_of(columns),
            model=coded("model", ""),
            item=coded("item", ""),
            seed=coded("seed", "0"),
            group=None if columns.group is None else coded("group", ""),
            dataset=coded("dataset", "answers"),
        )


def _answers(columns: Columns, dataset: str, rows: Codes, every: _Coded) -> Answers:
    where = columns.where if columns.dataset is None else f"{columns.where}, dataset {dataset!r}"
    (models, model_names), (seeds, seed_names) = every.model, every.seed
    items, item_names = every.item
    runs, run_of = _appearing(models[rows] * len(seed_names) + seeds[rows])
    own_items, item_of = _appearing(items[rows])
    _check_once(columns, where, rows, run_of * len(own_items) + item_of, every)
    group_of = None
    if every.group is not None:
        group_of = _groups_of_items(where, rows, item_of, len(own_items), every)
    names = [model_names[code] for code in dict.fromkeys((runs // len(seed_names)).tolist())]
    if len(names) < 2:
        raise _NothingToRank(f"{where}: only one model, {shown(names[0])}; expected two or more")
    model_of = [model_names[code] for code in (runs // len(seed_names)).tolist()]
    is_shared = np.bincount(item_of) == len(runs)
    notes = _notes_on_missing(where, model_of, np.bincount(run_of), is_shared)
    # In the order of the first run, which answers all that every run does.
    shared = item_of[(run_of == 0) & is_shared[item_of]]
    place = np.full(len(own_items), -1)
    place[shared] = np.arange(len(shared))
    kept = is_shared[item_of]
    matrix = np.empty((len(runs), len(shared)))
    matrix[run_of[kept], place[item_of[kept]]] = every.score[rows[kept]]
    runs_of: dict[str, list[int]] = {}
    for number, name in enumerate(model_of):
        runs_of.setdefault(name, []).append(number)
    notes += _leave_out_copies(runs_of, matrix)
    groups = None
    if group_of is not None and every.group is not None:
        groups = np.array(every.group[1])[group_of[shared]]
        if len(np.unique(group_of[shared])) < 2:
            raise UserError(
                f"{where}: all items are in one group, which says nothing about others; expected "
                "two or more groups, or no column group"
            )
    return Answers(
        dataset=dataset,
        items=tuple(item_names[code] for code in own_items[shared].tolist()),
        groups=groups,
        scores={name: matrix[numbers] for name, numbers in runs_of.items()},
        seeds={
            name: tuple(seed_names[runs[n] % len(seed_names)] for n in numbers)
            for name, numbers in runs_of.items()
        },
        is_binary=bool(((matrix == 0) | (matrix == 1)).all()),
        notes=(*columns.notes, *notes),
    )


def _appearing(codes: Codes) -> tuple[Codes, Codes]:
    """Return the codes there are, in their order of appearance, and which each row has."""
    found, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return found[order], place[inverse.reshape(-1)]


def _check_once(columns: Columns, where: str, rows: Codes, answer: Codes, every: _Coded) -> None:
    """Raise UserError where a run answers an item twice; ``answer`` numbers run and item."""
    known, first = np.unique(answer, return_index=True)
    if len(known) == len(answer):
        return
    again = np.ones(len(answer), dtype=np.bool_)
    again[first] = False
    row = int(rows[np.flatnonzero(again)[0]])
    model, item, seed = (
        names[codes[row]] for codes, names in (every.model, every.item, every.seed)
    )
    with_seed = "" if columns.seed is None else f" with seed {seed}"
    raise UserError(
        f"{where}: row {row + 1}: model {shown(model)} answers item {shown(item)} twice{with_seed}"
        "; expected one answer of a model, seed and item (runs of one model need a column seed)"
    )


def _groups_of_items(where: str, rows: Codes, item_of: Codes, count: int, every: _Coded) -> Codes:
    """Return each item's group; raise UserError where rows contradict one another."""
    assert every.group is not None
    codes, names = every.group
    own = codes[rows]
    found = np.empty(count, dtype=np.intp)
    found[item_of[::-1]] = own[::-1]  # the first row's, which is written last
    wrong = np.flatnonzero(found[item_of] != own)
    if len(wrong):
        row = int(rows[wrong[0]])
        item = every.item[1][every.item[0][row]]
        raise UserError(
            f"{where}: row {row + 1}: item {shown(item)} is in group {shown(names[own[wrong[0]]])} "
            f"and in {shown(names[found[item_of[wrong[0]]]])}; expected one group"
        )
    return found


def _notes_on_missing(
    where: str, model_of: Sequence[str], answered: Codes, is_shared: NDArray[np.bool_]
) -> list[str]:
    """Return a note on the items that some run lacks, and on whose they are."""
    lacking = Counter[str]()
    for model, count in zip(model_of, answered.tolist(), strict=True):
        lacking[model] += len(is_shared) - count
    worst = [f"{model} lacks {count:,}" for model, count in lacking.most_common(3) if count]
    if not is_shared.any():
        raise _NothingToRank(
            f"{where}: no item was answered by all models ({', '.join(worst)} of "
            f"{len(is_shared):,}); expected the same items of each"
        )
    left_out = int(np.count_nonzero(~is_shared))
    if not left_out:
        return []
    return [
        f"{left_out:,} of {len(is_shared):,} items are left out, since not every run answers them "
        f"({', '.join(worst)})"
    ]


def _leave_out_copies(runs_of: dict[str, list[int]], matrix: NDArray[np.float64]) -> list[str]:
    """Keep one run of each model whose runs are all the same; return a note that says so.

    They are copies, or the model's answers have no chance in them: more of them tell no more.  Of a
    model that has all right, or all wrong, runs are alike without being copies.
    """
    alike = []
    for name, own_runs in runs_of.items():
        own = matrix[own_runs]
        if len(own_runs) > 1 and (own == own[0]).all() and np.ptp(own[0]) > 0:
            alike.append(f"{name} ({len(own_runs)})")
            del own_runs[1:]
    if not alike:
        return []
    return [
        "runs that give the same answer to every item tell no more than one, and count as one: "
        f"{', '.join(alike[:_MOST_NAMED])}{', ...' if len(alike) > _MOST_NAMED else ''}"
    ]


def numbers_of(columns: Columns) -> NDArray[np.float64]:
    """Return the scores, right and wrong as 1 and 0; raise UserError where one is no number."""
    found, wrong = numbers(columns.score, columns.is_right)
    if wrong is None:
        return found
    value, name = columns.score[wrong], "correct" if columns.is_right else "score"
    expected = "true or false, 1 or 0" if columns.is_right else "a finite number"
    if not columns.is_right and numbers([value], True)[1] is None:
        expected += " (a column of right and wrong is called 'correct')"
    told = "is missing" if is_missing(value) else f"is {shown(value)}"
    raise UserError(
        f"{columns.where}: row {wrong + 1} (model {shown(columns.model[wrong])}, item "
        f"{shown(columns.item[wrong])}): {name} {told}; expected {expected}"
    )
