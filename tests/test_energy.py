"""Processors' joules are read from counters that begin anew, and cannot always be read."""

import pytest
from ninetynine import energy
from ninetynine.training import clocks
from ninetynine.training.clocks import Clock

RANGE = 262_143_328_850  # microjoules


class Tree:
    """Files such as Linux has them, of processors and of parts that are not counted again."""

    def __init__(self, folder, packages=1):
        self.folder = folder
        for number in range(packages):
            self.write(f"intel-rapl:{number}", name=f"package-{number}")
            self.write(f"intel-rapl:{number}:0", name="core", energy_uj=5)
        self.write("intel-rapl:9", name="psys", energy_uj=10**9)
        self.write("intel-rapl-mmio:0", name="package-0")  # the first one once more
        (folder / "dtpm").mkdir()

    def write(self, zone, **files):
        place = self.folder / zone
        place.mkdir(exist_ok=True)
        new = {} if (place / "name").exists() else {"energy_uj": 0, "max_energy_range_uj": RANGE}
        for name, text in {**new, **files}.items():
            (place / name).write_text(f"{text}\n")

    def counts(self, *microjoules):
        for number, value in enumerate(microjoules):
            self.write(f"intel-rapl:{number}", energy_uj=value)


@pytest.fixture
def tree(tmp_path):
    return lambda **more: Tree(tmp_path, **more)


@pytest.fixture
def later(monkeypatch):
    """Return a function that lets seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(energy.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, now[0] + seconds)


def test_joules_are_those_of_all_processors_and_of_nothing_twice(tree):
    found = tree(packages=2)
    found.counts(1_000_000, 7_000_000)
    counting = energy.processors(found.folder).counting()
    found.counts(3_500_000, 8_000_000)
    assert counting() == 3.5


def test_a_counter_that_began_anew_goes_on(tree):
    found = tree(packages=2)
    found.counts(RANGE - 1_000_000, 0)
    counting = energy.processors(found.folder).counting()
    found.counts(999_999, 250_000)
    assert counting() == pytest.approx(2.25)


def test_nothing_is_told_after_so_long_that_a_round_may_be_missing(tree, later):
    found = tree()
    found.write("intel-rapl:0", constraint_0_power_limit_uw=100_000_000)
    found.write("intel-rapl:0", constraint_1_power_limit_uw=120_000_000)
    counting = energy.processors(found.folder).counting()
    found.counts(1_000_000)
    later(RANGE / 1e6 / 120 - 1)
    assert counting() == 1.0
    later(2)
    assert counting() is None


def test_limits_that_are_not_told_are_taken_to_be_high(tree, later):
    found = tree()
    found.write("intel-rapl:0", constraint_0_power_limit_uw=0)
    counting = energy.processors(found.folder).counting()
    later(RANGE / 1e6 / 1000 + 1)
    assert counting() is None


@pytest.mark.parametrize("spoil", ["energy_uj", "max_energy_range_uj", "name"])
def test_one_processor_that_cannot_be_read_leaves_all_out(tree, spoil):
    found = tree(packages=2)
    (found.folder / "intel-rapl:1" / spoil).unlink()
    (found.folder / "intel-rapl:1" / spoil).mkdir()  # root may read all files, but no folder
    assert energy.processors(found.folder) is None


def test_a_counter_that_is_gone_later_leaves_the_training_without_joules(tree):
    found = tree()
    processors = energy.processors(found.folder)
    counting = processors.counting()
    found.counts("nonsense")
    assert counting() is None
    assert processors.counting()() is None


def test_a_machine_without_counters_has_none(tmp_path):
    assert energy.processors(tmp_path) is None
    assert energy.processors(tmp_path / "missing") is None


class Counter:
    def __init__(self, *joules):
        self.joules = iter(joules)

    def counting(self):
        return lambda: next(self.joules)


@pytest.fixture
def busy(monkeypatch):
    """Return what sets the seconds that other programs take of all cores, each time it is asked."""
    others = [0.0]
    total = [0.0]

    def busy_seconds(cores=None):
        total[0] += others[0]
        return total[0]

    monkeypatch.setattr(clocks, "busy_seconds", busy_seconds)
    return lambda seconds: others.__setitem__(0, seconds)


def timed(meter, times):
    clock = Clock([0], meter)
    for _ in range(times):
        with clock.running():
            pass
    return clock.fields(together=2)["train_joules"]


def test_a_training_has_the_joules_of_all_its_epochs(busy):
    assert timed(Counter(2.0, 3.0), 2) == 2.5
    assert timed(Counter(2.0, None, 3.0), 3) is None
    assert timed(None, 1) is None


def test_joules_of_others_beside_it_are_not_a_trainings(busy):
    busy(1.0)
    assert timed(Counter(2.0), 1) is None
