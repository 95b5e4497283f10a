"""``bench rank``: tables and other tools' logs, in the layouts that these tools write."""

import json
import re
import zipfile

import numpy as np
import pytest
from ninetynine.errors import UserError
from ninetynine.ranking import rank, rank_files

RIGHT = {"big": 0.9, "small": 0.5}


def answers(model, items=60, seed=0):
    rng = np.random.default_rng([seed, len(model)])
    return [bool(rng.random() < RIGHT[model]) for _ in range(items)]


def lm_eval_sample(number, right, filter="none", metric="acc"):
    return {
        "doc_id": number,
        "doc": {"question": "?"},
        "target": "A",
        "arguments": {"gen_args_0": {"arg_0": "?"}},
        "resps": [["A"]],
        "filtered_resps": ["A"],
        "filter": filter,
        "metrics": [metric, "acc_norm"],
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        metric: float(right),
        "acc_norm": float(not right),
    }


def lm_eval(folder, model, time="2026-01-01T10-00-00.123456", seed=0):
    path = folder / f"org__{model}" / f"samples_some_task_{time}.jsonl"
    path.parent.mkdir(exist_ok=True)
    samples = [lm_eval_sample(i, right) for i, right in enumerate(answers(model, seed=seed))]
    path.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    return path


def inspect_log(model):
    return {
        "version": 2,
        "status": "success",
        "eval": {"task": "some_task", "model": f"org/{model}", "dataset": {"name": "d"}},
        "samples": [
            {
                "id": f"q{i}",
                "epoch": epoch,
                "input": "?",
                "target": "A",
                "scores": {"match": {"value": "C" if right else "I", "answer": "A"}},
            }
            for epoch in (1, 2)
            for i, right in enumerate(answers(model, seed=epoch))
        ],
    }


def inspect_zip(path, model, summaries):
    log = inspect_log(model)
    samples = log.pop("samples")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", json.dumps(log))
        if summaries:
            archive.writestr("summaries.json", json.dumps(samples))
        for sample in samples:
            name = f"samples/{sample['id']}_epoch_{sample['epoch']}.json"
            archive.writestr(name, json.dumps(sample))
    return path


def swe_bench(folder, model):
    ids = [f"org__{'one' if i % 3 else 'two'}-{i}" for i in range(60)]
    right = answers(model)
    report = {
        "total_instances": 60,
        "submitted_ids": ids,
        "completed_ids": ids,
        "resolved_ids": [i for i, ok in zip(ids, right, strict=True) if ok],
        "unresolved_ids": [i for i, ok in zip(ids, right, strict=True) if not ok],
        "schema_version": 2,
    }
    path = folder / f"{model}.run_1.json"
    path.write_text(json.dumps(report))
    return path


def rows_of(ranking):
    (board,) = ranking.boards
    return board, {row.name: row for row in board.rows}


def test_samples_of_lm_evaluation_harness(tmp_path):
    paths = [lm_eval(tmp_path, model) for model in RIGHT]
    board, rows = rows_of(rank_files(paths))
    assert board.dataset == "some_task"
    assert list(rows) == ["org/big", "org/small"]
    assert rows["org/big"].accuracy.mean == pytest.approx(np.mean(answers("big")))
    _, other = rows_of(rank_files(paths, "acc_norm"))
    assert list(other) == ["org/small", "org/big"]


def test_several_runs_of_a_model_are_its_seeds(tmp_path):
    paths = [lm_eval(tmp_path, model) for model in RIGHT]
    paths.append(lm_eval(tmp_path, "big", time="2026-01-02T10-00-00.5", seed=1))
    _, rows = rows_of(rank_files(paths))
    assert rows["org/big"].seeds == (0, 1)
    assert rows["org/small"].seeds == (0,)


