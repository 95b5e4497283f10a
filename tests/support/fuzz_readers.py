"""Break small valid files in every way and read them: each is read, or refused in one line.

``python tests/support/fuzz_readers.py --inputs 20000 --seed 0`` prints what went otherwise:
tracebacks (anything but a UserError or a Problem), hangs of more than five seconds, memory beyond
a limit, and silent differences (a signed record that is read as something else than was written).
"""

import argparse
import io
import json
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "bench")]

import fuzz_answers  # noqa: E402
from ninetynine import catalog, datasets, external, suite  # noqa: E402
from ninetynine.cells import canonical_hash  # noqa: E402
from ninetynine.errors import UserError  # noqa: E402
from ninetynine.gate.baseline import update_baseline  # noqa: E402
from ninetynine.gate.manifest import Update, read_manifest  # noqa: E402
from ninetynine.records import Predictions, Problem, Record, RecordStore  # noqa: E402
from ninetynine.records.schema import checksum_of  # noqa: E402
from ninetynine.report import Report, render  # noqa: E402
from record_builders import make_failed, write_run  # noqa: E402

SECONDS = 5
MEMORY_BYTES = 2**30  # beyond what the process has when it begins

TOKENS = [
    *(b"1e999 -1e999 1e308 -1 0 -0 99999999999999999999 0.5e-400 NaN Infinity -Infinity".split()),
    *(b"null true false [] {} [[[[ {{{{ \"\" '' ,, :: \\ud800 \\u0000".split()),
    *(b"\x00", b"\xff", b"\xed\xa0\x80"),
    *(b"9" * 5000, b"[" * 3000, b"\n\r\x1b[2J", b"\xef\xbb\xbf", b"=cmd|'/C calc'!A0"),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**63, 10**400, -(10**400), 0.5, 1.5, -0.5, 1e308, 5e-324),
    *(float("inf"), float("nan"), "", "x", "0.5", "\ud800", "\x1b[31m", "a" * 5000, "../../up"),
    *([], [1], [[]], {}, {"name": "adam"}, {"": None}, json.loads("[" * 300 + "]" * 300)),
]


class Hang(BaseException):
    """An input took more than ``SECONDS``."""


@dataclass(frozen=True)
class Reader:
    """What reads one kind of file, and valid files of the kind."""

    name: str
    read: Callable[[Path, bytes], str]  # in an empty folder; returns what it came to
    samples: tuple[bytes, ...]
    is_json: bool = False


def mutated(rng: random.Random, reader: Reader) -> bytes:
    content = rng.choice(reader.samples)
    if reader.is_json and rng.random() < 0.5:
        return _changed_json(rng, content)
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        _change_bytes(rng, data, rng.choice(reader.samples))
    return bytes(data)


def _change_bytes(rng: random.Random, data: bytearray, other: bytes) -> None:
    if not data:
        data += other[: rng.randrange(len(other) + 1)]
        return
    at, length = rng.randrange(len(data)), rng.choice((1, 2, 4, 8, 64))
    match rng.randrange(8):
        case 0:
            data[at] ^= 1 << rng.randrange(8)
        case 1:
            del data[at:]
        case 2:
            del data[at : at + length]
        case 3:
            start = rng.randrange(len(other))
            data[at : at + length] = other[start : start + length]
        case 4:
            data[at:at] = rng.choice(TOKENS)
        case 5:
            data[at : at + length] = rng.randbytes(length)
        case 6:
            digits = [i for i, byte in enumerate(data) if 48 <= byte < 58]
            if digits:
                data[rng.choice(digits)] = 48 + rng.randrange(10)
        case 7:
            data[at : at + 4] = rng.choice((b"\xff" * 4, b"\x00" * 4, b"\xff\xff\xff\x7f"))


def _changed_json(rng: random.Random, content: bytes) -> bytes:
    found = json.loads(content)
    place, key = _somewhere(rng, found)
    if rng.random() < 0.15:
        del place[key]
    elif rng.random() < 0.1 and isinstance(place, dict):
        place["another"] = place.pop(key)
    else:
        place[key] = rng.choice(VALUES)
    if isinstance(found.get("cell"), dict) and rng.random() < 0.7:  # a forger signs
        members, cell = found.get("members"), found["cell"]
        found["key"] = canonical_hash({"cell": cell, "members": members} if members else cell)
        if "record_sha256" in found and rng.random() < 0.9:
            found["record_sha256"] = checksum_of(found)
    return json.dumps(found).encode()


