"""An entry of a suite may vary an architecture, and the variant is found by its name."""

import json
from pathlib import Path

import pytest
from complaints import complaint
from ninetynine import catalog, suite
from ninetynine.cells import CellIdentity
from ninetynine.suite import Setting, discover, load, make_cells, select
from ninetynine.workers.loading import architecture_of
from run_helpers import tasks_for, write_architecture, write_dataset

NET = '''"""A net.

Source: written for the tests.
Deviations: none.
"""

PARAMETERS = 10

RECIPE = {"optimizer": {"name": "adam", "learning_rate": 0.001}, "batch_size": 32, "epochs": 4}

CLAIMS = [{"id": "X", "metric": "test_accuracy", "value": 0.9, "digits": 1, "dataset": "digits"}]


def build(input_shape, num_classes, units=8, *, activation="relu"): ...
'''
VARIED = """
    {name = "net"},
    {name = "wide", architecture = "net", arguments = {units = 64}, recipe = {epochs = 2}},
    {name = "wider", architecture = "wide", arguments = {activation = "tanh"}},
"""


@pytest.fixture
def net(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


@pytest.fixture
def suite_of(tmp_path):
    """Return a function that writes a suite of these entries and returns it, read."""

    def suite_of(entries, more="", name="mine"):
        path = tmp_path / f"{name}.toml"
        path.write_text(
            f'dataset = "digits"\nseeds = "0-1"\narchitectures = [{entries}]\n{more}',
            encoding="utf-8",
        )
        return load(str(path))

    return suite_of


def cells_of(found, known, only=None):
    return make_cells(found, known, select(found, only), Setting())


# Variants ----------------------------------------------------------------------------------------


def test_a_variant_has_the_code_of_its_file_and_what_it_varies(net, suite_of):
    found = suite_of(VARIED)
    known = discover([net], found)
    wide, wider, file = known["wide"], known["wider"], known["net"]
    assert (wide.base, wide.arguments, wide.source_hash) == ("net", {"units": 64}, file.source_hash)
    assert wide.recipe == file.recipe.override({"epochs": 2}, "here")
    assert (wider.base, wider.recipe) == ("net", wide.recipe)
    assert wider.arguments == {"activation": "tanh", "units": 64}
    assert (wide.claims, wide.parameters) == ((), None)
    assert (file.base, len(file.claims), file.parameters) == ("", 1, 10)
    assert list(known)[-3:] == ["net", "wide", "wider"]


def test_parameters_stay_with_other_recipes_and_claims_with_none(net, suite_of):
    found = suite_of('{name = "longer", architecture = "net", recipe = {epochs = 9}}')
    longer = discover([net], found)["longer"]
    assert (longer.parameters, longer.claims) == (10, ())


def test_a_variant_says_what_it_is(net, suite_of):
    found = suite_of(
        '{name = "a", architecture = "net", recipe = {epochs = 9, optimizer = "sgd"}},'
        '{name = "b", architecture = "net", recipe = {epochs = 9}, description = "Nine epochs."}'
    )
    known = discover([net], found)
    assert known["a"].summary == "net with epochs = 9, optimizer = sgd."
    assert known["b"].summary == "Nine epochs."
    assert known["b"].source == "written for the tests."
    assert known["b"].deviations == "over net: epochs = 9; of net itself: none."
    assert known["b"].place == f"a variant of net in suite {found.path}"


def test_the_cells_of_a_variant_hold_its_arguments_and_its_file(net, suite_of):
    found = suite_of(VARIED)
    cells = cells_of(found, discover([net], found))
    assert [(c.identity.architecture, c.base, c.identity.arguments) for c in cells[::2]] == [
        ("net", "", {}),
        ("wide", "net", {"units": 64}),
        ("wider", "net", {"activation": "tanh", "units": 64}),
    ]
    assert len({cell.key for cell in cells}) == 6
    assert {cell.variant for cell in cells} == {"published"}


def test_a_cell_without_arguments_is_written_and_hashed_as_ever(net, suite_of):
    found = suite_of('{name = "net"}')
    identity = cells_of(found, discover([net], found))[0].identity
    assert "arguments" not in identity.model_dump(mode="json")
    text = json.dumps(identity.model_copy(update={"arguments": {"units": 1}}).model_dump())
    assert CellIdentity.model_validate_json(text).arguments == {"units": 1}


def test_equal_arguments_make_one_key(net, suite_of):
    entry = '{{name = "a", architecture = "net", arguments = {{units = {units}}}}}'
    keys = set()
    for units in ("8", "8.0"):
        found = suite_of(entry.format(units=units))
        keys |= {cell.key for cell in cells_of(found, discover([net], found))}
    assert len(keys) == 2  # one for each seed


def test_what_is_more_specific_wins(net, suite_of):
    entries = '"net", {name = "long", architecture = "net", recipe = {epochs = 9, beta_1 = 0.8}}'
    found = suite_of(entries, "[recipe]\nepochs = 5\nbatch_size = 16\nlearning_rate = 0.1\n")
    plain, long = (c.identity.recipe for c in cells_of(found, discover([net], found))[::2])
    assert plain == {
        "batch_size": 16,
        "epochs": 5,
        "optimizer": {"learning_rate": 0.1, "name": "adam"},
    }
    assert long == {
        "batch_size": 16,
        "epochs": 9,
        "optimizer": {"beta_1": 0.8, "learning_rate": 0.1, "name": "adam"},
    }
    assert found.variant == "mine"


def test_a_variant_of_the_package_is_known_everywhere_by_its_name(net, suite_of):
    known = discover()
    assert known["four_convs_long"].base == "four_convs_norm"
    assert known["four_convs_long"].recipe.epochs == 16
    found = suite_of(
        '"four_convs_long", {name = "mine", architecture = "four_convs_long", '
        "recipe = {epochs = 1}}"
    )
    cells = cells_of(found, discover([], found))
    recipe = known["four_convs_long"].recipe.canonical()
    assert [cell.identity.recipe for cell in cells[::2]] == [recipe, {**recipe, "epochs": 1}]
    assert {cell.base for cell in cells} == {"four_convs_norm"}


def test_a_suite_that_states_a_variant_of_the_package_again_means_it(suite_of):
    again = suite_of(
        '{name = "speedrun_lenet_two", architecture = "speedrun_lenet", recipe = {epochs = 2}}'
    )
    assert discover([], again)["speedrun_lenet_two"].base == "speedrun_lenet"
    other = suite_of(
        '{name = "speedrun_lenet_two", architecture = "speedrun_lenet", recipe = {epochs = 3}}'
    )
    message = complaint(discover, [], other)
    assert message.startswith("two architectures are called 'speedrun_lenet_two': a variant of ")
    assert "speedrun.toml" in message
    assert "mine.toml" in message


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        ('{name = "net", recipe = {epochs = 9}}', ["called 'net'", "net.py (--arch", "mine.toml"]),
        ('{name = "a", architecture = "nett"}', ["no architecture is called 'nett'", "'net'?"]),
        (
            '{name = "a", architecture = "net", recipe = {epoch = 1}}',
            ["mine.toml: a: unknown recipe key 'epoch'; did you mean 'epochs'?"],
        ),
        (
            '{name = "a", architecture = "net", recipe = {epochs = "x"}}',
            ["mine.toml: a: ", "'epochs' is 'x'; expected"],
        ),
        (
            '{name = "a", architecture = "net", recipe = {rho = 0.9}}',
            ["mine.toml: a: ", "adam has no argument 'rho'"],
        ),
        (
            '{name = "a", architecture = "net", arguments = {unit = 3}}',
            ["mine.toml: a: 'unit' is no argument of build in ", "net.py", "mean 'units'?"],
        ),
        (
            '{name = "a", architecture = "net", arguments = {zzz = 3}}',
            ["'zzz' is no argument", "choose from: activation, units"],
        ),
        (
            '{name = "a", architecture = "net", arguments = {epochs = 3}}',
            ["'epochs' is no argument of build", "it is a recipe's key"],
        ),
        (
            '{name = "a", architecture = "t2_dense", arguments = {units = 3}}',
            ["t2_dense.py", "it takes none but input_shape and num_classes"],
        ),
    ],
)
def test_a_variant_that_cannot_be_is_one_line(net, suite_of, entry, parts):
    message = complaint(discover, [net], suite_of(entry))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("entry", "part"),
    [
        ('{name = "a b", architecture = "net"}', "a b: use letters"),
        ('{name = "a", arguments = 3}', "'arguments' is 3; expected a table"),
        ('{name = "a", arguments = {when = 2020-01-01}}', "when is 2020-01-01; expected numbers"),
        ('{name = "a", arguments = {rate = nan}}', "arguments.rate is nan"),
        ('{name = "a", recipe = {epochs = []}}', "epochs is an empty list"),
        (
            '{name = "a", recipe = {epochs = [1, 1.0]}}',
            "two rows of the grid are called a[epochs=1]",
        ),
    ],
)
def test_an_entry_that_cannot_be_read_is_one_line(suite_of, entry, part):
    assert part in complaint(suite_of, entry)


