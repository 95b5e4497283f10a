"""A suite file is read exactly, its mistakes are told in one line, and it becomes ordered cells."""

import pytest
from complaints import complaint
from ninetynine import suite
from ninetynine.suite import (
    Setting,
    discover,
    load,
    make_cells,
    parse_seeds,
    select,
    select_ensembles,
)

GOOD = 'dataset = "digits"\narchitectures = ["t2_dense", "t1_small_cnn"]\n'


@pytest.fixture(scope="module")
def catalog():
    return discover()


# The files that come with the package -----------------------------------------------------------


def test_the_built_in_suites_are_the_promised_ones():
    assert {"quick", "tutorials", "controlled"} <= suite.built_in().keys()


@pytest.mark.parametrize("name", sorted(suite.built_in()))
def test_every_built_in_suite_becomes_cells(name, catalog):
    found = load(name)
    cells = make_cells(found, catalog, found.architectures, Setting())
    assert len(cells) == sum(len(found.seeds_of(entry)) for entry in found.entries)
    assert len({cell.key for cell in cells}) == len(cells)
    assert found.description


def test_the_tutorials_run_as_published_with_seeds_0_to_9(catalog):
    found = load("tutorials")
    assert found.seeds == tuple(range(10))
    assert found.dataset == "mnist"
    assert {"t1_small_cnn", "t2_dense", "t3_deep_cnn", "t4_wide_cnn"} <= set(found.architectures)
    for cell in make_cells(found, catalog, found.architectures, Setting()):
        assert cell.variant == "published"
        own = catalog[cell.identity.architecture].recipe
        assert cell.identity.recipe == own.canonical()


def test_controlled_trains_everything_alike_and_watches_nothing(catalog):
    found = load("controlled")
    cells = make_cells(found, catalog, found.architectures, Setting())
    assert [cell.identity.recipe for cell in cells] == [
        {"batch_size": 128, "epochs": 10, "optimizer": {"name": "adam"}}
    ] * len(cells)
    assert found.seeds == tuple(range(5))
    assert {cell.variant for cell in cells} == {"controlled"}


def test_quick_needs_no_network_and_has_every_tutorial_model_and_both_baselines():
    found = load("quick")
    assert found.dataset == "digits"
    assert set(found.architectures) >= {
        *load("tutorials").architectures,
        "softmax_regression",
        "majority_class",
    }
    assert len(found.seeds) == 3


# A file of one's own -----------------------------------------------------------------------------


def test_a_file_of_ones_own(write):
    found = load(write(GOOD + 'description = "Größer"\nseeds = "1-2"\n[recipe]\nepochs = 2\n'))
    assert found.name == found.variant == "mine"
    assert found.description == "Größer"
    assert found.architectures == ("t2_dense", "t1_small_cnn")
    assert found.seeds == (1, 2)
    assert found.recipe == {"epochs": 2}


def test_without_overrides_the_recipes_are_the_published_ones(write):
    assert load(write(GOOD)).variant == "published"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (GOOD + "seedz = 3", ["unknown key 'seedz'; did you mean 'seeds'?"]),
        (GOOD + "seeds = 1.5", ["seeds: 1.5 names no seeds", "such as 5"]),
        (GOOD + "seeds = [1, true]", ["names no seeds"]),
        ('dataset = "digits"', ["architectures must be a list of names"]),
        (GOOD.replace('["t2_dense", "t1_small_cnn"]', '"t2_dense"'), ["must be a list of names"]),
        (GOOD.replace('["t2_dense", "t1_small_cnn"]', "[2]"), ["must be a list of names"]),
        (GOOD.replace('["t2_dense", "t1_small_cnn"]', "[]"), ["architectures is empty"]),
        ('architectures = ["t2_dense"]', ["dataset must be a name or a path"]),
        (GOOD + 'recipe = "adam"', ["[recipe] must be a table"]),
        ("dataset = \nx = 1", ["not valid TOML", "line 1"]),
    ],
)
def test_a_mistake_in_a_suite_names_the_file_and_the_key(write, text, parts):
    message = complaint(load, write(text))
    assert message.startswith("suite ")
    assert "mine.toml: " in message
    for part in parts:
        assert part in message