def test_one_filter_of_several_counts(tmp_path):
    for model in RIGHT:
        path = tmp_path / model / "samples_math.jsonl"
        path.parent.mkdir()
        lines = [
            lm_eval_sample(i, right if name == "strict" else True, name, "exact_match")
            for i, right in enumerate(answers(model))
            for name in ("strict", "flexible")
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    paths = [tmp_path / model / "samples_math.jsonl" for model in RIGHT]
    assert rows_of(rank_files(paths))[1]["small"].accuracy.mean < 1
    flexible = rank_files(paths, "exact_match,flexible")
    assert rows_of(flexible)[1]["small"].accuracy.mean == 1


@pytest.mark.parametrize("kind", ["summaries", "samples", "json"])
def test_logs_of_inspect(tmp_path, kind):
    paths = []
    for model in RIGHT:
        if kind == "json":
            paths.append(tmp_path / f"{model}.json")
            paths[-1].write_text(json.dumps(inspect_log(model)))
        else:
            paths.append(inspect_zip(tmp_path / f"{model}.eval", model, kind == "summaries"))
    board, rows = rows_of(rank_files(paths))
    assert (board.dataset, list(rows)) == ("some_task", ["org/big", "org/small"])
    assert len(rows["org/big"].seeds) == 2
    expected = np.mean([answers("small", seed=epoch) for epoch in (1, 2)])
    assert rows["org/small"].accuracy.mean == pytest.approx(expected)


def test_reports_of_swe_bench_have_repositories_as_groups(tmp_path):
    board, rows = rows_of(rank_files([swe_bench(tmp_path, model) for model in RIGHT]))
    assert list(rows) == ["big", "small"]
    assert board.image_groups.count == 2


def test_results_of_swe_bench_lack_what_was_not_resolved(tmp_path):
    for model in RIGHT:
        path = tmp_path / model / "results" / "results.json"
        path.parent.mkdir(parents=True)
        ids = [f"org__{'one' if i % 3 else 'two'}-{i}" for i in range(60)]
        resolved = [i for i, ok in zip(ids, answers(model), strict=True) if ok]
        path.write_text(json.dumps({"no_generation": ids[:1], "no_logs": [], "resolved": resolved}))
    paths = [tmp_path / model / "results" / "results.json" for model in RIGHT]
    board, rows = rows_of(rank_files(paths))
    assert list(rows) == ["big", "small"]
    assert any("count as not resolved" in note for note in board.notes)
    assert rows["small"].accuracy.mean * board.images == pytest.approx(sum(answers("small")))


def csv_of(path, separator=","):
    rows = [("model", "item", "correct")]
    rows += [(m, i, ok) for m in RIGHT for i, ok in enumerate(answers(m))]
    path.write_text("\n".join(separator.join(map(str, row)) for row in rows))
    return path


def test_tables_of_every_kind_are_one(tmp_path, bench):
    table = csv_of(tmp_path / "a.csv")
    expected = bench("rank", table, "--format", "csv")[1]
    rows = [line.split(",") for line in table.read_text().splitlines()]
    objects = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, objects)))
    (tmp_path / "a.json").write_text(json.dumps(objects))
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(objects), tmp_path / "a.parquet")
    csv_of(tmp_path / "b.csv", ";")
    for name in ("a.jsonl", "a.json", "a.parquet", "b.csv"):
        assert bench("rank", tmp_path / name, "--format", "csv")[1] == expected, name


def test_the_output_says_who_may_be_best_and_what_would_decide(tmp_path, bench):
    code, text, _ = bench("rank", csv_of(tmp_path / "a.csv"))
    assert code == 0
    assert "big is the best on items like these, at 95%" in text
    assert "significantly different pairs: 1 of 1." in text
    page = tmp_path / "page.html"
    code, text, _ = bench("rank", tmp_path / "a.csv", "--format", "html", "--output", page)
    assert (code, "is the best" in text) == (0, True)
    assert "<html" in page.read_text()