def test_build_is_read_where_it_is_imported_from(net, suite_of):
    net.with_name("helper.py").write_text("def make(shape, classes, depth, width=3): ...\n")
    net.write_text("from helper import make as build\n" + NET.partition("def build")[0])
    assert discover([net])["net"].accepts == {"depth": True, "width": False}
    wrong = suite_of('{name = "a", architecture = "net", arguments = {width = 3}}')
    assert "needs a value for 'depth'" in complaint(discover, [net], wrong)
    right = suite_of('{name = "a", architecture = "net", arguments = {depth = 3}}')
    assert discover([net], right)["a"].arguments == {"depth": 3}


def test_a_build_that_takes_anything_is_given_anything(net, suite_of):
    net.write_text(NET.replace('*, activation="relu"', "**more"))
    found = suite_of('{name = "a", architecture = "net", arguments = {anything = 3}}')
    assert discover([net], found)["a"].arguments == {"anything": 3}


# Grids -------------------------------------------------------------------------------------------

GRID = """
    "softmax_regression",
    {name = "net", recipe = {learning_rate = [0.1, 0.01]}, arguments = {units = [8]}, adds = "x"},
    {name = "other", architecture = "net", over = "softmax_regression"},
"""


def test_a_grid_is_rows_over_one_rung(net, suite_of):
    found = suite_of(GRID)
    assert [(rung.label, rung.over) for rung in found.rungs] == [
        ("softmax_regression", None),
        ("net[learning_rate=0.1,units=8]", "softmax_regression"),
        ("net[learning_rate=0.01,units=8]", "softmax_regression"),
        ("other", "softmax_regression"),
    ]
    cells = cells_of(found, discover([net], found), "units=8")
    assert [c.identity.recipe["optimizer"]["learning_rate"] for c in cells] == [0.1] * 2 + [
        0.01
    ] * 2
    assert {c.identity.arguments["units"] for c in cells} == {8}
    assert {c.variant for c in cells} == {"published"}


