"""A folder with an .npy file for each array; the images of large ones are mapped, not read."""

from pathlib import Path

from ninetynine.datasets.dataset import NAMINGS
from ninetynine.datasets.kinds.npz import Npz
from ninetynine.datasets.sources import lexical


class NpyFolder(Npz):
    """Reads what an .npz would hold, each array from a file of its own."""

    expected = "a folder of x_train.npy, y_train.npy, x_test.npy and y_test.npy"
    order = 50  # before folders of pictures

    def matches(self, name: str) -> bool:
        return any((Path(name) / f"{names[0]}.npy").is_file() for names in NAMINGS)

    def row_name(self, name: str) -> str:
        return lexical(name).name or "root"


KIND = NpyFolder()
