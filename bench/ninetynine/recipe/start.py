"""What a training starts from and goes through: weights from a file, and phases."""

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_serializer, model_validator

from ninetynine.errors import UserError
from ninetynine.recipe.parsing import Strict

SUFFIXES = (".weights.h5", ".keras")


class InitialWeights(Strict):
    """A file of weights by its name; a cell's recipe has the hash of its content with it.

    Before a cell is made of it, ``name`` is the file's path and there is no hash.
    """

    name: str
    sha256: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_plain_data(cls, given: Any) -> Any:
        """Accept ``"pretrained.weights.h5"``."""
        found = {"name": given} if isinstance(given, str) else given
        name = found.get("name") if isinstance(found, dict) else None
        if not (isinstance(name, str) and name.endswith(SUFFIXES)):
            raise ValueError(f"{given!r}; expected a file ending in {' or '.join(SUFFIXES)}")
        return found

    @model_serializer
    def _to_plain_data(self) -> Any:
        return {"name": self.name, "sha256": self.sha256} if self.sha256 else self.name

    def below(self, folder: Path) -> "InitialWeights":
        """Return the same file with its whole path, where it is one relative to ``folder``."""
        return InitialWeights(name=str(folder.absolute() / self.name)) if not self.sha256 else self


def hash_of_file(path: Path) -> str:
    """Return the SHA-256 (64 hex digits) of a file of weights; UserError where there is none."""
    try:
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"initial_weights: {path} cannot be read ({error.strerror}); a path is relative to the "
            "file that states it"
        ) from error


class Phase(Strict):
    """A part of a training, with a new optimizer."""

    epochs: int = Field(gt=0, description="a positive whole number")
    trainable: Literal["head", "all"] = Field(
        "all", description="'head' (all but the models inside the model) or 'all'"
    )
    learning_rate: float | None = Field(
        None, gt=0, description="a positive number; without it the optimizer's own"
    )