def _somewhere(rng: random.Random, found: Any) -> tuple[Any, Any]:
    while True:
        keys = [*found] if isinstance(found, dict) else [*range(len(found))]
        key = rng.choice(keys)
        below = found[key]
        if not (isinstance(below, dict | list) and below) or rng.random() < 0.2:
            return found, key
        found = below


# The readers --------------------------------------------------------------------------------------


def readers(folder: Path) -> list[Reader]:
    """Return all readers, with samples made in ``folder``."""
    return [
        *_of_records(folder / "records"),
        _of_manifests(folder / "baseline"),
        Reader("suite", _read_suite, _suites()),
        Reader("architecture", _read_architecture, _architectures()),
        Reader("dataset", _read_dataset, _datasets(folder)),
        Reader("idx", _read_idx, _idx()),
        Reader("picture", _read_picture, _pictures()),
        Reader("table", _read_table, _tables()),
        Reader("npy", _read_npy, _npy()),
        *_of_imports(folder),
        *fuzz_answers.readers(Reader),
    ]


def _of_records(folder: Path) -> list[Reader]:
    store = RecordStore(folder)
    written = [
        write_run(store, images=40),
        write_run(store, seed=1, images=40, inputs={"file a": "b" * 64}, arguments={"a": [1, {}]}),
        store.write(make_failed(seed=2), None),
    ]
    known = {record.key: record for record in written}
    samples = [store.path_of(record).read_bytes() for record in written]
    fixtures = (HERE.parent / "fixtures" / "records").glob("*/*.json")
    old = [path.read_bytes() for path in sorted(fixtures)]
    old = [content for content in old if json.loads(content)["schema_version"] < 4]
    content = store.predictions_path(written[0]).read_bytes()

    def read_signed(place: Path, data: bytes) -> str:
        """Read a record whose checksum is as it was written: no change of it may be read."""
        (place / "records/net").mkdir(parents=True)
        store = RecordStore(place)
        found: list[Record] = []
        for record in known.values():
            store.path_of(record).write_bytes(data)
            found = found or store.read_all(whole=True)[0]
            store.path_of(record).unlink()
        if any(record != known.get(record.key) for record in found):
            signed = json.loads(data)
            if checksum_of(signed) == signed.get("record_sha256") not in signatures:
                return "forged"  # with hashes of its own
            return "silently different"
        return "read" if found else "refused"

    signatures = {record.record_sha256 for record in written}

    def read_old(place: Path, data: bytes) -> str:
        return _read_and_report(place, data, content)

    def read_predictions(place: Path, data: bytes) -> str:
        record = written[0]
        store = RecordStore(place)
        store.path_of(record).parent.mkdir(parents=True)
        store.path_of(record).write_bytes(samples[0])
        store.predictions_path(record).write_bytes(data)
        (again,), _ = store.read_records()
        found = store.check(again)
        if isinstance(found, Predictions) and data != content:
            return "silently different"
        from ninetynine.records.reading import Unreadable, decode

        try:
            decode(data, record)  # as a forger has it, whose record vouches for it
        except Unreadable:
            return "refused"
        return "read"

    return [
        Reader("signed record", read_signed, tuple(samples), is_json=True),
        Reader("record of any version", read_old, (*old, *samples), is_json=True),
        Reader("predictions", read_predictions, (content,)),
    ]


def _read_and_report(place: Path, data: bytes, predictions: bytes) -> str:
    store = RecordStore(place)
    path = place / "records" / "net" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    from ninetynine.records.reading import read_record

    found = read_record(path)
    if isinstance(found, Problem):
        assert "\n" not in str(found)
        return "refused"
    path.unlink()
    store.path_of(found).parent.mkdir(parents=True, exist_ok=True)
    store.path_of(found).write_bytes(data)
    store.predictions_path(found).write_bytes(predictions)
    render(Report(store, {}), "json")
    return "read"


def _of_manifests(folder: Path) -> Reader:
    update = Update(
        at="2026-01-01T00:00:00+00:00",
        reason="first",
        suite="quick",
        dataset="mnist",
        architectures=["net"],
        seeds=[0, 1],
        suite_version="0.1.0",
    )
    update_baseline(folder, [], update)

    def read(place: Path, data: bytes) -> str:
        (place / "baseline.json").write_bytes(data)
        read_manifest(place)
        return "read"

    return Reader("manifest", read, ((folder / "baseline.json").read_bytes(),), is_json=True)


