"""Rounds as they were measured: raw, one JSON line each.  Every table is made from them alone."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ninetynine.errors import UserError
from ninetynine.records.store import write_atomically
from pydantic import BaseModel, ConfigDict, ValidationError

# As ninetynine.training.clocks: what a process that is alone sees of the kernel's housekeeping.
_TOLERATED_SHARE = 0.03
_TOLERATED_SECONDS = 0.1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Measurement(_Part):
    """One contender's turn in a round, from the start of its processes to their end."""

    contender: str
    wall_seconds: float
    cpu_seconds: float  # of the processes and their children
    cores: int
    other_cpu_share: float | None = None  # busy share of all cores that was not the contender's
    part_seconds: dict[str, float] = {}  # of wall_seconds, by "t5 seed 0"
    results: dict[str, float] = {}  # test accuracy by "t5 seed 0"; "gflops" and "peak_gflops"

    @property
    def exclusive(self) -> bool:
        """Return whether nothing else used the cores, as far as the system can tell."""
        if self.other_cpu_share is None:
            return False
        seconds = self.other_cpu_share * self.wall_seconds * self.cores
        return self.other_cpu_share <= _TOLERATED_SHARE or seconds <= _TOLERATED_SECONDS

    def seconds_without(self, tutorials: Sequence[str]) -> float:
        """Return the wall seconds without the parts of ``tutorials``."""
        left_out = [s for name, s in self.part_seconds.items() if name.split()[0] in tutorials]
        return self.wall_seconds - sum(left_out)


class Setting(_Part):
    """What must be equal for two rounds to stand in one row, and what says where they ran."""

    machine: str  # the fingerprint of hardware and numeric packages
    description: str
    packages: dict[str, str]
    benchopt_packages: dict[str, str] | None  # None: benchopt was left out
    code: str  # hash of the suite, the scripts and the benchopt folder
    commit: str | None
    dirty: bool | None

    def same_as(self, other: "Setting") -> bool:
        """Return whether rounds of both may be pooled: same machine, versions and code."""
        mine = (self.machine, self.packages, self.benchopt_packages, self.code)
        return mine == (other.machine, other.packages, other.benchopt_packages, other.code)


class Round(_Part):
    """Every contender once, one after the other, in the order of ``measurements``."""

    what: str  # "whole", "small", "cell", "precision", "cold" or "share"
    index: int
    tutorials: tuple[str, ...]
    seeds: tuple[int, ...]
    started_at: str  # ISO 8601, UTC
    setting: Setting
    measurements: tuple[Measurement, ...]

    def of(self, contender: str) -> Measurement | None:
        """Return the measurement of ``contender``, or None where it was left out."""
        return next((m for m in self.measurements if m.contender == contender), None)

    def continues(self, other: "Round") -> bool:
        """Return whether both are rounds of one experiment."""
        same = (self.what, self.tutorials, len(self.seeds))
        return same == (other.what, other.tutorials, len(other.seeds)) and self.setting.same_as(
            other.setting
        )


def read_rounds(path: Path) -> list[Round]:
    """Return all rounds in ``path`` in the order they were measured; none where it is no file.

    Raises UserError for a line that is no round.
    """
    if not path.is_file():
        return []
    rounds = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            rounds.append(Round.model_validate_json(line))
        except ValidationError as error:
            raise UserError(f"{path}, line {number}: no round; delete the line") from error
    return rounds


def append_round(path: Path, measured: Round) -> None:
    """Add ``measured`` to ``path``, which is whole at every moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    earlier = path.read_bytes() if path.is_file() else b""
    write_atomically(path, earlier + measured.model_dump_json().encode() + b"\n")


def latest_experiment(rounds: Sequence[Round], what: str) -> list[Round]:
    """Return the rounds of ``what`` that may be pooled with the last one measured."""
    of_kind = [measured for measured in rounds if measured.what == what]
    return [measured for measured in of_kind if measured.continues(of_kind[-1])]


def done_rounds(
    rounds: Sequence[Round], what: str, tutorials: Sequence[str], size: int, setting: Setting
) -> int:
    """Return how many rounds of ``size`` seeds are measured already in this setting."""
    return sum(
        (measured.what, measured.tutorials, len(measured.seeds)) == (what, tuple(tutorials), size)
        and measured.setting.same_as(setting)
        for measured in rounds
    )


def seeds_of(index: int, seeds: Sequence[int], seeds_per_round: int) -> tuple[int, ...]:
    """Return the seeds of round ``index``; after the last seed comes the first again."""
    start = index * seeds_per_round
    return tuple(seeds[(start + offset) % len(seeds)] for offset in range(seeds_per_round))


def turns(groups: Sequence[Sequence[str]], index: int) -> list[str]:
    """Return the contenders in the order of round ``index``.

    Those of a group, which are compared with each other, stay together and change places from
    round to round, so that neither is always the one that finds the machine warm.
    """
    order: list[str] = []
    for group in groups:
        shift = index % len(group)
        order += [*group[shift:], *group[:shift]]
    return order


def hash_of_files(root: Path, patterns: Sequence[str]) -> str:
    """Return 16 hex digits over the names and contents of the files that match."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in root.glob(pattern)}):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]