def test_equivalent_models_are_not_called_undecided():
    items = range(3_000)
    found = rank(
        {"model": ["a"] * 3_000 + ["b"] * 3_000, "item": [*items, *items], "correct": [1] * 6_000}
    )
    assert "equivalent within 0.1 points" in str(found)
    assert not any("undecided" in line for line in found.sentences())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "model,item\nx,1\n", "no column 'correct'"),
        ("a.csv", "model,item,correct\nx,1\n", "line 2 has 2 columns"),
        ("a.jsonl", "{\n", "line 1 is no JSON"),
        ("a.jsonl", "[1]\n", "no object"),
        ("a.json", "{}", "no column 'model'"),
        ("a.json", '{"a": 1}', "neither answers nor a log"),
        ("a.eval", "no zip", "not a log that can be read"),
        ("a.parquet", "no parquet", "not a Parquet file"),
        ("a.xlsx", "x", "expected a table of answers"),
        ("a.json", "[" * 100_000, "cannot be read"),
        ("a.jsonl", "[" * 100_000, "cannot be read"),
        ("a.json", '[{"item": ' + "9" * 5_000 + "}]", "cannot be read"),
        ("a.jsonl", '{"model": "a"}\n\n{"model":\n', "line 3 is no JSON (Expecting value)"),
        ("a.json", '{"resolved_ids": [["a"]]}', "'resolved_ids' is no list of instances"),
        ("a.json", '{"resolved": [{"a": 1}]}', "'resolved' is no list of instances"),
        ("a.csv", "model,item,correct\n\n\na,1,1\nb,1\n", "line 5 has 2 columns"),
        ("a.csv", 'model,item,correct\n"a\nb",1,1\nb,1\n', "line 4 has 2 columns"),
        ("a.csv", "sep=,\nmodel,item,correct\nb,1\n", "line 3 has 2 columns"),
        ("a.csv", "a,0,0\na,1,1\nb,0,1\n", "no column 'model'"),
    ],
)
def test_a_file_that_holds_no_answers_is_told_in_one_line(tmp_path, bench, name, content, told):
    (tmp_path / name).write_text(content)
    code, _, errors = bench("rank", tmp_path / name)
    assert code == 2
    assert told in errors
    assert errors.count("\n") == 1


def test_a_metric_that_is_not_there_is_told_with_the_nearest(tmp_path, bench):
    code, _, errors = bench("rank", lm_eval(tmp_path, "big"), "--metric", "ac_norm")
    assert (code, "did you mean 'acc_norm'" in errors) == (2, True)


def test_its_page_speaks_of_items_and_of_no_training(bench, tmp_path):
    lines = [
        f"{model},q{item},{seed},{int((item + seed) % every != 0)}"
        for model, every in (("a", 2), ("b", 7))
        for seed in range(3)
        for item in range(60)
    ]
    (tmp_path / "a.csv").write_text("\n".join(["model,item,seed,correct", *lines]))
    page = tmp_path / "page.html"
    assert bench("rank", tmp_path / "a.csv", "--format", "html", "--output", page)[0] == 0
    text = re.sub(r"(?s)<(style|script)>.*?</\1>", "", page.read_text())
    said = re.sub(r"data-images=\"[^\"]*\"", "", text)
    assert not re.findall(r"\bimages?\b", said)
    for word in ("cost", "Seconds", "Learning curves", "bench import", "Recipe", "Provenance"):
        assert word not in said, word


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("model;item;score\na;1;0,5\na;2;1,25\nb;1;0,75\nb;2;3\n", "utf-8"),
        ("model\titem\tscore\na\t1\t0,5\na\t2\t1,25\nb\t1\t,75\nb\t2\t3,0\n", "utf-16"),
        ("sep=;\nmodel;item;score\na;1;0,5\na;2;1,25\nb;1;0,75\nb;2;3\n;;\n", "utf-8-sig"),
        ("model,item,score\na,1,0.5\na,2,1.25\nb , 1,0.75\nb,2,3\n", "utf-8"),
    ],
)
def test_a_spreadsheets_table_is_read(tmp_path, content, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(content.encode(encoding))
    board, rows = rows_of(rank_files([path]))
    means = {name: board.scores.score(row.accuracy.mean) for name, row in rows.items()}
    assert means == pytest.approx({"a": 0.875, "b": 1.875})


def test_names_in_a_spreadsheets_own_code_page_are_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(
        "model;item;correct\nSüd;1;WAHR\nSüd;2;1,0\nb;1;FALSCH\nb;2;0\n".encode("cp1252")
    )
    assert list(rows_of(rank_files([path]))[1]) == ["Süd", "b"]


def test_right_and_wrong_of_several_tables_are_ranked_together(tmp_path):
    for model in RIGHT:
        lines = [f"{model},{i},{str(ok).lower()}" for i, ok in enumerate(answers(model))]
        (tmp_path / f"{model}.csv").write_text("\n".join(["model,item,correct", *lines]))
    _, rows = rows_of(rank_files([tmp_path / f"{model}.csv" for model in RIGHT]))
    assert rows["big"].accuracy.mean == pytest.approx(np.mean(answers("big")))


def test_a_run_that_goes_on_in_another_table_is_one_run(tmp_path):
    lines = [f"{m},{i},{int(ok)}" for m in RIGHT for i, ok in enumerate(answers(m))]
    halves = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, items in zip(halves, (range(30), range(30, 60)), strict=True):
        kept = [line for line in lines if int(line.split(",")[1]) in items]
        path.write_text("\n".join(["model,item,correct", *kept]))
    board, rows = rows_of(rank_files(halves))
    assert board.images == 60
    assert rows["big"].seeds == (0,)
    copy = tmp_path / "copy.csv"
    copy.write_text(halves[0].read_text())
    board, again = rows_of(rank_files([halves[0], copy]))
    assert again["big"].seeds == (0,)
    assert any("count as one: big (2), small (2)" in note for note in board.notes)


def test_a_tables_model_is_named_before_its_file(tmp_path):
    for model in RIGHT:
        lines = [f"{i},{int(ok)}" for i, ok in enumerate(answers(model))]
        (tmp_path / f"{model}.csv").write_text("\n".join(["item,correct", *lines]))
    given = [f"{model}={tmp_path / model}.csv" for model in RIGHT]
    assert list(rows_of(rank_files(given))[1]) == ["big", "small"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("model,item,item,correct\na,1,1,1\n", "2 columns 'item'"),
        ('model,item,score\na,1,"1,234"\nb,1,2\n', "score is '1,234'"),
        ("model,item,score\na,1,-1e308\na,2,1\nb,1,1e308\nb,2,1\n", "too far apart"),
        ("model,item,correct\n ,1,1\nb,1,1\n", "no model"),
        ("model,item,correct\na,1,50\nb,1,100\n", "correct is '50'; expected true or false"),
    ],
)
def test_a_table_that_can_be_taken_for_another_is_refused(tmp_path, bench, content, told):
    (tmp_path / "a.csv").write_text(content)
    code, _, errors = bench("rank", tmp_path / "a.csv")
    assert (code, errors.count("\n")) == (2, 1)
    assert told in errors


