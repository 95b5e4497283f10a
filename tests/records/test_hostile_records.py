"""Whatever is wrong with a record, it is named and left out, and the rest is reported."""

import io
import json
import os
import struct
import zipfile
from functools import cache

import numpy as np
import pytest
from ninetynine.cells import canonical_hash
from ninetynine.records import Problem, Record, RecordStore
from ninetynine.records.reading import LARGEST_RECORD, read_record
from ninetynine.records.schema import checksum_of
from record_builders import make_failed, make_predictions, make_record, write_bare, write_run


def change(content, dotted, value):
    *places, last = dotted.split(".")
    for place in places:
        content = content[int(place) if place.isdecimal() else place]
    if value is DELETED:
        del content[last]
    else:
        content[last] = value


DELETED = object()
NESTED = json.loads("[" * 400 + "]" * 400)

# What no record may say, though its key and checksum be those of what it says.
CHANGES = {
    "an accuracy above 1": {"scores.test.accuracy": 1.5},
    "a negative accuracy": {"scores.train.accuracy": -0.01},
    "an accuracy that is text": {"scores.test.accuracy": "0.9980"},
    "an accuracy that is true": {"scores.train.accuracy": True},
    "an accuracy that its predictions contradict": {"scores.test.accuracy": 0.997},
    "a negative loss": {"scores.test.loss": -1e-9},
    "a loss that is not finite": {"scores.test.loss": float("inf")},
    "a loss no float32 has": {"history.0.loss": 1e300},
    "negative seconds": {"timing.train_seconds": -5},
    "seconds of many lives": {"timing.train_seconds": 1e200},
    "a negative count": {"model.parameters": -1},
    "a count of many digits": {"model.multiply_adds": 10**400},
    "no scores": {"scores": None},
    "a failure": {"failure": {"kind": "error", "reason": "no"}},
    "failed without a failure": {"status": "failed", "scores": None},
    "no predictions": {"predictions_sha256": None},
    "epochs out of order": {"history.0.epoch": 2},
    "a vote of nobody": {"kind": "ensemble"},
    "members of no vote": {"members": ["a" * 64]},
    "a vote with another recipe": {"kind": "ensemble", "members": ["a" * 64]},
    "a seed below 0": {"cell.seed": -1},
    "a seed of many digits": {"cell.seed": 10**30},
    "an unknown word of a recipe": {"cell.recipe.dropout_schedule": {"name": "linear"}},
    "a recipe of another type": {"cell.recipe.epochs": "5"},
    "a recipe without epochs": {"cell.recipe.epochs": DELETED},
    "a recipe of many digits": {"cell.recipe.batch_size": 10**400},
    "arguments nested deep": {"cell.arguments": {"a": NESTED}},
    "an argument that is no number": {"cell.arguments": {"a": float("inf")}},
    "half of a character": {"context.variant": "\ud800"},
    "half of a character in a name": {"cell.packages": {"\udfff": "1"}},
    "an unknown key": {"colour": "red"},
    "a list for a table": {"machine": []},
    "a version below 1": {"schema_version": 0},
    "a version of many digits": {"schema_version": 10**4000},
    "a version that is true": {"schema_version": True},
    "no checksum": {"record_sha256": DELETED},
    "a key that is none": {"key": "x" * 64},
}


def forge(store, changes):
    """Write a record whose own hashes vouch for ``changes``; return its path."""
    record = write_run(store, seed=1)
    path = store.path_of(record)
    content = json.loads(path.read_text())
    for dotted, value in changes.items():
        change(content, dotted, value)
    if "key" not in changes:
        cell, members = content["cell"], content.get("members")
        content["key"] = canonical_hash({"cell": cell, "members": members} if members else cell)
    if "record_sha256" not in changes:
        content["record_sha256"] = checksum_of(content)
    path.write_text(json.dumps(content))
    seed = min(max(content["cell"]["seed"], 0), 99)
    named = path.with_name(f"mnist-seed-{seed}-{content['key'][:16]}.json")
    store.predictions_path(record).rename(
        named.with_name(f"{named.stem}-{record.predictions_sha256[:16]}.npz")
    )
    return path.rename(named)


@pytest.mark.parametrize("what", CHANGES)
def test_a_record_that_says_so_is_named_and_left_out(store, what):
    whole = write_run(store, seed=2)
    path = forge(store, CHANGES[what])
    records, problems = store.read_all(whole=True)
    assert records == [whole]
    assert [problem.path for problem in problems] == [path]
    assert "\n" not in str(problems[0])
    assert len(problems[0].reason) < 600


def test_a_record_that_says_nothing_wrong_is_read(store):
    """The forger's tools by themselves leave a record that is read."""
    forge(store, {"cell.seed": 5, "context.note": "\U0001f600"})
    assert [r.cell.seed for r in store.read_all(whole=True)[0]] == [5]