def test_a_suite_that_is_not_there_or_no_text(tmp_path, write):
    missing = tmp_path / "no.toml"
    expected = f"suite {missing}: cannot be read (No such file or directory)"
    assert complaint(load, str(missing)) == expected
    (tmp_path / "folder.toml").mkdir()
    assert "Is a directory" in complaint(load, str(tmp_path / "folder.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    assert "not valid TOML" in complaint(load, str(tmp_path / "binary.toml"))


def suite_in(folder, dataset):
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(GOOD.replace('"digits"', dataset))
    return load(f"{folder.name}/mine.toml").dataset


@pytest.mark.parametrize(
    ("dataset", "read"),
    [
        ('"own.npz"', "sub/own.npz"),
        ('"./own.npz"', "sub/own.npz"),
        ('{path = "own.npz", split_seed = 1}', "sub/own.npz?split_seed=1"),
        ('"own.npz-fold-0-of-5"', "sub/own.npz-fold-0-of-5"),
        ('"neither.npz"', "sub/neither.npz"),  # and the message about it says where it should be
        ('"sub/own.npz"', "sub/own.npz"),  # from the current folder, where there is no sub/sub
        ('"hf:someone/pets"', "hf:someone/pets"),
        ('"digits"', "digits"),
    ],
)
def test_a_path_to_data_counts_from_the_suite_and_then_from_here(
    tmp_path, monkeypatch, dataset, read
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "own.npz").touch()
    assert suite_in(tmp_path / "sub", dataset) == read


def test_data_beside_the_suite_and_other_data_here_are_not_chosen_between(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, tmp_path / "sub"):
        folder.mkdir(exist_ok=True)
        (folder / "own.npz").touch()
    said = complaint(suite_in, tmp_path / "sub", '"own.npz"')
    assert "'own.npz' is beside the suite, sub/own.npz, and in the current folder, too" in said


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_suite_is_read_as_any_editor_saves_utf_8(tmp_path, encoding, end):
    (tmp_path / "mine.toml").write_bytes(f"{GOOD}# π\n".replace("\n", end).encode(encoding))
    assert load(str(tmp_path / "mine.toml")).architectures == ("t2_dense", "t1_small_cnn")


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [
        ("utf-16", "it is UTF-16; save it as UTF-8"),
        ("latin-1", "line 3 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_suite_in_another_encoding_says_how_to_save_it(tmp_path, encoding, reason):
    path = tmp_path / "mine.toml"
    path.write_bytes(f"{GOOD}# é\n".encode(encoding))
    assert complaint(load, str(path)) == f"suite {path}: not valid TOML ({reason})"


@pytest.mark.parametrize(
    ("pattern", "chosen"),
    [
        ("t4_wide_cnn, t2_dense", ("t2_dense", "t4_wide_cnn")),  # in the suite's order
        ("t[23]*,majority_class", ("majority_class", "t2_dense", "t3_deep_cnn")),
        (
            "t2_dense[epochs=1,2],t2_dense",
            ("t2_dense", "t2_dense[epochs=1]", "t2_dense[epochs=2]"),
        ),
    ],
)
def test_several_patterns_stand_between_commas(pattern, chosen):
    found = select(load("quick"), pattern)
    assert sorted(found) == sorted(chosen)
    named = [name for name in load("quick").architectures if name in chosen]
    assert list(found[: len(named)]) == named


@pytest.mark.parametrize("pattern", ["t2_dense,", "t2_dense,nowhere", ",", ""])
def test_each_of_several_patterns_has_to_match(pattern):
    assert "matches nothing in suite quick" in complaint(select, load("quick"), pattern)


def test_an_unknown_suite_names_the_nearest():
    assert complaint(load, "tutorial") == (
        "no suite is called 'tutorial'; did you mean 'tutorials'?"
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (GOOD.replace("t2_dense", "t2_dens"), ["'t2_dens'; did you mean 't2_dense'?"]),
        (GOOD + "[recipe]\nepoch = 3", ["[recipe]", "unknown", "'epoch'; did you mean 'epochs'?"]),
        (GOOD + '[recipe]\nepochs = "many"', ["[recipe]", "'epochs' is 'many'; expected"]),
        (GOOD.replace("digits", "digit"), ["unknown dataset 'digit'; did you mean 'digits'?"]),
    ],
)
def test_a_mistake_that_shows_in_the_cells_is_one_line(write, catalog, text, parts):
    found = load(write(text))
    message = complaint(make_cells, found, catalog, found.architectures, Setting())
    for part in parts:
        assert part in message
    assert "mine.toml" in message or "dataset" in message


def test_a_recipe_override_replaces_what_the_architecture_watches(write, catalog):
    text = 'dataset = "mnist"\narchitectures = ["t3_deep_cnn"]\n[recipe]\nvalidation_data = "none"'
    found = load(write(text))
    (cell,) = make_cells(found, catalog, found.architectures, Setting())
    assert "validation_data" not in cell.identity.recipe
    assert cell.identity.recipe["epochs"] == 10


# Entries that say more, and ensembles -----------------------------------------------------------

LADDER = """
dataset = "digits"
precision = "mixed_bfloat16"
seeds = "0-9"
architectures = [
    "softmax_regression",
    {name = "t2_dense", adds = "two hidden layers"},
    {name = "t1_small_cnn", over = "softmax_regression", seeds = "5-14", precision = "float32"},
    {name = "t3_deep_cnn", over = "none"},
]

[[ensembles]]
name = "vote"
members = ["t1_small_cnn"]
size = 5
replicates = 2
adds = "a vote of five"

[[ensembles]]
name = "mixed"
members = ["t2_dense", "t3_deep_cnn"]
size = 1
over = "t3_deep_cnn"
"""


def test_an_entry_may_have_its_own_seeds_and_precision(write, catalog):
    found = load(write(LADDER))
    cells = make_cells(found, catalog, found.architectures, Setting())
    by_name = {
        name: {
            (c.identity.seed, c.identity.precision)
            for c in cells
            if c.identity.architecture == name
        }
        for name in found.architectures
    }
    assert by_name["t1_small_cnn"] == {(seed, "float32") for seed in range(5, 15)}
    assert by_name["t2_dense"] == {(seed, "mixed_bfloat16") for seed in range(10)}


def test_the_command_line_goes_before_the_file(write, catalog):
    found = load(write(LADDER)).with_seeds((3,))
    cells = make_cells(found, catalog, found.architectures, Setting(precision="mixed_float16"))
    assert {(c.identity.seed, c.identity.precision) for c in cells} == {(3, "mixed_float16")}
    assert len(cells) == 4


def test_rungs_stand_over_the_entry_before_unless_they_say_so(write):
    rungs = load(write(LADDER)).rungs
    assert [(rung.label, rung.over, rung.adds) for rung in rungs] == [
        ("softmax_regression", None, ""),
        ("t2_dense", "softmax_regression", "two hidden layers"),
        ("t1_small_cnn", "softmax_regression", ""),
        ("t3_deep_cnn", None, ""),
        ("vote", "t3_deep_cnn", "a vote of five"),
        ("mixed", "t3_deep_cnn", ""),
    ]
    assert [rung.precision for rung in rungs[-2:]] == ["float32", "mixed_bfloat16"]


BOTH = """
dataset = "digits"
architectures = [
    {name = "t2_dense"},
    {name = "t2_dense", precision = "mixed_bfloat16", seeds = "0-4"},
]
"""


def test_an_architecture_in_two_precisions_is_two_rungs_and_one_under_one_precision(write, catalog):
    found = load(write(BOTH))
    assert found.architectures == ("t2_dense",)
    assert [rung.label for rung in found.rungs] == [
        "t2_dense [float32]",
        "t2_dense [mixed_bfloat16]",
    ]
    cells = make_cells(found, catalog, found.architectures, Setting())
    assert [cell.identity.precision for cell in cells] == ["float32"] + ["mixed_bfloat16"] * 5
    one = make_cells(found, catalog, found.architectures, Setting(precision="float32"))
    assert [cell.identity.seed for cell in one] == list(range(5))
    vote = '[[ensembles]]\nname = "v"\nmembers = ["t2_dense [mixed_bfloat16]"]\nsize = 5\n'
    assert load(write(BOTH + vote)).ensembles[0].precision == "mixed_bfloat16"
    message = complaint(load, write(BOTH + vote.replace(" [mixed_bfloat16]", "")))
    assert "'t2_dense' is there in several precisions" in message
    assert "t2_dense [float32], t2_dense [mixed_bfloat16]" in message


def edited(old, new, text=LADDER):
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (edited('"mixed_bfloat16"', '"bfloat16"'), ["precision is 'bfloat16'", "mixed_bfloat16"]),
        (edited('adds = "two', 'add = "two'), ["t2_dense", "'add'; did you mean 'adds'?"]),
        (edited('seeds = "5-14"', 'seeds = "5-"'), ["t1_small_cnn: seeds: '5-' is no seed"]),
        (edited('precision = "float32"', "precision = 32"), ["'precision' is 32; expected one of"]),
        (edited('over = "none"', 'over = "t2_dens"'), ["over: 't2_dens'", "mean 't2_dense'?"]),
        (
            edited('over = "none"', 'over = "t3_deep_cnn"'),
            ["not among what the suite names before"],
        ),
        (edited('{name = "t3', '{adds = "x"}, {name = "t3'), ["'name' is missing"]),
        (edited('{name = "t3', '"t2_dense", {name = "t3'), ["t2_dense", "is there twice"]),
        (edited('name = "vote"', ""), ["[[ensembles]]", "'name' is missing"]),
        (edited("size = 5", "sise = 5"), ["unknown ensemble key 'sise'; did you mean 'size'?"]),
        (edited("size = 5", "size = 0"), ["'size' is 0; expected a positive whole number"]),
        (edited("size = 5", "size = 1"), ["'vote'", "at least two runs"]),
        (edited("size = 5", "size = 6"), ["'vote'", "2 x 6 seeds are 12", "has 10"]),
        (edited("replicates = 2", "replicates = 'all'"), ["'replicates' is 'all'"]),
        (edited('["t1_small_cnn"]', '"t1_small_cnn"'), ["'members' is 't1_small_cnn'; expected a"]),
        (edited('["t1_small_cnn"]', "[]"), ["'members' is []"]),
        (edited('["t1_small_cnn"]', '["t4_wide_cnn"]'), ["'t4_wide_cnn' is not among"]),
        (edited('["t1_small_cnn"]', '["t2_dense", "t2_dense"]'), ["named twice"]),
        (
            edited('["t1_small_cnn"]', '["t1_small_cnn", "t2_dense"]'),
            ["float32 and mixed_bfloat16"],
        ),
        (edited('name = "mixed"', 'name = "vote"'), ["'vote'", "something of this name"]),
        (edited('name = "vote"', 'name = "t2_dense"'), ["'t2_dense'", "something of this name"]),
        (edited('name = "vote"', 'name = "a@b"'), ["'a@b'", "use letters"]),
        (GOOD + "ensembles = 3", ["[[ensembles]]"]),
        (GOOD + "ensembles = [3]", ["[[ensembles]]", "3 is no ensemble"]),
    ],
)
def test_a_mistake_about_entries_and_ensembles_is_one_line(write, text, parts):
    message = complaint(load, write(text))
    for part in parts:
        assert part in message
    assert "mine.toml" in message


def test_an_ensemble_is_chosen_with_its_members(write):
    found = load(write(LADDER))
    assert select(found, "mixed") == ("t2_dense", "t3_deep_cnn")
    assert [e.name for e in select_ensembles(found, "mixed", select(found, "mixed"))] == ["mixed"]
    assert [e.name for e in select_ensembles(found, "t1", select(found, "t1"))] == ["vote"]
    assert len(select_ensembles(found, None, select(found, None))) == 2
    assert "did you mean 'mixed'?" in complaint(select, found, "mixd")


# Seeds and names ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "seeds"),
    [
        (3, (0, 1, 2)),
        ("3", (0, 1, 2)),
        ("0-2", (0, 1, 2)),
        ("7-7", (7,)),
        (" 4, 0-1 ,4", (4, 0, 1)),
        ("0", (0,)),
        ([5, 2, 5], (5, 2)),
        ([0], (0,)),
        ("4294967295-4294967295", (2**32 - 1,)),
    ],
)
def test_seeds_are_a_count_a_range_or_a_list(value, seeds):
    assert parse_seeds(value, "--seeds") == seeds


