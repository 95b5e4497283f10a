"""What an executor is given (tasks) and what it tells (events)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ninetynine.cells import Cell
from ninetynine.planning import model_path
from ninetynine.records import Failure, Predictions, Record


class SentCode(BaseModel):
    """An architecture that came to this machine with its task; what is installed is not asked.

    ``folders`` are import folders below which all its local modules lie.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    module: str | None
    folders: list[Path]


class Task(BaseModel):
    """A cell to train, with where its code and data are found; names and paths, never objects.

    Where one computation trains many seeds, ``beside`` are the others whose records are wanted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cell: Cell
    beside: list[Cell] = []
    architecture_files: list[Path] = []  # the user's own files; built-ins are found by name
    dataset: str  # as `datasets.load` takes it
    data_dir: Path | None = None
    keep_model: Path | None = None  # where to save the trained model
    code: SentCode | None = None
    only_build: bool = False  # to learn what model the code makes now; answered by Built

    @property
    def cells(self) -> list[Cell]:
        return [self.cell, *self.beside]

    @property
    def label(self) -> str:
        if not self.beside:
            return self.cell.label
        identity = self.cell.identity
        return f"{identity.architecture} on {identity.dataset}, {identity.at_once} seeds at once"

    def alone(self, cell: Cell) -> "Task":
        """Return the part of this task that is about ``cell``."""
        if not self.beside:
            return self
        path = self.keep_model and model_path(
            self.keep_model.parent.parent, cell.key, cell.identity
        )
        return self.model_copy(update={"cell": cell, "beside": [], "keep_model": path})


@dataclass(frozen=True)
class Started:
    """A worker began with the task."""

    task: Task
    worker: str
    node: str = ""  # of a cluster


@dataclass(frozen=True)
class Warned:
    """Something about the cell looks wrong, which may be meant; its training goes on."""

    task: Task
    message: str


@dataclass(frozen=True)
class EpochEnded:
    """An epoch (counted from 1) of ``epochs`` ended; ``accuracy`` is its running training one."""

    task: Task
    worker: str
    epoch: int
    epochs: int
    accuracy: float


@dataclass(frozen=True)
class Finished:
    """The cell has its numbers."""

    task: Task
    record: Record
    predictions: Predictions
    attempts: int = 1
    model_problem: str = ""  # why its model could not be kept


@dataclass(frozen=True)
class Built:
    """The cell's model was built and nothing trained; ``built_hash`` is as in a record."""

    task: Task
    built_hash: str


@dataclass(frozen=True)
class Failed:
    """The cell was tried and has no numbers; this becomes a failed record."""

    task: Task
    failure: Failure
    attempts: int = 1
    # What its code reads beside its source, where it was built: part of its key.
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A user's mistake kept the cell from being tried; nothing is recorded."""

    task: Task
    message: str
    detail: str = ""  # the traceback behind it, where the user's own code raised


@dataclass(frozen=True)
class Retrying:
    """An attempt was lost with its worker or its node; the cell will be tried again."""

    task: Task
    worker: str
    reason: str
    attempts: int  # so far


@dataclass(frozen=True)
class Waiting:
    """Nothing can run at the moment; ``task`` is the next that will."""

    task: Task
    reason: str


Event = Started | Warned | EpochEnded | Finished | Built | Failed | Refused | Retrying | Waiting