def test_every_changed_digit_of_a_record_is_noticed(store):
    path = store.path_of(write_run(store))
    text = path.read_text()
    positions = [i for i, letter in enumerate(text) if letter.isdigit()]
    assert len(positions) > 300
    for position in positions:
        digit = str((int(text[position]) + 1) % 10)
        path.write_text(text[:position] + digit + text[position + 1 :])
        assert isinstance(read_record(path), Problem), text[position - 40 : position + 1]


def test_a_record_of_an_older_version_needs_no_checksum_and_one_that_is_there_holds(store):
    path = store.path_of(write_bare(store, make_record()))
    assert isinstance(read_record(path), Record)
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "record_sha256": "0" * 64}))
    assert "record_sha256" in read_record(path).reason


def test_a_key_that_is_given_twice_is_no_record(store):
    path = store.path_of(write_run(store))
    text = path.read_text()
    for twice in ('"attempts": 1', '"accuracy": 0.998'):
        path.write_text(text.replace(twice, f"{twice}, {twice}", 1))
        assert "a key is given twice" in read_record(path).reason


def test_imported_predictions_and_votes_need_the_key_of_what_they_are(store):
    external = make_record().model_copy(update={"kind": "external", "model": None})
    predictions = make_predictions([0])
    scores = make_record(accuracy=0.999).scores
    path = store.path_of(store.write(external.model_copy(update={"scores": scores}), predictions))
    content = json.loads(path.read_text())
    content["cell"]["seed"] = 8
    path.write_text(json.dumps({**content, "record_sha256": checksum_of(content)}))
    assert "its key is not the hash of its cell" in read_record(path).reason


# Files that are no records ------------------------------------------------------------------------


def text(content):
    return lambda path: path.write_bytes(content)


WHOLE = json.dumps({"schema_version": 4})
FILES = {
    "a pipe": os.mkfifo,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a folder": lambda path: path.mkdir(),
    "nothing": text(b""),
    "a list": text(b"[1, 2]"),
    "a number": text(b"1"),
    "deep nesting": text(b'{"schema_version": 4, "a": ' + b"[" * 100_000),
    "deep nesting that ends": text(b"[" * 900 + b"]" * 900),
    "a number of 5,000 digits": text(b'{"schema_version": ' + b"9" * 5000 + b"}"),
    "a number that is not finite": text(b'{"schema_version": 1e999}'),
    "a word for a number": text(b'{"schema_version": 4, "a": NaN}'),
    "a key twice": text(b'{"schema_version": 4, "schema_version": 4}'),
    "another encoding": text(WHOLE.encode("utf-16")),
    "half of a character": text(b'{"schema_version": 4, "a": "\xed\xa0\x80"}'),
    "more than is read": lambda path: path.open("wb").truncate(LARGEST_RECORD + 1),
    "a terabyte of nothing": lambda path: path.open("wb").truncate(2**40),
}


@pytest.mark.parametrize("what", FILES)
def test_a_file_that_is_no_record_is_named_and_left_out(store, what):
    whole = write_run(store, seed=2)
    path = store.path_of(whole).with_name("mnist-seed-1-0123456789abcdef.json")
    FILES[what](path)
    records, problems = store.read_all()
    assert records == [whole]
    assert [problem.path for problem in problems] == [path]
    assert store.find("0123456789abcdef" * 4).path == path


@pytest.mark.parametrize("what", ["a pipe", "a link to a device", "a folder", "a list"])
def test_what_stands_in_a_records_place_is_moved_aside(store, what):
    path = store.path_of(write_run(store, seed=1))
    path.unlink()
    FILES[what](path)
    record = write_run(store, seed=1)
    assert store.read_all() == ([record], [])
    assert len(list(path.parent.glob("*.json.*.kept"))) == 1


def test_a_file_that_only_has_a_records_name_does_not_hide_it(store):
    record = write_run(store, seed=1)
    for folder in ("a", "zzz"):
        path = store.folder / folder / store.path_of(record).name
        path.parent.mkdir()
        path.write_text("{")
    assert store.find(record.key) == record


# Predictions --------------------------------------------------------------------------------------


def archive(parts, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return buffer.getvalue()


def array(values, version=None):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, values, version, allow_pickle=True)
    return buffer.getvalue()


