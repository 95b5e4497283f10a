"""Packs: what comes out is what went in but for probabilities, for us and for others."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ninetynine.cli import main
from ninetynine.errors import UserError
from ninetynine.merging import merge
from ninetynine.records import Predictions, Problem, Record, RecordStore
from ninetynine.records import parquet as parquet_module
from ninetynine.records.flat import columns, flatten, unflatten
from ninetynine.records.packing import write_pack
from ninetynine.records.quantization import dequantize, quantize
from record_builders import make_failed, make_labels, make_record, write_run

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXACT_BUT = {"predictions_sha256", "record_sha256"}


def random_probabilities(images=500, classes=10, seed=0, sharpness=4.0):
    logits = np.random.default_rng(seed).normal(size=(images, classes)) * sharpness
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (exp / exp.sum(axis=1, keepdims=True)).astype(np.float16)


@pytest.fixture
def results(tmp_path):
    """Two rows of three seeds, one failed run, other labels, and a folder to pack them into."""
    store = RecordStore(tmp_path / "results")
    for seed in range(3):
        write_run(store, "worse", seed, wrong=range(20 + seed), images=300)
        found = Predictions(random_probabilities(seed=seed), make_labels(500, seed % 2))
        accuracy = float(found.correct.mean())
        store.write(make_record("better", seed, accuracy=accuracy), found)
    store.write(make_failed("worse", 3), None)
    return store


def contents(store):
    """The JSON of each record by its name, without what a pack changes."""
    found = {}
    for path in store.folder.glob("*/*.json"):
        record = json.loads(path.read_text())
        found[path.name] = {k: v for k, v in record.items() if k not in EXACT_BUT}
    return found


def pack_of(results, tmp_path, name="all.parquet"):
    return write_pack(results, tmp_path / name).path


def test_a_record_is_a_row_and_a_row_a_record(results):
    for record in [*results.read_all()[0], *RecordStore(FIXTURES).read_all()[0]]:
        row = flatten(record)
        assert set(row) == {column.name for column in columns()}
        assert Record.model_validate(unflatten(row)) == record
    names = [column.name for column in columns()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("sharpness", [0.01, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("classes", [2, 10, 100])
def test_what_a_class_has_over_the_predicted_one_is_kept_to_a_quarter_of_a_power(
    classes, sharpness
):
    before = random_probabilities(400, classes, classes, sharpness)
    predicted, codes = quantize(before)
    after = dequantize(predicted, codes)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))
    np.testing.assert_allclose(after.sum(axis=1, dtype=np.float64), 1, atol=0.01)
    normal = np.finfo(np.float16).tiny
    for found, known in ((before, after), (after, before)):
        ratio = found.astype(float) / found.max(axis=1, keepdims=True).astype(float)
        other = known.astype(float) / known.max(axis=1, keepdims=True).astype(float)
        told = (before >= normal) & (after >= normal)
        assert (ratio[told] / other[told]).max() < 2 ** (1 / 8) * 1.003  # float16 beside it
    again = quantize(after)  # once is enough
    np.testing.assert_array_equal(again[0], predicted)
    np.testing.assert_array_equal(again[1], codes)


def test_two_classes_as_likely_are_predicted_as_before():
    before = np.array([[0.5, 0.5], [0.25, 0.75], [0.0, 1.0]], np.float16)
    before = np.vstack([before, before[:, ::-1]])
    after = dequantize(*quantize(before))
    assert after.argmax(axis=1).tolist() == before.argmax(axis=1).tolist() == [0, 1, 1, 0, 0, 0]
    np.testing.assert_array_equal(after[[2, 5]], before[[2, 5]])  # bare classes are exact


def test_unpacking_gives_the_records_back(results, tmp_path):
    pack = pack_of(results, tmp_path)
    packed, unpacked = RecordStore(pack), RecordStore(tmp_path / "unpacked")
    assert merge([pack], unpacked.directory).problems == []
    assert contents(unpacked) == contents(results)
    read = {record.key: record for record in packed.read_all(whole=True)[0]}
    files = {record.key: record for record in unpacked.read_all(whole=True)[0]}
    assert read == files
    for record in results.read_all()[0]:
        before, after = results.predictions(record), packed.predictions(read[record.key])
        if before is None:
            assert after is None
            continue
        np.testing.assert_array_equal(after.labels, before.labels)
        np.testing.assert_array_equal(after.correct, before.correct)
        predicted = after.probabilities.argmax(axis=1)
        np.testing.assert_array_equal(predicted, before.probabilities.argmax(axis=1))
        out = unpacked.predictions(read[record.key])
        np.testing.assert_array_equal(after.probabilities, out.probabilities)


def test_the_same_content_is_the_same_bytes(results, tmp_path):
    first = pack_of(results, tmp_path).read_bytes()
    assert pack_of(results, tmp_path, "again.parquet").read_bytes() == first
    merge([tmp_path / "again.parquet"], tmp_path / "unpacked")
    unpacked = RecordStore(tmp_path / "unpacked")
    assert pack_of(unpacked, tmp_path, "unpacked.parquet").read_bytes() == first
    assert (
        pack_of(RecordStore(tmp_path / "again.parquet"), tmp_path, "b.parquet").read_bytes()
        == first
    )


def test_the_fixtures_of_all_versions_go_in_and_come_out(tmp_path):
    pack = pack_of(RecordStore(FIXTURES), tmp_path)
    before, after = RecordStore(FIXTURES).read_all()[0], RecordStore(pack).read_all(whole=True)
    assert after[1] == []
    alike = [r.model_dump_json(exclude=EXACT_BUT) for r in sorted(after[0], key=lambda r: r.key)]
    assert alike == [
        r.model_dump_json(exclude=EXACT_BUT) for r in sorted(before, key=lambda r: r.key)
    ]


def test_pandas_reads_a_pack(results, tmp_path):
    frame = pd.read_parquet(pack_of(results, tmp_path))
    assert len(frame) == 7
    assert frame.groupby("architecture").test_accuracy.count().to_dict() == {
        "better": 3,
        "worse": 3,
    }
    row = frame[(frame.architecture == "better") & (frame.seed == 2)].iloc[0]
    labels = frame[frame.labels_sha256 == row.labels_sha256].labels.dropna()
    assert len(labels) == 1
    assert np.mean(row.predicted_classes == labels.iloc[0]) == row.test_accuracy
    codes = np.frombuffer(row.probability_codes, np.uint8).reshape(len(row.predicted_classes), -1)
    ratios = np.where(codes == 0, 0, 2.0 ** (-(codes - 1.0) / 4))
    top = 1 / (1 + ratios.sum(axis=1))
    store = RecordStore(tmp_path / "all.parquet")
    found = store.predictions(store.find(row.key)).probabilities
    np.testing.assert_allclose(found.max(axis=1), top, rtol=2e-3)
    assert list(row.history_loss) == [0.05]
    assert json.loads(row.recipe)["epochs"] == 5
    notes = pq.read_metadata(tmp_path / "all.parquet").metadata
    assert b"2 ** (-(k - 1) / 4)" in notes[b"probabilities"]


def test_a_record_in_a_pack_and_in_a_file_counts_once(results, tmp_path):
    pack_of(results, tmp_path, "results/all.parquet")
    both = RecordStore(tmp_path / "results")
    records, problems = both.read_all(whole=True)
    assert (len(records), problems) == (7, [])
    path = both.path_of(records[0])
    path.write_text("{")
    again = RecordStore(tmp_path / "results")
    records, problems = again.read_all(whole=True)
    assert len(records) == 7
    assert [problem.path for problem in problems] == [path]
    assert all(again.predictions(r) is not None for r in records if r.status == "finished")


def test_a_run_is_written_beside_a_pack(results, tmp_path):
    (tmp_path / "board").mkdir()
    shutil.move(pack_of(results, tmp_path), tmp_path / "board")
    store = RecordStore(tmp_path / "board")
    new = write_run(store, "worse", 7)
    assert len(store.read_all()[0]) == 8
    assert store.find(new.key) == new
    assert store.source_of(new) == store.path_of(new)
    old = next(r for r in store.read_all()[0] if r.cell.seed == 0)
    assert store.source_of(old) == tmp_path / "board" / "all.parquet"
    assert store.find(old.key) == old


def test_only_the_row_groups_that_are_asked_for_are_read(results, tmp_path, monkeypatch):
    monkeypatch.setattr("ninetynine.records.packing._ROWS", 2)
    store = RecordStore(pack_of(results, tmp_path))
    record = store.read_all()[0][-2]
    read, real = [], parquet_module.read_rows

    def noting(file, group, names):
        read.append((group, "probability_codes" in names))
        return real(file, group, names)

    monkeypatch.setattr("ninetynine.records.pack.read_rows", noting)
    assert store.predictions(record) is not None
    assert {group for group, arrays in read if arrays} == {1, 2}  # its own, and its labels'


def damaged(pack, **changes):
    table = pq.read_table(pack)
    for name, values in changes.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return rewritten(pack, table)


def rewritten(pack, table, **options):
    """A pack that another program wrote, so that its rows are what has to be looked at."""
    pq.write_table(table, pack, **{"use_dictionary": False, "store_schema": False, **options})
    pack.write_bytes(parquet_module.sealed(pack.read_bytes()))
    return RecordStore(pack)


def test_what_a_row_says_wrongly_is_named_and_left_out(results, tmp_path):
    pack = pack_of(results, tmp_path)
    table = pq.read_table(pack)
    accuracies = table["test_accuracy"].to_pylist()
    accuracies[1] = 0.999
    store = damaged(pack, test_accuracy=pa.array(accuracies, pa.float64()))
    records, problems = store.read_all(whole=True)
    assert len(records) == 6
    assert [str(p.path) for p in problems] == [str(pack)]
    assert "row 2: its record_sha256 is not that of its content" in str(problems[0])


def test_other_predictions_are_named_and_the_record_stays(results, tmp_path):
    pack = pack_of(results, tmp_path)
    codes = pq.read_table(pack)["probability_codes"].to_pylist()
    codes[0] = bytes([codes[0][0] ^ 1]) + codes[0][1:]
    store = damaged(pack, probability_codes=pa.array(codes, pa.binary()))
    records, problems = store.read_all(whole=True)
    assert len(records) == 7
    assert ["arrays_sha256" in str(problem) for problem in problems] == [True]
    assert sum(store.predictions(record) is None for record in records) == 2  # and the failed one


@pytest.mark.slow
@pytest.mark.parametrize("changes", [40, pytest.param(150, marks=pytest.mark.exhaustive)])
def test_every_changed_byte_is_noticed_or_means_nothing(results, tmp_path, changes):
    content = pack_of(results, tmp_path).read_bytes()
    clean = RecordStore(tmp_path / "all.parquet")
    known = {r.key: r for r in clean.read_all(whole=True)[0]}
    known_predictions = {k: clean.predictions(r) for k, r in known.items()}
    other = tmp_path / "other.parquet"
    generator = np.random.default_rng(0)
    for at in generator.integers(0, len(content), changes):
        changed = bytearray(content)
        changed[at] ^= 1 << int(generator.integers(8))
        other.write_bytes(changed)
        store = RecordStore(other)
        records, problems = store.read_all(whole=True)
        assert len(records) == 7 or problems, at
        for record in records:
            assert known[record.key] == record, at
            found, before = store.predictions(record), known_predictions[record.key]
            if found is None or before is None:
                assert problems or before is None, at
            else:
                np.testing.assert_array_equal(found.probabilities, before.probabilities)
                np.testing.assert_array_equal(found.labels, before.labels)


@pytest.mark.parametrize("kept", [0, 3, 100, 0.5, 0.99])
def test_a_truncated_pack_is_one_line(kept, results, tmp_path):
    pack = pack_of(results, tmp_path, "results/all.parquet")
    content = pack.read_bytes()
    pack.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    records, problems = RecordStore(tmp_path / "results").read_all(whole=True)
    assert len(records) == 7  # from their files
    assert [p.path for p in problems] == [pack]
    assert "\n" not in str(problems[0])


def test_other_parquet_files_are_named(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    rewritten(tmp_path / "sealed.parquet", pa.table({"a": [1]}))
    names = {column.name: [None] for column in columns()}
    rewritten(tmp_path / "nulls.parquet", pa.table(names))
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "text.parquet").write_text("no")
    (tmp_path / "gone.parquet").symlink_to("nowhere")
    records, problems = RecordStore(tmp_path).read_all()
    assert records == []
    reasons = {problem.path.name: problem.reason for problem in problems}
    assert "that bench pack did not write" in reasons.pop("foreign.parquet")
    assert "it has no column schema_version" in reasons.pop("sealed.parquet")
    assert "schema_version is null, not int64" in reasons.pop("nulls.parquet")
    assert "not a regular file" in reasons.pop("folder.parquet")
    assert reasons.keys() == {"text.parquet", "gone.parquet"}


def test_what_would_take_too_much_room_is_refused_beforehand(results, tmp_path, monkeypatch):
    pack = pack_of(results, tmp_path)
    monkeypatch.setattr(parquet_module, "_MOST_ROWS", 6)
    assert "7 rows, more than the 6" in str(RecordStore(pack).read_all()[1][0])
    monkeypatch.undo()
    monkeypatch.setattr(parquet_module, "_LARGEST_GROUP", 1000)
    assert "a row group of more than 1,000 bytes" in str(RecordStore(pack).read_all()[1][0])
    monkeypatch.undo()
    store = rewritten(pack, pq.read_table(pack), use_dictionary=True)  # much of little
    assert "is encoded as bench pack does not do it" in str(store.read_all()[1][0])


def test_a_key_that_is_there_twice_counts_once(results, tmp_path):
    pack = pack_of(results, tmp_path)
    table = pq.read_table(pack)
    store = rewritten(pack, pa.concat_tables([table, table.slice(0, 1)]))
    records, problems = store.read_all(whole=True)
    assert len(records) == 7
    assert ["row 8: its key is an earlier row's" in str(p) for p in problems] == [True]


def test_a_pack_is_not_replaced_by_one_that_lacks_its_records(results, tmp_path):
    pack = pack_of(results, tmp_path)
    other = RecordStore(tmp_path / "other")
    write_run(other, "third")
    before = pack.read_bytes()
    with pytest.raises(UserError, match="has 7 records that are not packed now"):
        write_pack(other, pack)
    (tmp_path / "text.parquet").write_text("no")
    with pytest.raises(UserError, match="cannot be replaced"):
        write_pack(other, tmp_path / "text.parquet")
    with pytest.raises(UserError, match=r"ends in \.parquet"):
        write_pack(other, tmp_path / "pack.csv")
    assert pack.read_bytes() == before
    write_run(results, "third")
    assert len(write_pack(results, pack).records) == 8


def test_a_pack_cannot_be_written_to(results, tmp_path):
    pack = pack_of(results, tmp_path)
    before = pack.read_bytes()
    with (
        pytest.raises(UserError, match=r"all.parquet: records are written to a folder"),
        RecordStore(pack).lock(),
    ):
        pass
    assert pack.read_bytes() == before


def bench(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return left.value.code, capsys.readouterr()


@pytest.mark.slow
def test_verbs_read_a_pack_as_they_read_a_folder(results, tmp_path, capsys, monkeypatch):
    for seed in range(2):  # rows that can be compared: of the same labels
        write_run(results, "third", seed, wrong=range(10, 25 + seed), images=300)
    code, said = bench(capsys, "pack", results.directory, "--into", tmp_path / "all.parquet")
    assert (code, said.err) == (0, "")
    assert "all.parquet: 9 records" in said.out
    (tmp_path / "board").mkdir()
    shutil.copy(tmp_path / "all.parquet", tmp_path / "board")
    asked = [
        ["report", "--format", "json"],
        ["compare", "worse", "third"],
        ["plan", "worse", "third"],
    ]
    for words in asked:
        answers = [
            bench(capsys, *words, "--results", place)
            for place in (results.directory, tmp_path / "all.parquet", tmp_path / "board")
        ]
        assert answers[0][0] == 0, answers[0][1].err
        # Where its runs were made is what nobody knows of a pack.
        made = re.compile(r'"(made_here|packed)": \d+')
        exact = [made.sub("", answer[1].out) for answer in answers]
        if words[0] != "compare":  # which tells probabilities
            assert exact[1:] == [exact[0]] * 2
        else:
            assert exact[1].splitlines()[:3] == exact[0].splitlines()[:3]
    assert bench(capsys, "doctor", tmp_path / "all.parquet")[0] == 0
    assert bench(capsys, "doctor", tmp_path / "board")[0] == 0
    code, said = bench(capsys, "merge", tmp_path / "all.parquet", "--into", tmp_path / "merged")
    assert (code, "9 records added" in said.out) == (0, True)
    code, said = bench(
        capsys, "unpack", tmp_path / "board/all.parquet", "--into", tmp_path / "board"
    )
    assert (code, "9 records added" in said.out) == (0, True)
    code, said = bench(capsys, "merge", results.directory, "--into", tmp_path / "board")
    assert (code, "9 known already" in said.out) == (0, True)


def test_a_path_that_is_no_pack_is_one_line(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("a,b")
    code, said = bench(capsys, "report", "--results", tmp_path / "x.csv")
    assert (code, said.err.count("\n")) == (2, 1)
    assert "neither a folder nor a pack" in said.err
    code, said = bench(capsys, "pack", tmp_path / "none", "--into", tmp_path / "p.parquet")
    assert (code, said.err.count("\n")) == (2, 1)
    code, said = bench(capsys, "unpack", tmp_path / "none.parquet", "--into", tmp_path / "out")
    assert (code, said.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("verb", ["merge", "unpack", "run"])
def test_no_folder_is_made_that_would_be_taken_for_a_pack(results, tmp_path, capsys, verb):
    pack, new = pack_of(results, tmp_path), tmp_path / "new.parquet"
    option = "--results" if verb == "run" else "--into"
    code, said = bench(capsys, verb, "quick" if verb == "run" else pack, option, new)
    assert (code, new.exists()) == (2, False)
    assert f"bench: {option} {new}: records are written to a folder" in said.err
    assert said.err.count("\n") == 1


def test_a_problem_with_a_pack_is_kept_as_it_is(tmp_path):
    (tmp_path / "text.parquet").write_text("no")
    ((problem,)) = RecordStore(tmp_path).read_all()[1]
    assert isinstance(problem, Problem)
    assert RecordStore(tmp_path).describe(problem).startswith("text.parquet: not a whole Parquet")
    assert RecordStore(tmp_path / "text.parquet").describe(problem).startswith("text.parquet: ")


@pytest.mark.slow
def test_pyarrow_is_imported_only_where_there_is_a_pack(results, tmp_path):
    pack_of(results, tmp_path)
    code = (
        "import sys; from pathlib import Path; from ninetynine.records import RecordStore\n"
        "for place in sys.argv[1:]:\n"
        "    RecordStore(Path(place)).read_all(whole=True)\n"
        "    print('pyarrow' in sys.modules, 'pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", code, results.directory, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = [line.split() for line in done.stdout.splitlines()]
    assert said == [["False", "False"], ["True", "False"]]
