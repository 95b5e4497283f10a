"""The columns: one name each, described in the docs, the same in every format."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from ninetynine.board import build_boards
from ninetynine.errors import UserError
from ninetynine.report import Report, render
from ninetynine.report.columns import chosen_columns, columns, describe, row_values
from record_builders import make_record, write_bare, write_run

PAGE = Path(__file__).parents[2] / "docs" / "columns.md"


@pytest.fixture
def net_store(store):
    for seed in range(3):
        write_run(store, "net", seed, wrong=range(10 + seed))
    return store


def described():
    lines = ["| key | fields | meaning |", "|---|---|---|"]
    for row in describe():
        fields = ", ".join(f"`{field}`" for field in row["fields"].split(", "))
        lines.append(f"| `{row['key']}` | {fields} | {row['meaning']} |")
    return "\n".join(lines) + "\n"


def test_the_docs_describe_every_column():
    page = PAGE.read_text()
    table = re.search(r"<!-- columns:begin -->\n(.*)<!-- columns:end -->", page, re.DOTALL)
    assert table[1] == described()


def test_every_column_of_the_registry_is_in_csv_and_json_under_its_fields(net_store):
    usual = [column for column in columns().values() if not column.on_request]
    fields = [field for column in usual for field in column.fields]
    assert len(fields) == len(set(fields))
    (line,) = csv.DictReader(io.StringIO(render(Report(net_store, {}), "csv")))
    assert list(line) == fields
    (row,) = json.loads(render(Report(net_store, {}), "json"))["boards"][0]["rows"]
    assert set(fields) <= set(row)


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv", "json"])
def test_columns_that_are_asked_for_stand_in_every_format(net_store, format):
    text = render(Report(net_store, {}, columns=("peak_memory", "seeds")), format)
    shown = "peak_memory_bytes" if format in ("csv", "json") else "Peak memory, MiB"
    assert shown in text
    assert "loss" not in text.lower()


def test_a_column_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UserError, match="no column is called 'accuracie'; did you mean 'accuracy'"):
        chosen_columns(["accuracie"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("band", "it is called 'group' now"),
        ("these_images_low", "it is called 'ci_seeds' now"),
        ("digits_like_these_high", "it is called 'ci_population' now"),
        ("way_from_9906_to_9979", "it is called 'gap_closed' now"),
        ("test_accuracy_mean", "it is a field of 'accuracy'"),
    ],
)
def test_a_name_that_stood_in_csv_is_told_with_its_column(given, told):
    with pytest.raises(UserError, match=f"no column is called '{given}'; {told}$"):
        chosen_columns(["accuracy", given])


def test_what_is_recorded_beside_the_training_is_shown(store):
    for seed, latency in enumerate((0.010, 0.020, 0.040)):
        record = make_record("net", seed)
        answering = {"latency_p99_seconds": latency, "throughput_1000": 1 / latency}
        timing = record.timing.model_copy(update=answering)
        changes = {"timing": timing, "peak_memory_bytes": (seed + 1) * 2**20}
        write_bare(store, record.model_copy(update=changes))
    (board,) = build_boards(store, {})
    values = row_values(board, board.rows[0])
    assert values["latency_p99_seconds"] == 0.020
    assert values["throughput_1000_images_per_second"] == 50.0
    assert values["peak_memory_bytes"] == 2 * 2**20
    assert columns()["latency_p99"].write(board, board.rows[0]) == "20.0"
    assert columns()["peak_memory"].write(board, board.rows[0]) == "2"