NO_SEEDS = ["x", "", "1-", "-1", "3-1", "1,,2", "0x3", "1.5", "²", "9" * 5000, f"{2**32}-{2**32}"]


@pytest.mark.parametrize(
    "value",
    [*NO_SEEDS, 0, -3, True, [], [-1], [1.0], 1.5, None, {"a": 1}],
    ids=lambda v: repr(v)[:9],
)
def test_what_names_no_seeds_is_one_line(value):
    message = complaint(parse_seeds, value, "--seeds")
    assert message.startswith("--seeds: ")
    assert "expected" in message


@pytest.mark.parametrize("value", ["20240101", 10**12, "0-99999999", 10**30])
def test_a_seed_taken_for_a_count_is_told_and_not_expanded(value):
    assert "a number alone is a count" in complaint(parse_seeds, value, "--seeds")


def test_only_chooses_by_pattern_or_part_of_the_name():
    found = load("tutorials")
    assert select(found, None) == found.architectures
    assert select(found, "t?_*cnn") == ("t3_deep_cnn", "t4_wide_cnn", "t1_small_cnn")
    assert select(found, "dense") == ("t2_dense",)
    assert select(found, None, ["mine"]) == (*found.architectures, "mine")
    assert select(found, "mine", ["mine"]) == ("mine",)


