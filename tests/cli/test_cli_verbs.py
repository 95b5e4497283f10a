"""The verbs that read: list, show, data, report, compare, plan, import, predict, explain."""

import json

import numpy as np
import pytest
from ninetynine.cli.verbs import show
from ninetynine.records import RecordStore
from record_builders import draw_wrong, write_run


@pytest.fixture
def results(tmp_path):
    """Two models on 1,000 images, three seeds each: ``t2_dense`` is right far more often."""
    store = RecordStore(tmp_path / "results")
    for seed in range(3):
        write_run(store, "t2_dense", seed, wrong=draw_wrong(0.02, seed))
        write_run(store, "t1_small_cnn", seed, wrong=draw_wrong(0.10, 100 + seed))
    return tmp_path / "results"


def one_line(text):
    return text.count("\n") == 1 and "Traceback" not in text


def test_list_architectures_as_json_has_what_a_program_needs(bench):
    code, out, _ = bench("list", "architectures", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["t3_deep_cnn"]["parameters"] == 600_810
    assert "Schmudde" in rows["t3_deep_cnn"]["source"]
    assert {claim["id"] for claim in rows["t2_dense"]["claims"]} == {"T2", "T5"}


@pytest.mark.parametrize("kind", ["architectures", "datasets", "suites"])
def test_every_kind_can_be_listed_for_people_and_programs(bench, kind):
    code, table, _ = bench("list", kind)
    assert code == 0
    _, text, _ = bench("list", kind, "--json")
    for row in json.loads(text):
        assert row["name"] in table


def test_list_names_the_nearest_kind(bench):
    code, _, err = bench("list", "dataset")
    assert code == 2
    assert "did you mean 'datasets'?" in err
    assert one_line(err)


def test_an_unknown_verb_is_one_line_with_the_nearest(bench):
    code, _, err = bench("reprot")
    assert code == 2
    assert "did you mean 'report'?" in err
    assert one_line(err)


def test_an_unknown_option_is_one_line(bench):
    code, _, err = bench("list", "--jsn")
    assert code == 2
    assert "--jsn" in err
    assert one_line(err)


def test_data_describes_the_four_arrays(bench):
    code, out, _ = bench("data", "digits", "--json")
    arrays = json.loads(out)["arrays"]
    assert code == 0
    assert arrays["x_train"]["shape"] == [1437, 28, 28, 1]
    assert arrays["y_test"]["length"] == 360


@pytest.mark.slow
def test_data_draws_a_picture(bench, tmp_path):
    picture = tmp_path / "samples.png"
    code, out, _ = bench("data", "digits", "--picture", picture, "--per-class", 2)
    assert code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in out


@pytest.mark.parametrize("shape", ["28,28", "28x28x1", "0,28,1", ","])
def test_show_refuses_a_shape_that_is_none(bench, shape):
    code, _, err = bench("show", "t2_dense", "--input-shape", shape)
    assert code == 2
    assert "28,28,1" in err
    assert one_line(err)


def test_show_says_how_many_seeds_were_trained_at_once(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(show, "start_backend_here", lambda *_: None)
    monkeypatch.setattr(show, "_built", lambda *_: {})
    store = RecordStore(tmp_path)
    for seed in range(4):
        at_once = {"together": {"seeds": [0, 1, 2]}} if seed < 3 else {}
        write_run(store, "t2_dense", seed, **at_once)
    code, out, _ = bench("show", "t2_dense", "--results", tmp_path)
    assert code == 0
    assert "Seeds at once: 3 runs trained 3 together" in out
    _, text, _ = bench("show", "t2_dense", "--results", tmp_path, "--json")
    assert json.loads(text)["seeds_at_once"] == [{"together": 3, "runs": 3}]
    told = {"dataset": "hf:me/pets", "context": {"dataset_revision": "abc"}}
    write_run(store, "t2_dense[epochs=1]", 0, **told)
    out = bench("show", "t2_dense", "--results", tmp_path)[1]
    assert "Data: 1 run on hf:me/pets, revision abc" in out


def test_report_prints_the_board_and_json_holds_numbers(bench, results):
    code, out, _ = bench("report", "--results", results)
    assert code == 0
    assert "t2_dense" in out
    _, text, _ = bench("report", "--results", results, "--format", "json")
    assert "t2_dense" in text
    json.loads(text)


def test_report_names_an_unreadable_record_and_still_reports_the_rest(bench, results):
    broken = results / "records" / "t2_dense" / "mnist-seed-9-0123456789abcdef.json"
    broken.write_text('{"schema_version": 1, "ke')
    _, out, err = bench("report", "--results", results)
    assert broken.name in (out + err).replace("\n", "").replace(" ", "")
    assert "t1_small_cnn" in out


def test_report_writes_a_file(bench, results, tmp_path):
    output = tmp_path / "table.md"
    code, out, _ = bench("report", "--results", results, "--format", "markdown", "--output", output)
    assert (code, out) == (0, "")
    assert "| `t2_dense`" in output.read_text()


def test_report_of_no_folder_says_what_to_do(bench, tmp_path):
    code, _, err = bench("report", "--results", tmp_path / "none")
    assert code == 2
    assert "bench run" in err
    assert one_line(err)


def test_compare_gives_a_verdict_that_the_data_bear_out(bench, results):
    code, out, _ = bench("compare", "t2_dense", "t1_small_cnn", "--results", results)
    assert code == 0
    assert out.startswith("t2_dense is better than t1_small_cnn")
    _, text, _ = bench("compare", "t1_small_cnn", "t2_dense", "--results", results, "--json")
    facts = json.loads(text)
    assert facts["verdict"] == "worse"
    assert facts["difference"] < 0
    assert facts["interval"]["high"] < 0


@pytest.mark.parametrize("verb", ["compare", "plan"])
def test_a_row_and_itself_are_told_to_be_one(bench, results, verb):
    code, _, err = bench(verb, "t2_dense", "t2_dense@published", "--results", results)
    assert code == 2
    assert "t2_dense and t2_dense are one row, which does not differ from itself" in err
    assert one_line(err)


@pytest.mark.parametrize("verb", ["compare", "plan"])
@pytest.mark.parametrize(
    ("option", "value"), [("--alpha", "1e-300"), ("--alpha", "nan"), ("--power", "1")]
)
def test_chances_that_are_none_are_refused(bench, results, verb, option, value):
    code, _, err = bench(verb, "t2_dense", "t1_small_cnn", option, value, "--results", results)
    assert (code, f"{option} {value}: expected a number above" in err) == (2, True)
    assert one_line(err)


@pytest.mark.parametrize("value", ["100%", "%", "1e-320", "0,1"])
def test_a_margin_is_refused_as_it_was_written(bench, results, value):
    given = ("compare", "t2_dense", "t1_small_cnn", "--margin", value, "--results", results)
    code, _, err = bench(*given)
    assert (code, f"--margin {value}: expected a number" in err) == (2, True)


def test_no_chance_is_rounded_to_none_or_all(bench, results):
    more = ("--results", results, "--alpha", "1e-6", "--power", "0.99999")
    text = bench("compare", "t2_dense", "t1_small_cnn", *more)[1]
    for words in ("99.99995% interval", "99.999% power", "judged at 0.00005%"):
        assert words in text
    assert "99.999% power" in bench("plan", "t2_dense", "t1_small_cnn", "--difference", 9, *more)[1]


def test_models_that_differ_in_nothing_leave_no_margin_and_no_images(bench, tmp_path):
    store = RecordStore(tmp_path)
    for seed in range(2):
        write_run(store, "plain", seed, wrong=(), images=500)
    write_run(store, "other", 0, wrong=(), images=500)
    given = ("compare", "plain", "other", "--results", tmp_path)
    text = bench(*given, "--margin", "20%")[1]
    assert "nothing left of which 20% could be a margin: give one in percentage points" in text
    assert "One run each" not in text
    assert "on which they differ most" not in text
    code, _, err = bench(*given, "--picture", tmp_path / "a.png")
    assert (code, "there is nothing to draw" in err) == (2, True)


def test_compare_of_single_runs_is_an_exact_mcnemar_test(bench, results):
    _, text, _ = bench(
        "compare", "t2_dense", "t1_small_cnn", "--seed", 1, "--results", results, "--json"
    )
    facts = json.loads(text)
    a, b = draw_wrong(0.02, 1), draw_wrong(0.10, 101)
    only_a_right = len(np.setdiff1d(b, a))
    only_b_right = len(np.setdiff1d(a, b))
    assert facts["discordant"] == [only_a_right, only_b_right]


def test_compare_lists_images_by_how_much_they_differ(bench, results):
    _, text, _ = bench(
        "compare", "t2_dense", "t1_small_cnn", "--results", results, "--json", "--images", 5
    )
    images = json.loads(text)["images"]
    gaps = [abs(image["probability_a"] - image["probability_b"]) for image in images]
    assert len(images) == 5
    assert gaps == sorted(gaps, reverse=True)
    assert all(image["label"] == image["index"] % 10 for image in images)


def test_compare_names_the_nearest_row(bench, results):
    code, _, err = bench("compare", "t2_dense", "t1_smal_cnn", "--results", results)
    assert code == 2
    assert "did you mean 't1_small_cnn'?" in err
    assert one_line(err)


def test_compare_refuses_rows_on_other_test_images(bench, results):
    write_run(RecordStore(results), "other", 0, images=500)
    code, _, err = bench("compare", "t2_dense", "other", "--results", results)
    assert code == 2
    assert "test labels" in err
    assert one_line(err)


def test_a_row_under_another_recipe_has_its_own_name(bench, results):
    write_run(
        RecordStore(results), "t2_dense", 0, wrong=draw_wrong(0.05, 7),
        recipe={"batch_size": 1, "epochs": 1, "optimizer": {"name": "sgd"}},
        context={"variant": "controlled", "suite": "controlled"},
    )  # fmt: skip
    code, text, _ = bench(
        "compare", "t2_dense", "t2_dense@controlled", "--results", results, "--json"
    )
    assert code == 0
    assert json.loads(text)["b"] == "t2_dense@controlled"


def test_plan_needs_fewer_seeds_for_a_larger_difference(bench, results):
    def seeds(difference):
        arguments = ("t2_dense", "t1_small_cnn", "--difference", difference, "--results", results)
        facts = json.loads(bench("plan", *arguments, "--json")[1])
        return facts["seeds"] or 10_000

    assert seeds(5) <= seeds(2) <= seeds(0.05)


def test_plan_says_of_one_test_image_what_compare_says(bench, tmp_path):
    store = RecordStore(tmp_path)
    for name in ("plain", "other"):
        for seed in range(3):
            write_run(store, name, seed, wrong=(), images=1)
    given = ("plain", "other", "--results", tmp_path)
    code, out, _ = bench("plan", *given)
    assert code == 0
    assert "on this one test image: the test images are too few, and 7,000 would be needed" in out
    _, compared, _ = bench("compare", *given)
    assert "the test images are the limit, and 7,000 would be needed" in compared


def test_compare_takes_the_names_that_it_says_where_data_of_one_name_have_two_contents(
    bench, tmp_path
):
    store = RecordStore(tmp_path)
    for digit in "12":
        for name in ("plain", "other"):
            write_run(store, name, dataset="same_name", dataset_fingerprint=digit * 64)
    code, _, err = bench("compare", "plain", "other", "--results", tmp_path)
    assert code == 2
    assert one_line(err)
    names = err.strip().partition("name one of: ")[2].split(", ")
    assert names == ["plain@published-11111111", "plain@published-22222222"]
    for name in names:
        other = name.replace("plain", "other")
        assert bench("compare", name, other, "--results", tmp_path)[0] == 0
    code, _, err = bench("compare", *names, "--results", tmp_path)
    assert code == 2
    assert "other data (the fingerprints of their datasets differ)" in err


def test_plan_lets_the_nearest_row_stand_in_for_one_without_records(bench, results):
    code, out, _ = bench("plan", "t2_dense", "t3_deep_cnn", "--results", results)
    assert code == 0
    assert "no records yet: its spread is taken to be t1_small_cnn's" in out


def test_predict_shows_the_recorded_probabilities(bench, results):
    code, text, _ = bench("predict", "t2_dense", "--index", 3, "--results", results, "--json")
    facts = json.loads(text)
    assert code == 0
    assert len(facts["probabilities"]) == 10
    assert facts["label"] == 3
    assert facts["predicted"] == int(np.argmax(facts["probabilities"]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--index", "5000"), "0 to 999"),
        ((), "either --index I"),
        (("--index", "1", "--seed", "8"), "no finished record"),
        (("--image", "digit.png"), "--keep-models"),
    ],
)
def test_predict_refuses_in_one_line(bench, results, arguments, says):
    code, _, err = bench("predict", "t2_dense", *arguments, "--results", results)
    assert code == 2
    assert says in err
    assert one_line(err)


def test_explain_names_the_part_of_the_key_that_differs(bench, tmp_path):
    arguments = ("quick", "--only", "t2_dense", "--seeds", "0", "--results", tmp_path)
    _, out, _ = bench("explain", *arguments)
    assert "would run, no record of this architecture yet" in out
    cell = json.loads(bench("explain", *arguments, "--json")[1])[0]["cell"]
    write_run(RecordStore(tmp_path), **{**cell, "precision": "mixed_bfloat16"})
    _, out, _ = bench("explain", *arguments)
    assert "differs in precision" in out
    write_run(RecordStore(tmp_path), **cell)
    _, out, _ = bench("explain", *arguments)
    assert "reused" in out


def test_a_fault_of_ours_is_no_answer_about_accuracy(bench, monkeypatch):
    import ninetynine.cli.verbs.list as listing

    def fail():
        raise RuntimeError("not the user's mistake")

    monkeypatch.setitem(listing._ROWS, "suites", fail)
    code, _, err = bench("list", "suites")
    assert code == 70
    assert "RuntimeError" in err