def test_a_row_may_be_in_a_vote(suite_of):
    vote = '[[ensembles]]\nname = "v"\nsize = 2\nmembers = ["net[learning_rate=0.1,units=8]"]\n'
    found = suite_of(GRID, vote)
    assert select(found, "v") == ("net[learning_rate=0.1,units=8]",)


def test_rows_are_chosen_by_name_by_values_and_by_part(suite_of):
    found = suite_of(GRID)
    slow = "net[learning_rate=0.01,units=8]"
    assert select(found, slow) == (slow,)
    assert select(found, "net[units=8, learning_rate=1e-2]") == (slow,)
    assert select(found, "net[learning_rate=0.01]") == (slow,)
    assert len(select(found, "net[units=8]")) == len(select(found, "net")) == 2
    message = complaint(select, found, "net[learning_rate=0.5]")
    assert "suite mine has a grid of net without such rows; choose from: net[" in message


def test_an_exact_name_goes_before_a_part_of_others():
    ladder = load("ladder")
    assert select(ladder, "four_convs") == ("four_convs",)
    assert len(select(ladder, "four_convs*")) > 10
    assert select(ladder, "four_convs_long") == ("four_convs_long",)
    chosen = suite.select_ensembles(ladder, "four_convs_long", ("four_convs_long",))
    assert {member for e in chosen for member in e.members} == {"four_convs_long"}


