"""What runs and what is reused, why, and in which order."""

from ninetynine.cells import Cell
from ninetynine.planning import explain, longest_first, model_path, plan
from ninetynine.records import RecordStore
from record_builders import make_failed, make_identity, make_record, write_run


def make_cell(architecture="net", seed=0, **changes):
    identity = make_identity(architecture, seed, **changes)
    return Cell(identity=identity, suite="test", variant="published")


def names(cells):
    return [cell.identity.architecture for cell in cells]


def test_what_has_a_record_is_reused_and_the_rest_is_missing(store):
    record = write_run(store, seed=1)
    cells = [make_cell(seed=seed) for seed in (0, 1, 2)]
    planned = plan(cells, store)
    assert planned.missing == [cells[0], cells[2]]
    assert planned.reused == [record]


def test_an_empty_store_holds_nothing(tmp_path):
    cells = [make_cell()]
    assert plan(cells, RecordStore(tmp_path / "not there")).missing == cells


def test_a_failed_cell_runs_again_only_when_asked(store):
    failed = store.write(make_failed(), None)
    cell = make_cell()
    assert plan([cell], store).reused == plan([cell], store).failed == [failed]
    assert plan([cell], store, retry_failed=True).missing == [cell]


def test_a_finished_cell_does_not_run_again_when_failed_ones_do(store):
    write_run(store)
    assert plan([make_cell()], store, retry_failed=True).missing == []


def test_the_cell_of_a_damaged_record_runs_again(store):
    store.path_of(write_run(store)).write_text("{")
    assert plan([make_cell()], store).missing == [make_cell()]


def test_a_cell_whose_model_is_wanted_and_not_kept_runs_again(store, tmp_path):
    record = write_run(store)
    models = tmp_path / "models"
    assert plan([make_cell()], store, models_dir=models).missing == [make_cell()]
    model_path(models, record.key, record.cell).parent.mkdir(parents=True)
    model_path(models, record.key, record.cell).touch()
    assert plan([make_cell()], store, models_dir=models).reused == [record]


def test_explain_says_which_record_is_reused(store):
    record = write_run(store)
    found = explain(make_cell(), store, [record])
    assert found.record == store.path_of(record)
    assert found.differs_in == ()


def test_explain_names_the_nearest_record_and_the_difference(store):
    far = write_run(store, seed=1, threads=2, precision="mixed_bfloat16")
    near = write_run(store, seed=1)
    other = write_run(store, "other")
    found = explain(make_cell(), store, [far, near, other])
    assert found.record is None
    assert found.nearest == store.path_of(near)
    assert found.differs_in == ("seed",)


def test_explain_without_a_record_of_the_architecture_names_none(store):
    found = explain(make_cell(), store, [write_run(store, "other")])
    assert (found.record, found.nearest) == (None, None)


def recipe(epochs):
    return {"batch_size": 128, "epochs": epochs, "optimizer": {"name": "adam"}}


def test_without_records_more_parameters_and_epochs_go_first():
    cells = [
        make_cell("small", recipe=recipe(2)),
        make_cell("large", recipe=recipe(1)),
        make_cell("small", recipe=recipe(9)),
    ]
    ordered = longest_first(cells, {"small": 100, "large": 500}, [])
    assert [(c.identity.architecture, c.identity.recipe["epochs"]) for c in ordered] == [
        ("small", 9),
        ("large", 1),
        ("small", 2),
    ]


def test_measured_seconds_count_where_there_are_some():
    """A small network may take longer than a large one."""
    records = [
        make_record("conv", train_seconds=50, recipe=recipe(5)),
        make_record("dense", train_seconds=10, recipe=recipe(5)),
    ]
    cells = [make_cell("dense", recipe=recipe(5)), make_cell("conv", recipe=recipe(2))]
    parameters = {"conv": 1, "dense": 1_000_000}
    assert names(longest_first(cells, parameters, records)) == ["conv", "dense"]


def test_seconds_on_other_data_are_a_guess_and_guesses_go_first():
    records = [
        make_record("conv", train_seconds=1, dataset_fingerprint="0" * 64),
        make_record("dense", train_seconds=1e6),
    ]
    cells = [make_cell("dense"), make_cell("conv")]
    assert names(longest_first(cells, {"conv": 1, "dense": 2}, records)) == ["conv", "dense"]


def test_what_was_never_timed_goes_before_what_was_and_the_unknown_first_of_all():
    records = [make_record("timed", train_seconds=1e6)]
    cells = [make_cell(name) for name in ("timed", "small", "unknown")]
    ordered = longest_first(cells, {"timed": 9, "small": 1, "unknown": None}, records)
    assert names(ordered) == ["unknown", "small", "timed"]


def test_equal_cells_keep_their_order_and_none_is_lost():
    cells = [make_cell(seed=seed) for seed in (3, 1, 2)]
    assert longest_first(cells, {"net": 5}, [make_failed()]) == cells
