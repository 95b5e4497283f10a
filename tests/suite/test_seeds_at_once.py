"""What a suite, and the command, say of the backend, the device and seeds at once."""

import re
import tomllib
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine import gpu, machine
from ninetynine.request import RunRequest
from ninetynine.suite import Setting, at_once, discover, load, make_cells, seeds_at_once
from ninetynine.suite.at_once import read_at_once
from record_builders import make_identity

CATALOG = discover()
PAGE = Path(__file__).parents[2] / "docs" / "gpu.md"
JAX = make_identity(backend="jax")
HEAD = 'dataset = "digits"\nseeds = 4\n'


@pytest.fixture
def packages(monkeypatch):
    """Have every backend installed."""
    found = {"keras": "3", "numpy": "2"}
    monkeypatch.setattr("ninetynine.suite.cells.package_versions", lambda name: found)


def cells_of(path, **setting):
    suite = load(path)
    return make_cells(suite, CATALOG, suite.architectures, Setting(**setting))


def test_entries_of_two_backends_and_devices_stand_in_one_suite(write, packages):
    path = write(
        HEAD + "architectures = [{name = 't2_dense'}, {name = 't2_dense', backend = 'jax',"
        " device = 'gpu', precision = 'mixed_bfloat16', seeds_at_once = 2}]\nbackend = 'torch'\n"
    )
    ways = [(c.identity.backend, c.identity.device, c.identity.at_once) for c in cells_of(path)]
    assert ways == [("torch", "cpu", 1)] * 4 + [("jax", "gpu", 2)] * 4
    labels = [entry.label for entry in load(path).entries]
    assert labels == ["t2_dense [float32]", "t2_dense [mixed_bfloat16, jax, gpu]"]
    assert {c.identity.backend for c in cells_of(path, backend="jax")} == {"jax"}


def test_the_command_goes_before_the_suite(write, packages):
    path = write(HEAD + "architectures = ['t2_dense']\nbackend = 'jax'\nseeds_at_once = 4\n")
    assert {c.identity.at_once for c in cells_of(path)} == {4}
    assert {c.identity.at_once for c in cells_of(path, seeds_at_once=2)} == {2}
    assert {c.identity.at_once for c in cells_of(path, seeds_at_once=1)} == {1}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("backend = 'jaxx'", "backend is 'jaxx'; expected one of jax"),
        ("device = 'tpu'", "device is 'tpu'; expected 'cpu' or 'gpu'"),
        ("seeds_at_once = 'all'", "seeds_at_once 'all': expected a number of seeds"),
        ("seeds_at_once = 0", "expected a number of seeds from 1 to 4096, or auto"),
    ],
)
def test_a_mistake_is_told_in_one_line(write, line, words):
    told = complaint(load, write(HEAD + f"architectures = ['t2_dense']\n{line}\n"))
    assert words in told


@pytest.mark.parametrize("number", ["'many'", "0", "2.5", "true"])
def test_a_mistake_in_an_entry_is_told_with_its_name(write, number):
    entry = f"[[architectures]]\nname = 't2_dense'\nseeds_at_once = {number}\n"
    told = complaint(load, path := write(HEAD + entry))
    where, _, expected = told.partition(f"seeds_at_once {tomllib.loads('x = ' + number)['x']!r}: ")
    assert where == f"suite {path}: architectures: t2_dense: "
    assert expected == "expected a number of seeds from 1 to 4096, or auto"


def test_what_cannot_be_is_told_where_it_is_written(write, packages):
    path = write(HEAD + "architectures = ['t2_dense']\nbackend = 'torch'\nseeds_at_once = 2\n")
    assert complaint(cells_of, path).startswith(f"suite {path}: seeds_at_once 2: t2_dense: ")
    told = complaint(lambda: cells_of(path, seeds_at_once=4))
    assert told.startswith("--seeds-at-once 4: t2_dense: ")