def test_the_command_line_makes_rows_of_what_the_suite_has(net, suite_of):
    found = suite_of(VARIED, "[recipe]\nbatch_size = 16\n")
    known = discover([net], found)
    cells = cells_of(found, known, "wide[learning_rate=0.1,0.2,activation=tanh]")
    assert [(c.identity.architecture, c.identity.seed) for c in cells] == [
        ("wide[activation=tanh,learning_rate=0.1]", 0),
        ("wide[activation=tanh,learning_rate=0.1]", 1),
        ("wide[activation=tanh,learning_rate=0.2]", 0),
        ("wide[activation=tanh,learning_rate=0.2]", 1),
    ]
    first = cells[0].identity
    assert (first.arguments, cells[0].base) == ({"activation": "tanh", "units": 64}, "net")
    assert first.recipe == {
        "batch_size": 16,
        "epochs": 2,
        "optimizer": {"learning_rate": 0.1, "name": "adam"},
    }
    (of_catalog,) = cells_of(found.with_seeds([3]), known, "t2_dense[epochs=1]")
    assert (of_catalog.identity.recipe["epochs"], of_catalog.base) == (1, "t2_dense")


@pytest.mark.parametrize(
    ("only", "part"),
    [
        ("nett[units=3]", "no architecture is called 'nett'; did you mean 'net'?"),
        ("net[unit=3]", "net[unit=3]: 'unit' is no argument of build in "),
        ("net[epoch=3]", "nor is it a recipe's key; did you mean 'epochs'?"),
        ("net[epochs=many]", "net[epochs=many]: recipe key 'epochs' is 'many'; expected"),
    ],
)
def test_a_mistake_in_rows_that_are_asked_for_is_one_line(net, suite_of, only, part):
    found = suite_of(VARIED)
    assert part in complaint(cells_of, found, discover([net], found), only)


def test_a_row_is_found_by_its_name(net):
    known = discover([net])
    row = known["net[units=64,learning_rate=0.1]"]
    assert row.name == "net[learning_rate=0.1,units=64]"
    assert (row.base, row.arguments) == ("net", {"units": 64})
    assert "net[unit=3]" not in known
    assert known.get("nett[units=3]") is None
    assert row.name not in list(known)
    assert catalog.get(known, row.name) == row
    assert "are 2 rows; name one: net[units=3]" in complaint(catalog.get, known, "net[units=3,4]")
    assert "did you mean 'units'?" in complaint(catalog.get, known, "net[unit=3]")
    assert [row.name for row in catalog.matching(known, "net[units=3,4]")] == [
        "net[units=3]",
        "net[units=4]",
    ]


# On the way to training --------------------------------------------------------------------------


def test_a_users_file_that_the_suite_varies_is_no_further_row(net, suite_of):
    varied = suite_of('{name = "wide", architecture = "net", arguments = {units = 64}}')
    assert suite.own_rows(varied, discover([net], varied), [net]) == ()
    other = suite_of('"t2_dense"')
    assert suite.own_rows(other, discover([net], other), [net]) == ("net",)


def test_a_worker_finds_the_file_of_a_variant_and_its_arguments(tmp_path):
    file = write_architecture(tmp_path, "tiny")
    file.write_text(file.read_text().replace("num_classes)", "num_classes, units=1)"))
    (task,) = tasks_for([file], write_dataset(tmp_path / "d.npz"))
    identity = task.cell.identity.model_copy(
        update={"architecture": "tiny[units=3]", "arguments": {"units": 3}}
    )
    cell = task.cell.model_copy(update={"identity": identity, "base": "tiny"})
    found = architecture_of(task.model_copy(update={"cell": cell}))
    assert (found.name, found.path, found.arguments) == ("tiny[units=3]", file, {"units": 3})


def test_rows_have_folders_of_their_own_names(tmp_path):
    from ninetynine.records.files import safe_name

    assert safe_name("net[units=64]") == "net_units_64_"
    long = [f"net[{','.join(f'key_{i}={i + more}' for i in range(99))}]" for more in (0, 1)]
    short = {safe_name(name) for name in long}
    assert len(short) == 2
    assert all(len(name) < 100 and Path(name).name == name for name in short)