def header(shape, descr="<f2"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


LABELS = make_predictions([0, 1]).labels
GOOD = make_predictions([0, 1]).probabilities


def changed(row, value):
    values = GOOD.copy()
    values[row, 3] = value
    return values


def npz(probabilities=GOOD, labels=LABELS, **more):
    arrays = {"probabilities.npy": array(probabilities), "labels.npy": array(labels), **more}
    return archive(arrays)


def lying(content, claimed):
    """The archive whose directory and headers say that its first part unpacks to ``claimed``."""
    size = zipfile.ZipFile(io.BytesIO(content)).infolist()[0].file_size
    return content.replace(struct.pack("<I", size), struct.pack("<I", claimed))


BOMB = 2**28
LARGER = header((10_000, 10))
PREDICTIONS = {
    "one row short": npz(GOOD[:-1]),
    "one dimension": npz(GOOD[0]),
    "no images": npz(GOOD[:0], LABELS[:0]),
    "no classes": npz(GOOD[:, :0]),
    "a label that is no class": npz(labels=np.where(LABELS == 9, 10, LABELS).astype(np.uint16)),
    "other numbers": npz(GOOD.astype(np.float32)),
    "signed labels": npz(labels=LABELS.astype(np.int16)),
    "a probability above 1": npz(changed(5, 1.001)),
    "a negative one": npz(changed(5, -0.1)),
    "one that is no number": npz(changed(5, np.nan)),
    "objects": npz(np.array([[{}]], dtype=object)),
    "another array, too": npz(other=array(LABELS)),
    "no labels": archive({"probabilities.npy": array(GOOD)}),
    "no archive": b"PK\x05\x06",
    "no array": archive({"probabilities.npy": b"", "labels.npy": b"\x93NUMPY"}),
    "a header of another version": archive(
        {"probabilities.npy": array(GOOD, (2, 0)), "labels.npy": array(LABELS)}
    ),
    "nested brackets": archive(
        {"probabilities.npy": header("(" * 5000), "labels.npy": array(LABELS)}
    ),
    "a claim of terabytes": archive(
        {"probabilities.npy": header((2**40, 10)), "labels.npy": array(LABELS)}
    ),
    "a claim of nothing": archive(
        {"probabilities.npy": header((-1, 10)) + b"0" * 20, "labels.npy": array(LABELS)}
    ),
    "an array of much nothing": lambda: archive(
        {
            "probabilities.npy": header((BOMB // 200, 10)) + bytes(BOMB // 10),
            "labels.npy": array(LABELS),
        }
    ),
    "an array that unpacks to more": lambda: lying(
        archive({"probabilities.npy": LARGER + bytes(2**25), "labels.npy": array(LABELS)}),
        len(LARGER) + 200_000,
    ),
    "another way of packing": archive(
        {"probabilities.npy": array(GOOD), "labels.npy": array(LABELS)}, zipfile.ZIP_BZIP2
    ),
}


@cache
def stored(what):
    """Return the bytes of PREDICTIONS; the large ones are packed where a test asks for them."""
    content = PREDICTIONS[what]
    return content() if callable(content) else content


@pytest.mark.slow
@pytest.mark.parametrize("what", PREDICTIONS)
def test_predictions_that_are_none_take_their_record_with_them(store, monkeypatch, what):
    whole = write_run(store, seed=2)
    record = store.write(make_record(seed=1, accuracy=0.998), make_predictions([0, 1]))
    monkeypatch.setattr("ninetynine.records.store.encode", lambda predictions: stored(what))
    record = store.write(make_record(seed=1, accuracy=0.998), make_predictions([0, 1]))
    assert store.predictions_path(record).read_bytes() == stored(what)
    records, problems = store.read_all(whole=True)
    assert records == [whole]
    assert [problem.path for problem in problems] == [store.path_of(record)]
    assert "not what its predictions say" in problems[0].reason
    assert store.predictions(record) is None


@pytest.mark.slow
def test_no_memory_is_taken_for_what_a_file_claims(store, monkeypatch):
    import tracemalloc

    for what in (
        "an array of much nothing",
        "an array that unpacks to more",
        "a claim of terabytes",
    ):
        with monkeypatch.context() as patch:
            content = stored(what)
            patch.setattr("ninetynine.records.store.encode", lambda _, content=content: content)
            write_run(store)
        size = len(stored(what))
        tracemalloc.start()
        assert store.read_all(whole=True)[0] == []
        assert tracemalloc.get_traced_memory()[1] < 2 * size + 2**21, what
        tracemalloc.stop()


def test_predictions_stored_column_by_column_are_read(store):
    made = make_predictions([0, 1])
    turned = np.asfortranarray(made.probabilities)
    record = store.write(make_record(accuracy=0.998), type(made)(turned, made.labels))
    assert store.read_all(whole=True) == ([record], [])
    assert (store.predictions(record).probabilities == made.probabilities).all()


# Every verb ---------------------------------------------------------------------------------------


CONTRADICTED = CHANGES["an accuracy that its predictions contradict"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Good records of two models, and between them a bad one of every kind; tests only read it."""
    return make_folder(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def own_folder(tmp_path):
    """The same for a test that changes it."""
    return make_folder(tmp_path)


def make_folder(tmp_path):
    store = RecordStore(tmp_path / "results")
    for seed in range(40, 43):
        write_run(store, "softmax_regression", seed, wrong=range(seed))
        write_run(store, "t2_dense", seed, wrong=range(2 * seed))
    good = RecordStore(tmp_path / "good")
    for seed in range(40, 43):
        write_run(good, "softmax_regression", seed, wrong=range(seed))
        write_run(good, "t2_dense", seed, wrong=range(2 * seed))
    bad = []
    for number, changes in enumerate(CHANGES.values()):
        folder = store.folder / ("net" if changes == CONTRADICTED else f"net{number}")
        path = forge(RecordStore(tmp_path / f"{number}"), changes)
        path.parent.rename(folder)
        bad.append(folder / path.name)
    for number, write in enumerate(FILES.values()):
        bad.append(store.folder / "net" / f"mnist-seed-{number}-{number:016x}.json")
        write(bad[-1])
    return store, good, bad


REPORTS = ("table", "csv", "json", "markdown", "latex", "readme", "html")


@pytest.mark.slow
@pytest.mark.parametrize("format_", REPORTS)
def test_every_format_of_a_report_names_the_bad_and_reports_the_good(bench, folder, format_):
    store, good, bad = folder
    code, out, err = bench("report", "--results", store.directory, "--format", format_)
    assert code == 0
    said = "".join((out + err).split()).replace("\\", "")
    for path in bad:
        name = path.name if format_ != "latex" else path.name.replace("_", "")
        assert name in said, path
    if format_ == "csv":
        assert out == bench("report", "--results", good.directory, "--format", "csv")[1]


VERBS = [
    ("compare", "softmax_regression", "t2_dense"),
    ("plan", "softmax_regression", "t2_dense"),
    ("explain", "quick", "--only", "softmax"),
    ("run", "quick", "--only", "softmax", "--seeds", "1", "--dry-run"),
    ("predict", "softmax_regression", "--seed", "40", "--index", "0"),
    ("clean",),
]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_every_verb_names_the_bad_and_does_the_rest(bench, folder, verb):
    store, good, bad = folder
    given = (lambda f: (*verb, f)) if verb == ("clean",) else (lambda f: (*verb, "--results", f))
    code, out, err = bench(*given(store.directory))
    assert code == 0
    for path in bad:  # predictions are read where they are asked for
        assert path.name in err or "0.997" in said_by(path), path
    expected = bench(*given(good.directory))[1]
    assert out.replace(str(store.directory), "X") == expected.replace(str(good.directory), "X")


def said_by(path):
    small = path.is_file() and path.stat().st_size < 10_000
    return path.read_text(errors="replace") if small else ""


def test_a_merge_names_the_bad_and_adds_the_good(bench, folder, tmp_path):
    store, good, bad = folder
    code, _, err = bench("merge", store.directory, "--into", tmp_path / "all")
    assert code == 2
    assert all(path.name in err for path in bad)
    merged = RecordStore(tmp_path / "all").read_all(whole=True)
    assert merged == good.read_all(whole=True)


def test_doctor_names_all_and_its_fix_leaves_a_folder_of_good_ones(bench, own_folder):
    store, good, bad = own_folder
    before = {p.read_bytes() for p in bad if said_by(p)}
    code, out, _ = bench("doctor", store.directory)
    assert code == 1
    assert all(path.name in out for path in bad)
    assert len(bad) == len(set(bad)) == len(CHANGES) + len(FILES)
    code, _, err = bench("doctor", store.directory, "--fix")
    assert code == 1, err
    code, out, _ = bench("doctor", store.directory)
    assert (code, out) == (0, f"{store.directory}: nothing doubtful\n")
    assert store.read_all(whole=True) == good.read_all(whole=True)
    kept = {p.read_bytes() for p in store.folder.glob("*/*.kept") if said_by(p)}
    assert kept >= before


def test_a_row_is_compared_without_the_run_that_its_predictions_contradict(bench, own_folder):
    store = own_folder[0]
    write_run(store, "t2_dense", 43, wrong=range(9), accuracy=0.5)
    code, out, err = bench(
        "compare", "softmax_regression", "t2_dense", "--results", store.directory
    )
    assert code == 0
    assert "their accuracy is 0.991, the recorded one 0.5" in err
    assert (
        out
        == bench("compare", "softmax_regression", "t2_dense", "--results", own_folder[1].directory)[
            1
        ]
    )


def test_a_failed_record_is_no_doubt(bench, store):
    store.write(make_failed(), None)
    assert bench("doctor", store.directory)[0] == 0
