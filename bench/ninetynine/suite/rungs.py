"""What all rows of a suite may say, what they stand over, and votes over runs."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ninetynine.errors import UserError, nearest
from ninetynine.recipe import parse
from ninetynine.suite.entries import Ensemble, Entry, Rung

_NAME = re.compile(r"\w[\w.+-]*")


class RungTable(BaseModel):
    """What a table of ``architectures`` and one of ``[[ensembles]]`` have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, description="a name")
    adds: str = Field("", description="a few words for the ladder")
    over: str | None = Field(None, description="the name of the rung below, or 'none'")


class _EnsembleTable(RungTable):
    """A table of ``[[ensembles]]``."""

    members: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        min_length=1, description="a list of the suite's architectures"
    )
    size: int = Field(gt=0, description="a positive whole number of seeds")
    replicates: int = Field(1, gt=0, description="a positive whole number")


def check_name(table: RungTable, where: str) -> None:
    """Raise UserError for a name with other signs than rows may have."""
    if not _NAME.fullmatch(table.name):
        raise UserError(f"{where}: use letters, digits, '_', '-', '.' and '+' in its name")


def over_of(table: RungTable, label: str, below: Sequence[Rung], where: str) -> str | None:
    """Return the label of the rung below, one of those that stand before it in the file."""
    if table.over == "none":
        return None
    if table.over is None:
        return below[-1].label if below else None
    return _label(table.over, below, f"{where}: {label}: over")


def _label(name: str, rungs: Sequence[Rung], where: str) -> str:
    """Return the label that ``name`` is; UserError where it is none, or may be several."""
    labels = [rung.label for rung in rungs]
    if name in labels:
        return name
    several = [rung.label for rung in rungs if rung.name == name]
    if several:
        raise UserError(f"{where}: {name!r} is there in several precisions{nearest('', several)}")
    raise UserError(
        f"{where}: {name!r} is not among what the suite names before it{nearest(name, labels)}"
    )


def ensembles_of(
    given: object, entries: Sequence[Entry], seeds: Sequence[int], where: str
) -> tuple[Ensemble, ...]:
    """Return the votes that ``[[ensembles]]`` says, over runs of ``entries``.

    ``seeds`` are those of entries that say none of their own.  Raises UserError.
    """
    if not isinstance(given, list):
        raise UserError(f"{where}: ensembles must be tables under [[ensembles]]")
    rungs: list[Rung] = list(entries)
    for one in given:
        table = parse(_EnsembleTable, one, f"{where}: [[ensembles]]", "ensemble")
        members = _members(table, entries, seeds, f"{where}: ensemble {table.name!r}")
        rungs.append(_ensemble(table, members, rungs, where))
    return tuple(rung for rung in rungs if isinstance(rung, Ensemble))


def _ensemble(
    table: _EnsembleTable, members: Sequence[Entry], below: Sequence[Rung], where: str
) -> Ensemble:
    here = f"{where}: ensemble {table.name!r}"
    check_name(table, here)
    if any(rung.name == table.name for rung in below):
        raise UserError(f"{here}: the suite has something of this name; choose another")
    return Ensemble(
        name=table.name,
        members=tuple(member.label for member in members),
        size=table.size,
        replicates=table.replicates,
        precision=members[0].precision,
        adds=table.adds,
        over=over_of(table, table.name, below, where),
    )


def _members(
    table: _EnsembleTable, entries: Sequence[Entry], seeds: Sequence[int], where: str
) -> list[Entry]:
    by_label = {entry.label: entry for entry in entries}
    members = [by_label[_label(name, entries, f"{where}: members")] for name in table.members]
    if len(set(members)) < len(members):
        raise UserError(f"{where}: a member is named twice; a larger size gives it more votes")
    if table.size * len(members) < 2:
        raise UserError(f"{where}: a vote needs at least two runs; give it a size of 2 or more")
    needed = table.size * table.replicates
    for member in members:
        has = len(seeds if member.seeds is None else member.seeds)
        if has < needed:
            raise UserError(
                f"{where}: {table.replicates} x {table.size} seeds are {needed}, but member "
                f"{member.label} has {has}; give it more seeds, or ask for less"
            )
    precisions = sorted({member.precision for member in members})
    if len(precisions) > 1:
        raise UserError(f"{where}: its members are in {' and '.join(precisions)}; a row has one")
    if len({(member.backend, member.device) for member in members}) > 1:
        raise UserError(f"{where}: its members are of several backends or devices; a row has one")
    return members