def _suites() -> tuple[bytes, ...]:
    root = HERE.parents[1]
    places = (root / "bench/ninetynine/suites", root / "studies/mnist/suites")
    return tuple(path.read_bytes() for place in places for path in sorted(place.glob("*.toml")))


def _read_suite(place: Path, data: bytes) -> str:
    (place / "s.toml").write_bytes(data)
    suite.load(str(place / "s.toml"))
    return "read"


def _architectures() -> tuple[bytes, ...]:
    folder = HERE.parents[1] / "architectures"
    return tuple(path.read_bytes() for path in sorted(folder.glob("t[12]_*.py")))


def _read_architecture(place: Path, data: bytes) -> str:
    (place / "mine_fuzzed.py").write_bytes(data)
    catalog.discover([place / "mine_fuzzed.py"])
    return "read"


def _datasets(folder: Path) -> tuple[bytes, ...]:
    rng = np.random.default_rng(0)
    samples = []
    for name, save in (("packed", np.savez_compressed), ("plain", np.savez)):
        save(
            folder / f"{name}.npz",
            x_train=rng.integers(0, 256, (40, 8, 8), dtype=np.uint8),
            y_train=np.arange(40) % 4,
            x_test=rng.integers(0, 256, (20, 8, 8), dtype=np.uint8),
            y_test=np.arange(20) % 4,
        )
        samples.append((folder / f"{name}.npz").read_bytes())
    return tuple(samples)


def _read_dataset(place: Path, data: bytes) -> str:
    (place / "mine.npz").write_bytes(data)
    datasets.load(str(place / "mine.npz"))
    return "read"


def _pictures() -> tuple[bytes, ...]:
    from PIL import Image

    pixels = np.random.default_rng(0).integers(0, 256, (9, 8, 3), dtype=np.uint8)
    samples = []
    for format_ in ("PNG", "JPEG", "WEBP", "BMP"):
        Image.fromarray(pixels).save(content := io.BytesIO(), format_)
        samples.append(content.getvalue())
    return tuple(samples)


def _classes(place: Path) -> None:
    """Write a folder of two pictures for each of two classes, in both parts."""
    for number, content in enumerate(_pictures()):
        for part in ("train", "test"):
            folder = place / "pets" / part / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.png").write_bytes(content)


def _read_picture(place: Path, data: bytes) -> str:
    _classes(place)
    (place / "pets" / "train" / "a" / "mine.png").write_bytes(data)
    datasets.load(f"{place / 'pets'}?image_size=8&color=rgb")
    return "read"


def _tables() -> tuple[bytes, ...]:
    lines = [
        f"pets/{part}/{'ab'[number % 2]}/{number}.png,{'ab'[number % 2]},{part},{number}\n"
        for part in ("train", "test")
        for number in range(4)
    ]
    table = "path,label,split,group\n" + "".join(lines)
    return table.encode(), table.replace(",", ";").encode("utf-8-sig")


def _read_table(place: Path, data: bytes) -> str:
    _classes(place)
    (place / "mine.csv").write_bytes(data)
    datasets.load(f"{place / 'mine.csv'}?image_size=8&color=rgb")
    return "read"


def _npy() -> tuple[bytes, ...]:
    samples = []
    for array in (np.zeros((40, 8, 8), np.uint8), np.ones((40, 8, 8, 3), np.float32)):
        np.save(content := io.BytesIO(), array)
        samples.append(content.getvalue())
    return tuple(samples)


def _read_npy(place: Path, data: bytes) -> str:
    (folder := place / "arrays").mkdir()
    for name, array in (
        ("x_test", np.arange(20 * 64, dtype=np.uint8).reshape(20, 8, 8)),
        ("y_train", np.arange(40) % 4),
        ("y_test", np.arange(20) % 4),
    ):
        np.save(folder / f"{name}.npy", array)
    (folder / "x_train.npy").write_bytes(data)
    datasets.load(str(folder))
    return "read"


def _idx() -> tuple[bytes, ...]:
    import gzip

    images = b"\x00\x00\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (3, 4, 4)) + bytes(48)
    labels = b"\x00\x00\x08\x01" + (3).to_bytes(4, "big") + bytes([0, 1, 2])
    return images, labels, gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)