def test_two_names_for_the_models_of_a_table_are_refused(tmp_path, bench):
    code, _, errors = bench("rank", f"x={csv_of(tmp_path / 'a.csv')}")
    assert (code, "has a column model" in errors) == (2, True)


def test_a_metric_of_tables_is_refused_and_a_sheet_is_told_how_to_be_saved(tmp_path, bench):
    code, _, errors = bench("rank", csv_of(tmp_path / "a.csv"), "--metric", "acc")
    assert (code, "tables of answers" in errors) == (2, True)
    (tmp_path / "a.xlsx").write_text("")
    assert "save the sheet as CSV" in bench("rank", tmp_path / "a.xlsx")[2]


def test_the_models_of_reports_may_have_dots_in_their_names(tmp_path):
    for name in ("gpt-4.1", "gpt-4o", "claude-3.5", "claude-3.7"):
        swe_bench(tmp_path, "big").rename(tmp_path / f"{name}.run_1.json")
    _, rows = rows_of(rank_files(sorted(tmp_path.glob("*.json"))))
    assert set(rows) == {"gpt-4.1", "gpt-4o", "claude-3.5", "claude-3.7"}
    assert all(len(row.seeds) == 1 for row in rows.values())


@pytest.mark.parametrize("logs", ["run_evaluation", "leaderboard"])
def test_reports_of_each_instance_are_one_run(tmp_path, logs):
    for model in RIGHT:
        for i, right in enumerate(answers(model)):
            item = f"org__{'one' if i % 3 else 'two'}-{i}"
            own = f"run_1/org__{model}" if logs == "run_evaluation" else f"org__{model}/logs"
            path = tmp_path / own / item / "report.json"
            path.parent.mkdir(parents=True)
            told = {"patch_is_None": False, "patch_exists": True, "resolved": right}
            path.write_text(json.dumps({item: told}))
    board, rows = rows_of(rank_files([tmp_path]))
    assert (board.images, board.image_groups.count) == (60, 2)
    assert rows["org/big"].seeds == (0,)
    assert rows["org/big"].accuracy.mean == pytest.approx(np.mean(answers("big")))


def test_details_by_instance_are_read(tmp_path):
    for model in RIGHT:
        path = tmp_path / model / "per_instance_details.json"
        path.parent.mkdir()
        told = {f"a__b-{i}": {"cost": 0.1, "resolved": ok} for i, ok in enumerate(answers(model))}
        told["c__d-1"] = {"resolved": True}
        path.write_text(json.dumps(told))
    _, rows = rows_of(rank_files([tmp_path]))
    assert rows["small"].accuracy.mean == pytest.approx((sum(answers("small")) + 1) / 61)


