"""Sets of other libraries: what is taken from each, of stand-ins and, where installed, of them."""

import csv
import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from complaints import complaint
from dataset_builders import ordinary
from ninetynine.datasets import fingerprint_of, load, row_name_of
from ninetynine.datasets.kinds import tfds
from ninetynine.datasets.sources import Source
from ninetynine.records import Failure, RecordStore
from ninetynine.running import failed_record
from ninetynine.suite import Setting, Suite, discover, make_cells
from PIL import Image


@pytest.fixture(autouse=True)
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    (tmp_path / "HOME").mkdir()


def png(value: int, size: tuple[int, int] = (6, 5), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    pixels = np.full((*size, 3), value, np.uint8)
    pixels[value % size[0], :2] = 255
    Image.fromarray(pixels).convert(mode).save(out, format="PNG")
    return out.getvalue()


# Hugging Face ------------------------------------------------------------------------------------


class FakeSplit:
    """As a ``datasets.Dataset``, of what is used of it."""

    def __init__(self, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
        self.columns, self.features = columns, features

    def cast_column(self, name: str, feature: Any) -> "FakeSplit":
        assert not feature.decode
        return FakeSplit(self.columns, {**self.features, name: feature})

    def select_columns(self, names: list[str]) -> "FakeSplit":
        return FakeSplit({n: self.columns[n] for n in names}, self.features)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.columns[key]
        return {name: values[key] for name, values in self.columns.items()}


class HfImage:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class HfClassLabel:
    dtype = "int64"

    def __init__(self, names: list[str]) -> None:
        self.names = names


class HfValue:
    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class HfSequence:
    def __init__(self, feature: Any) -> None:
        self.feature = feature


PETS = HfClassLabel(["cat", "dog"])


def split(
    count: int, label: str = "label", kind: Any = PETS, labels: Any = None, size: Any = (6, 5)
) -> FakeSplit:
    stored = [{"bytes": png(10 * n, size), "path": None} for n in range(count)]
    told = [n % 2 for n in range(count)] if labels is None else labels
    return FakeSplit({"img": stored, label: told}, {"img": HfImage(), label: kind})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The sets that a stand-in for ``datasets`` loads, by name; a set may be an exception."""
    sets: dict[str, Any] = {}

    def load_dataset(path: str, name: str | None = None, revision: str | None = None) -> Any:
        found = sets[":".join(filter(None, (path, name)))]
        if isinstance(found, Exception):
            raise found
        return found

    names = {"Image": HfImage, "ClassLabel": HfClassLabel, "Value": HfValue}
    module = SimpleNamespace(load_dataset=load_dataset, __version__="9.9", **names)
    monkeypatch.setitem(sys.modules, "datasets", module)
    return sets


def test_a_set_of_the_hub_becomes_arrays(hub: dict[str, Any]) -> None:
    hub["me/pets:small"] = {"train": split(6), "validation": split(4), "test": split(5), "x": None}
    dataset = load("hf:me/pets:small")
    assert dataset.name == "hf:me/pets:small"
    assert dataset.train_images.shape == (6, 6, 5, 3)
    assert dataset.train_images[3, 0, 4, 0] == 30
    assert dataset.test_labels.tolist() == [0, 1, 0, 1, 0]
    assert dataset.validation_images is not None
    assert dataset.class_names == ("cat", "dog")
    assert "read by datasets 9.9: pictures img, labels label" in dataset.notes
    assert "splits that were not read: x" in dataset.notes


COMMIT = "0123456789" * 4


@pytest.fixture
def refs(hub: dict[str, Any], tmp_path: Path) -> Path:
    """The folder of revisions of hf:me/pets, which is at ``COMMIT``."""
    refs = tmp_path / "HF_HOME" / "hub" / "datasets--me--pets" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text(COMMIT)
    hub["me/pets"] = {"train": split(6), "test": split(4)}
    return refs


def test_the_revision_is_in_a_note_and_what_was_read_is_kept_for_it(
    hub: dict[str, Any], refs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    dataset = load("hf:me/pets")
    assert any(f"revision {COMMIT}" in note for note in dataset.notes)
    hub["me/pets"] = AssertionError("it was asked for again")
    assert load("hf:me/pets").fingerprint == fingerprint_of("hf:me/pets") == dataset.fingerprint
    (refs / "main").write_text("f" * 40)
    assert "it was asked for again" in complaint(load, "hf:me/pets")


def test_the_revision_is_in_the_records(refs: Path, tmp_path: Path, bench: Any) -> None:
    np.save(tmp_path / "predictions.npy", np.array([0, 1, 0, 0]))
    told = ("--dataset", "hf:me/pets", "--results", tmp_path / "results")
    assert bench("import", "mine", tmp_path / "predictions.npy", *told)[0] == 0
    (record,) = RecordStore(tmp_path / "results").read_all()[0]
    assert record.context.dataset_revision == COMMIT
    csv_text = bench("report", *told[2:], "--format", "csv")[1]
    assert next(csv.DictReader(io.StringIO(csv_text)))["dataset_revision"] == COMMIT


def test_cells_know_the_revision_of_their_data(refs: Path, tmp_path: Path) -> None:
    names = ("softmax_regression",)
    suite = Suite("test", Path("test.toml"), "", "hf:me/pets", names, (0,))
    (cell,) = make_cells(suite, discover(), names, Setting())
    failed = failed_record(cell, Failure(kind="error", reason="it fell"))
    assert failed.context.dataset_revision == COMMIT
    (refs / "main").unlink()
    (other,) = make_cells(suite, discover(), names, Setting())
    assert (other.dataset_revision, other.key) == (None, cell.key)
    assert "dataset_revision" not in failed_record(other, failed.failure).model_dump_json()


def test_no_test_split_asks_for_test_split(hub: dict[str, Any]) -> None:
    hub["me/pets"] = {"train": split(20)}
    assert "--test-split" in complaint(load, "hf:me/pets")
    dataset = load("hf:me/pets?test_split=0.2")
    assert (len(dataset.train_images), len(dataset.test_images)) == (16, 4)


def test_pictures_of_several_sizes_need_an_image_size(hub: dict[str, Any]) -> None:
    hub["me/pets"] = {"train": split(6), "test": split(4, size=(9, 9))}
    assert "--image-size" in complaint(load, "hf:me/pets")
    assert load("hf:me/pets?image_size=4&color=grey").test_images.shape == (4, 4, 4, 1)


def test_labels_may_be_plain_numbers_or_text(hub: dict[str, Any]) -> None:
    text = [("ox", "ant")[n % 2] for n in range(6)]
    told = {"kind": HfValue("string"), "labels": text}
    hub["me/pets"] = {"train": split(6, **told), "test": split(6, **told)}
    dataset = load("hf:me/pets")
    assert dataset.class_names == ("ant", "ox")
    assert dataset.train_labels.tolist() == [1, 0, 1, 0, 1, 0]


def test_of_several_columns_of_labels_the_fine_ones_are_taken_or_what_is_told(
    hub: dict[str, Any],
) -> None:
    both = split(6, label="fine_label")
    both.columns["coarse_label"] = [0, 0, 0, 1, 1, 1]
    both.features["coarse_label"] = PETS
    hub["me/pets"] = {"train": both, "test": both}
    assert load("hf:me/pets").train_labels.tolist() == [0, 1, 0, 1, 0, 1]
    told = load("hf:me/pets?label_column=coarse_label")
    assert told.train_labels.tolist() == [0, 0, 0, 1, 1, 1]
    message = complaint(load, "hf:me/pets?label_column=corse")
    assert "no column of labels called 'corse'; it has img (HfImage), fine_label" in message


def several() -> FakeSplit:
    found = split(6, label="a")
    found.columns["b"], found.features["b"] = found.columns["a"], PETS
    return found


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"train": FakeSplit({"label": [0]}, {"label": PETS})}, "no column of pictures; it has"),
        ({"train": split(6, label="caption", kind=HfValue("string"))}, "no column of labels; it"),
        ({"train": split(6, kind=HfSequence(PETS))}, "a sequence of HfClassLabel; expected one"),
        (
            {"train": several()},
            "several columns may be the labels: a, b; say which: --label-column",
        ),
        ({"test": split(6)}, "no split is called train (found test)"),
        ({"train": split(6), "test": split(2, labels=[-1, -1])}, "the first is -1 at index 0"),
        ({"train": split(6, labels=[0, 1, None, 1, 0, 1])}, "1 of 6 pictures have no label"),
        (ConnectionError("Couldn't reach it"), "the hub cannot be reached (Couldn't reach it)"),
        (ValueError("BuilderConfig 'c' not found. Available: ['d']"), "hf:me/pets:CONFIG"),
        (RuntimeError("two\nlines"), "datasets cannot load it (RuntimeError: two lines)"),
    ],
    ids=lambda value: None if isinstance(value, dict) else str(value),
)
def test_what_is_wrong_with_a_set_is_one_line(hub: dict[str, Any], found: Any, said: str) -> None:
    hub["me/pets"] = found
    message = complaint(load, "hf:me/pets?test_split=0.2" if "caption" in said else "hf:me/pets")
    assert message.startswith("hf:me/pets")
    assert said in message


def test_a_row_without_a_picture_is_named(hub: dict[str, Any]) -> None:
    bad = split(6)
    bad.columns["img"][2] = None
    hub["me/pets"] = {"train": bad, "test": split(4)}
    assert "hf:me/pets: train: row 2 has no picture" in complaint(load, "hf:me/pets")
    bad.columns["img"][2] = {"bytes": b"no picture", "path": None}
    assert "hf:me/pets: train, row 2: a picture that cannot be read" in complaint(
        load, "hf:me/pets"
    )


@pytest.mark.parametrize("name", ["hf:", "hf::x", "hf:@main"])
def test_a_name_that_is_none_says_what_is(name: str) -> None:
    assert "expected hf:OWNER/NAME" in complaint(load, name)


# MedMNIST ----------------------------------------------------------------------------------------


@pytest.fixture
def medmnist(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    facts = {"label": {"0": "a", "1": "b", "2": "c", "3": "d"}, "license": "CC BY 4.0"}
    facts |= {"task": "multi-class", "python_class": "PathMNIST"}
    module = ModuleType("medmnist")
    module.INFO = {  # type: ignore[attr-defined]
        "pathmnist": facts,
        "chestmnist": {**facts, "task": "multi-label, binary-class"},
        "organmnist3d": facts,
    }
    module.__version__ = "3.9"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "medmnist", module)
    return module


def write_medmnist(folder: Path, name: str) -> None:
    arrays = ordinary(shape=(28, 28, 3))
    new = {"x_train": "train_images", "y_train": "train_labels"}
    new |= {"x_test": "test_images", "y_test": "test_labels"}
    named = {new[key]: a if key[0] == "x" else a[:, None] for key, a in arrays.items()}
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", **named)


def test_medmnist_is_read_from_its_own_folder(medmnist: ModuleType, tmp_path: Path) -> None:
    write_medmnist(tmp_path / "HOME" / ".medmnist", "pathmnist")
    dataset = load("medmnist:pathmnist")
    assert dataset.name == row_name_of("medmnist:pathmnist") == "medmnist:pathmnist"
    assert dataset.class_names == ("a", "b", "c", "d")
    assert dataset.notes == ("MedMNIST 3.9, CC BY 4.0",)


def test_medmnist_is_read_from_a_folder_that_is_told(medmnist: ModuleType, tmp_path: Path) -> None:
    write_medmnist(tmp_path / "there", "pathmnist_64")
    assert load("medmnist:pathmnist_64", tmp_path / "there").num_classes == 4


def test_medmnist_is_downloaded_by_its_package(medmnist: ModuleType, tmp_path: Path) -> None:
    def make(split: str, download: bool, root: str, size: int) -> None:
        assert (split, download, size) == ("train", True, 64)
        write_medmnist(Path(root), "pathmnist_64")

    medmnist.PathMNIST = make  # type: ignore[attr-defined]
    assert load("medmnist:pathmnist_64").num_classes == 4
    medmnist.PathMNIST = None  # type: ignore[attr-defined]
    message = complaint(load, "medmnist:pathmnist")
    assert "pathmnist.npz is not on this machine and could not be downloaded" in message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pathmnits", "did you mean 'pathmnist'?"),
        ("zzz", "no such set; choose from: chestmnist, organmnist3d, pathmnist ("),
        ("pathmnist_32", "MedMNIST has no such set"),
        ("chestmnist", "several labels an image"),
        ("organmnist3d", "it is of volumes; expected a set of images"),
    ],
)
def test_what_medmnist_has_not_is_one_line(medmnist: ModuleType, name: str, said: str) -> None:
    assert said in complaint(load, f"medmnist:{name}")


# All ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("hf:me/pets", "datasets", "hf"),
        ("tfds:mnist", "tensorflow_datasets", "tfds"),
        ("medmnist:pathmnist", "medmnist", "medmnist"),
    ],
)
def test_a_library_that_is_not_installed_is_one_line_with_its_extra(
    name: str, module: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message = complaint(load, name)
    assert f"read by {module}" in message
    assert message.endswith(f"pip install 'ninetynine[{extra}]'")


def test_their_names_are_known_without_them(bench: Any) -> None:
    for name in ("hf:me/pets", "tfds:mnist/3.0:1.0.0", "medmnist:pathmnist_64"):
        assert row_name_of(name) == name
    assert row_name_of("hf:me/pets@main") == "hf:me/pets"
    facts = json.loads(bench("data", "--json")[1])
    assert [row["name"] for row in facts["datasets"]][:3] == ["mnist", "fashion_mnist", "digits"]
    assert any("hf:OWNER/NAME" in kind for kind in facts["kinds"])
    code, out, _ = bench("data")
    assert code == 0
    assert "medmnist:NAME" in out


# The libraries themselves ------------------------------------------------------------------------


def image_folder(folder: Path) -> Path:
    for part, count in (("train", 6), ("test", 3)):
        for label in ("cat", "dog"):
            place = folder / part / label
            place.mkdir(parents=True)
            for n in range(count):
                (place / f"{n}.png").write_bytes(png(10 * n + len(part)))
    return folder


@pytest.mark.slow
def test_hugging_face_s_library_reads_a_folder_and_parquet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = pytest.importorskip("datasets", reason="datasets (ninetynine[hf]) is not installed")
    folder = image_folder(tmp_path / "pets")
    dataset = load(f"hf:{folder}")
    assert dataset.name == "hf:pets"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.train_images.shape == (12, 6, 5, 3)
    parquet = tmp_path / "parquet"
    parquet.mkdir()
    for part, rows in library.load_dataset(str(folder)).items():
        rows.to_parquet(str(parquet / f"{part}.parquet"))
    assert load(f"hf:{parquet}").fingerprint == dataset.fingerprint
    monkeypatch.chdir(tmp_path)  # parquet and imagefolder are builders' names there
    assert load("hf:parquet?image_size=6x5").train_images.shape == (12, 6, 5, 3)
    assert "hf:imagefolder: no such folder" in complaint(load, "hf:imagefolder")
    assert fingerprint_of(f"hf:{parquet}") == dataset.fingerprint


@pytest.mark.slow
def test_tensorflow_datasets_reads_what_it_prepared(tmp_path: Path) -> None:
    library = pytest.importorskip(
        "tensorflow_datasets", reason="tensorflow-datasets (ninetynine[tfds]) is not installed"
    )
    features = library.features

    class Pets(library.core.GeneratorBasedBuilder):  # type: ignore[misc,name-defined]
        VERSION = library.core.Version("1.2.0")

        def _info(self) -> Any:
            told = {"image": features.Image(shape=(6, 5, 3))}
            told |= {"label": features.ClassLabel(names=["cat", "dog"])}
            return library.core.DatasetInfo(builder=self, features=features.FeaturesDict(told))

        def _split_generators(self, manager: Any) -> Any:
            return {"train": self._rows(8), "test": self._rows(4)}

        def _generate_examples(self) -> Any:
            raise NotImplementedError

        def _rows(self, count: int) -> Any:
            for n in range(count):
                pixels = np.asarray(Image.open(io.BytesIO(png(10 * n))))
                yield n, {"image": pixels, "label": n % 2}

    builder = Pets(data_dir=str(tmp_path))
    builder.download_and_prepare()
    dataset = load(f"tfds:{builder.data_dir}")
    assert dataset.name == "tfds:pets:1.2.0"
    assert dataset.train_images.shape == (8, 6, 5, 3)
    assert sorted(dataset.train_images[:, 5, 4, 0].tolist()) == [10 * n for n in range(8)]
    assert dataset.class_names == ("cat", "dog")
    assert load("tfds:pets", tmp_path).fingerprint == dataset.fingerprint
    assert "did you mean 'mnist'?" in complaint(load, "tfds:mnits", tmp_path)
    floats = features.FeaturesDict({"image": features.Image(shape=(6, 5, 1), dtype=np.float32)})
    told = complaint(tfds._columns, library, floats, Source("tfds:depth"))
    assert "the pictures in image are float32; expected uint8 or uint16" in told


@pytest.mark.slow
def test_medmnist_s_package_knows_its_sets() -> None:
    pytest.importorskip("medmnist", reason="medmnist (ninetynine[medmnist]) is not installed")
    assert "did you mean 'pathmnist'?" in complaint(load, "medmnist:pathmnits")


def test_a_set_that_cannot_be_generated_is_told_why() -> None:
    from ninetynine.datasets.kinds import hf

    class DatasetGenerationError(Exception):
        """As the library's, which says nothing of what went wrong."""

    error = DatasetGenerationError("An error occurred while generating the dataset")
    error.__cause__ = TypeError("Couldn't cast null to string")
    assert hf._reason(error, "pets") == (
        "datasets cannot load it (TypeError: Couldn't cast null to string)"
    )