def _read_idx(place: Path, data: bytes) -> str:
    from ninetynine.datasets import known
    from ninetynine.datasets.files import read_folder

    images, labels = _idx()[:2]
    whole = {"train-images-idx3": images, "train-labels-idx1": labels}
    whole |= {"t10k-images-idx3": images, "t10k-labels-idx1": labels}
    is_packed, is_labels = data[:2] == b"\x1f\x8b", len(data) < 30
    broken = "t10k-labels-idx1" if is_labels else "train-images-idx3"
    for name, content in whole.items():
        ending = ".gz" if is_packed and name == broken else ""
        (place / f"{name}-ubyte{ending}").write_bytes(data if name == broken else content)
    read_folder(place, known()["mnist"])
    return "read"


def _of_imports(folder: Path) -> list[Reader]:
    digits = datasets.load("digits")
    images = len(digits.test_labels)
    labels = digits.test_labels.astype(np.int64)
    labels[0] = (labels[0] + 1) % 10
    probabilities = np.full((images, 10), 0.01, np.float32)
    probabilities[np.arange(images), labels] = 0.91
    np.save(folder / "labels.npy", labels)
    np.save(folder / "probabilities.npy", probabilities)
    np.savez_compressed(folder / "runs.npz", a=probabilities, b=labels)
    lines = [",".join(f"{p:.2f}" for p in row) for row in probabilities]
    csv = ["id,label", *(f"{i},{label}" for i, label in enumerate(labels))]

    def read(ending: str) -> Callable[[Path, bytes], str]:
        def read_import(place: Path, data: bytes) -> str:
            (place / f"p{ending}").write_bytes(data)
            external.read_runs([place / f"p{ending}"], digits)
            return "read"

        return read_import

    arrays = [(folder / name).read_bytes() for name in ("labels.npy", "probabilities.npy")]
    text = ("\n".join(map(str, labels)), "\n".join(lines), "\n".join(csv))
    return [
        Reader("import .npy", read(".npy"), tuple(arrays)),
        Reader("import .npz", read(".npz"), ((folder / "runs.npz").read_bytes(),)),
        Reader("import .csv", read(".csv"), tuple(part.encode() for part in text)),
    ]


# The loop -----------------------------------------------------------------------------------------


def fuzz(inputs: int, seed: int, only: str = "", keep: Path | None = None) -> dict[str, Counter]:
    """Read ``inputs`` broken files in turns over the readers; return what each came to."""
    rng = random.Random(seed)
    signal.signal(signal.SIGALRM, _hang)
    found: dict[str, Counter] = {}
    with tempfile.TemporaryDirectory() as name, mock.patch.dict(os.environ, XDG_CACHE_HOME=name):
        folder = Path(name)
        (folder / "records").mkdir()
        chosen = [reader for reader in readers(folder) if only in reader.name]
        for number in range(inputs):
            reader = chosen[number % len(chosen)]
            data = mutated(rng, reader)
            outcome = _outcome(reader, data)
            found.setdefault(reader.name, Counter())[outcome] += 1
            if keep is not None and is_fault(outcome):
                keep.mkdir(exist_ok=True)
                kind = "".join(letter if letter.isalnum() else "-" for letter in outcome)[:80]
                (keep / f"{reader.name.replace(' ', '-')}-{kind}").write_bytes(data)
    return found


def _outcome(reader: Reader, data: bytes) -> str:
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with tempfile.TemporaryDirectory() as place:
            return reader.read(Path(place), data)
    except UserError as error:
        return "refused" if "\n" not in str(error) else "fault: several lines"
    except Hang:
        return "fault: hang"
    except MemoryError:
        return "fault: memory"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"fault: {type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def is_fault(outcome: str) -> bool:
    return outcome.startswith("fault") or outcome == "silently different"


def _hang(number: int, frame: object) -> None:
    raise Hang


def _limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="A part of a reader's name.")
    parser.add_argument("--keep", type=Path, help="Folder for inputs that were faults.")
    asked = parser.parse_args()
    _limit_memory()
    found = fuzz(asked.inputs, asked.seed, asked.only, asked.keep)
    faults = 0
    for name, outcomes in found.items():
        print(f"{name}: {sum(outcomes.values())} inputs")
        for outcome, count in outcomes.most_common():
            print(f"  {count:6d} {outcome}")
            faults += count * is_fault(outcome)
    print(f"{sum(sum(o.values()) for o in found.values())} inputs, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