def test_a_gate_takes_the_suites_word_where_nothing_else_is_said(write, packages):
    """It resolves one seed of each row, and trains as many as it needs."""
    path = write(
        HEAD + "architectures = [{name = 't2_dense'}, {name = 't2_dense', seeds_at_once = 2,"
        " precision = 'mixed_bfloat16'}]\nbackend = 'jax'\n"
    )
    run = RunRequest(suite=str(path), seeds=(0,)).resolve()
    for cell, stated in zip(run.cells, (1, 2), strict=True):
        cells = [cell.changed(seed=seed) for seed in range(4)]
        assert {c.identity.at_once for c in run.together(cells, None)} == {stated}
        assert {c.identity.at_once for c in run.together(cells, 4)} == {4}
        assert {c.identity.at_once for c in run.together(cells, 1)} == {1}


@pytest.mark.parametrize("text", ["-1", "2.5", "", "5000", "AUTO", True])
def test_no_number_of_seeds_is_no_number(text):
    assert "--seeds-at-once" in complaint(read_at_once, text, "--seeds-at-once")


def test_what_trains_one_seed_at_a_time_is_refused_and_left_alone_by_auto():
    dense = CATALOG["t2_dense"]
    assert "trains one seed at a time (jax can" in complaint(
        seeds_at_once, 4, dense, make_identity(backend="tensorflow"), 8
    )
    strange = make_identity(backend="jax", recipe={**JAX.recipe, "mixup": 0.2})
    assert "its recipe has mixup" in complaint(seeds_at_once, 4, dense, strange, 8)
    assert seeds_at_once("auto", dense, strange, 8) == 1


def test_auto_takes_small_dense_networks_on_a_cpu_in_even_groups():
    small = CATALOG["softmax_regression"]
    assert [seeds_at_once("auto", small, JAX, number) for number in (1, 5, 8, 10, 20)] == [
        *(1, 5, 8, 5, 7)
    ]
    assert seeds_at_once("auto", CATALOG["t2_dense"], JAX, 8) == 1
    assert seeds_at_once("auto", CATALOG["t1_small_cnn"], JAX, 8) == 1


def test_auto_on_a_cpu_is_what_its_table_found():
    """The rule says no network larger than the largest that was faster with eight seeds."""
    rows = re.findall(r"\| ([\d,]+) \| 8 \| [\d.]+ \| [\d.]+ \| ([\d.]+) \|", PAGE.read_text())
    found = {int(parameters.replace(",", "")): float(times) for parameters, times in rows}
    most = at_once._MOST_PARAMETERS_ON_CPU
    assert any(parameters >= most for parameters, times in found.items() if times > 1.05)
    assert all(times > 1.05 for parameters, times in found.items() if parameters <= most)


def test_auto_takes_as_many_as_a_gpus_memory_has_room_for(monkeypatch):
    class Card:
        bytes = 80 * 10**9

        def memory_bytes(self):
            return self.bytes

    card, on_gpu = Card(), JAX.model_copy(update={"device": "gpu"})
    monkeypatch.setattr(gpu, "card", lambda: card)
    wide = CATALOG["t4_wide_cnn"]
    assert seeds_at_once("auto", wide, on_gpu, 64) == at_once._MOST_ON_GPU
    card.bytes = 2 * 10**9
    assert 1 <= seeds_at_once("auto", wide, on_gpu, 64) < at_once._MOST_ON_GPU


def test_the_backend_is_kerass_else_the_one_that_is_installed(monkeypatch):
    def installed(name):
        if name != "torch":
            raise machine.UserError(name)
        return {}

    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    machine._default_backend.cache_clear()
    assert machine.default_backend() == "tensorflow"
    monkeypatch.setattr(machine, "package_versions", installed)
    machine._default_backend.cache_clear()
    assert machine.default_backend() == "torch"
    for word, backend in (("jax", "jax"), ("", "torch")):
        monkeypatch.setenv("KERAS_BACKEND", word)
        assert machine.default_backend() == backend
    machine._default_backend.cache_clear()


def test_a_backend_that_keras_would_not_start_with_is_a_mistake(monkeypatch):
    for word, told in (("jaxx", "did you mean 'jax'"), ("theano", "jax, tensorflow, torch")):
        monkeypatch.setenv("KERAS_BACKEND", word)
        with pytest.raises(machine.UserError, match=f"KERAS_BACKEND: .*'{word}'.*{told}"):
            machine.default_backend()
