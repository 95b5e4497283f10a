"""Predicted seconds: from the nearest earlier runs, and it is said which those were."""

import pytest
from ninetynine.durations import Predictor
from record_builders import make_identity, make_machine, make_record

HERE, THERE = "f" * 16, "e" * 16


def recipe(epochs, batch_size=128):
    return {"batch_size": batch_size, "epochs": epochs, "optimizer": {"name": "adam"}}


def predict(records, parameters=None, **identity):
    predictor = Predictor(records, parameters or {}, fingerprint_of=lambda _: HERE)
    return predictor.of(make_identity(**{"architecture": "net", **identity}))


def other_seconds(record):
    timing = record.timing
    return timing.build_seconds + timing.compile_seconds + timing.evaluate_seconds


def run(seconds=10.0, epochs=5, fingerprint=HERE, architecture="net", seed=0, **changes):
    return make_record(
        architecture,
        seed,
        train_seconds=seconds,
        machine=make_machine(fingerprint=fingerprint),
        **{"recipe": recipe(epochs), **changes},
    )


def test_twice_the_epochs_take_twice_the_training_and_once_the_rest():
    earlier = run(10.0, epochs=5)
    found = predict([earlier], recipe=recipe(10))
    assert found.seconds == pytest.approx(20.0 + other_seconds(earlier))
    assert (found.basis, found.runs, found.measured) == ("here", 1, True)


def test_the_median_of_the_seeds_counts():
    found = predict([run(s, seed=i) for i, s in enumerate((10.0, 12.0, 900.0))])
    assert found.seconds == pytest.approx(12.0 + other_seconds(run()))
    assert found.runs == 3


def test_runs_of_this_machine_count_alone_where_there_are_some():
    elsewhere = [run(1.0, fingerprint=THERE, seed=seed) for seed in range(9)]
    found = predict([*elsewhere, run(10.0)])
    assert (found.basis, found.runs) == ("here", 1)
    assert found.seconds == pytest.approx(10.0 + other_seconds(run()))
    assert predict(elsewhere).basis == "elsewhere"


def test_two_other_machines_are_never_averaged():
    one = [run(10.0, fingerprint="1" * 16, seed=seed) for seed in range(3)]
    two = [run(99.0, fingerprint="2" * 16, seed=seed) for seed in range(2)]
    found = predict([*two, *one])
    assert found.seconds == pytest.approx(10.0 + other_seconds(run()))
    assert found.runs == 3


def test_runs_that_were_alone_count_before_runs_that_were_not():
    found = predict([run(10.0), run(50.0, seed=1, exclusive=False)])
    assert found.seconds == pytest.approx(10.0 + other_seconds(run()))


@pytest.mark.parametrize(
    "change", [{"precision": "mixed_bfloat16"}, {"threads": 2}, {"device": "gpu"}]
)
def test_runs_in_another_setting_say_nothing(change):
    assert predict([run()], **change).basis == "unknown"


def test_a_model_without_runs_is_guessed_by_its_parameters():
    found = predict(
        [run(10.0, architecture="other", parameters=1000)], {"net": 3000}, architecture="net"
    )
    assert found.seconds == pytest.approx(30.0 + other_seconds(run()))
    assert (found.basis, found.measured) == ("parameters", False)


def test_multiply_adds_are_a_better_guess_than_parameters():
    """The builder's models have twice as many multiply-adds as parameters."""
    other_data = run(1e6, parameters=4000, dataset_fingerprint="0" * 64, fingerprint=THERE)
    found = predict([other_data, run(10.0, architecture="other", parameters=1000)], {"net": 9})
    assert found.basis == "multiply-adds"
    assert found.seconds == pytest.approx(40.0 + other_seconds(run()))


def test_of_what_nothing_is_known_there_is_no_number():
    found = predict([], {"net": 100})
    assert (found.seconds, found.basis, found.runs) == (None, "unknown", 0)
    assert predict([run()], {"net": None}, architecture="strange").seconds is None


def test_start_up_is_import_and_the_first_loading():
    fast, slow = run(seed=0), run(seed=1)
    timing = fast.timing.model_copy(update={"data_seconds": 1e-5})  # the data were there already
    records = [fast.model_copy(update={"timing": timing}), slow]
    predictor = Predictor(records, {}, fingerprint_of=lambda _: HERE)
    assert predictor.startup_seconds(make_identity()) == pytest.approx(2.0)
    assert predictor.startup_seconds(make_identity(backend="jax")) is None