def test_a_metric_of_which_less_is_better_is_refused(tmp_path, bench):
    time = "2026-01-01T10-00-00.123456"
    for model in RIGHT:
        path = lm_eval(tmp_path, model, time)
        path.with_name(f"results_{time}.json").write_text(
            json.dumps({"higher_is_better": {"some_task": {"acc": False, "acc_norm": True}}})
        )
    code, _, errors = bench("rank", tmp_path)
    assert (code, "of acc less is better" in errors) == (2, True)
    assert bench("rank", tmp_path, "--metric", "acc_norm")[0] == 0
    samples = [lm_eval_sample(i, True, metric="brier_score") for i in range(9)]
    path = tmp_path / "samples_other.jsonl"
    path.write_text("\n".join(map(json.dumps, samples)))
    assert "of brier_score less is better" in bench("rank", path)[2]


def test_samples_of_any_name_are_ranked_where_their_models_are_named(tmp_path):
    given = [f"{model}={lm_eval(tmp_path, model).rename(tmp_path / model)}" for model in RIGHT]
    for model in RIGHT:
        (tmp_path / model).rename(tmp_path / f"{model}.jsonl")
    board, rows = rows_of(rank_files([f"{name}.jsonl" for name in given]))
    assert (board.dataset, list(rows)) == ("answers", ["big", "small"])


def test_a_task_without_a_number_for_each_item_is_told(tmp_path, bench):
    samples = [{**lm_eval_sample(i, True), "acc": [-1.0, 3], "acc_norm": None} for i in range(3)]
    path = tmp_path / "samples_text.jsonl"
    path.write_text("\n".join(map(json.dumps, samples)))
    assert "item 0 has no metric that is a number" in bench("rank", path)[2]


def test_a_sample_that_says_it_is_unscored_is_missing(tmp_path):
    paths = []
    for model in RIGHT:
        log = inspect_log(model)
        if model == "big":
            log["samples"][3]["scores"]["match"]["value"] = float("nan")
            log["samples"][4]["scores"]["match"]["value"] = None
        paths.append(tmp_path / f"{model}.json")
        paths[-1].write_text(json.dumps(log))
    board, _ = rows_of(rank_files(paths))
    assert board.images == 58
    assert any("2 of 60 items are left out" in note for note in board.notes)


def test_a_damaged_log_of_inspect_is_told(tmp_path, bench):
    path = inspect_zip(tmp_path / "a.eval", "big", summaries=False)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:90] + bytes(80) + whole[170:]):
        path.write_bytes(content)
        code, _, errors = bench("rank", path)
        assert (code, "not a log that can be read" in errors) == (2, True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "[]")
        archive.writestr("summaries.json", "[]")
    assert "holds no scored sample" in bench("rank", path)[2]


def test_a_log_whose_model_is_no_name_is_told_with_its_file(tmp_path, bench):
    log = inspect_log("big")
    log["eval"]["model"] = ["a", "list"]
    (tmp_path / "a.json").write_text(json.dumps(log))
    code, _, errors = bench("rank", tmp_path / "a.json")
    assert (code, errors.count("\n")) == (2, 1)
    assert "a.json: row 1: model is" in errors


def test_a_log_that_says_it_is_larger_than_it_is_takes_no_memory(tmp_path, bench):
    path = inspect_zip(tmp_path / "a.eval", "big", summaries=False)
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")  # the first of the directory at the end
    content[entry + 20 : entry + 28] = (2**30).to_bytes(4, "little") * 2
    path.write_bytes(content)
    code, _, errors = bench("rank", path)
    assert (code, "it says that it is larger than it is" in errors) == (2, True)


def test_an_item_that_no_encoding_can_write_is_ranked(tmp_path):
    lines = [json.dumps({"model": m, "item": "\ud800", "correct": m == "a"}) for m in "ab"]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    assert set(rows_of(rank_files([tmp_path / "a.jsonl"]))[1]) == {"a", "b"}


def test_a_parquet_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    with pytest.raises(UserError) as error:
        rank_files([tmp_path / "a.parquet"])
    assert "\n" not in str(error.value)