def test_only_that_matches_nothing_names_the_nearest():
    message = complaint(select, load("tutorials"), "t2_dnse")
    assert message == (
        "--only 't2_dnse' matches nothing in suite tutorials; did you mean 't2_dense'?"
    )


# Cells -------------------------------------------------------------------------------------------


def test_cells_come_seed_by_seed_in_the_order_of_the_names(write, catalog):
    found = load(write(GOOD + "seeds = [4, 1]"))
    cells = make_cells(found, catalog, found.architectures, Setting())
    assert [(cell.identity.architecture, cell.identity.seed) for cell in cells] == [
        ("t2_dense", 4),
        ("t2_dense", 1),
        ("t1_small_cnn", 4),
        ("t1_small_cnn", 1),
    ]


def test_the_setting_is_part_of_every_cell(write, catalog):
    found = load(write(GOOD))
    setting = Setting(threads=2, device="gpu", precision="mixed_bfloat16", deterministic=False)
    for cell in make_cells(found, catalog, found.architectures, setting):
        assert cell.identity.threads == 2
        assert cell.identity.device == "gpu"
        assert cell.identity.precision == "mixed_bfloat16"
        assert not cell.identity.deterministic
        assert cell.identity.packages.keys() == {"keras", "numpy", "tensorflow"}
        assert cell.identity.source_hash == catalog[cell.identity.architecture].source_hash
