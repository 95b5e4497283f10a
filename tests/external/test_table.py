"""Tables of text: read as people have them, or refused in one line that says what was expected."""

import dataclasses

import numpy as np
import pytest
from complaints import complaint
from ninetynine.errors import UserError
from ninetynine.external import read_runs

NAMES = ("cat", "dog", "Red fox")


@pytest.fixture
def animals(digits):
    """A dataset of six test images in three classes that have names."""
    return dataclasses.replace(
        digits,
        name="animals",
        test_images=digits.test_images[:6],
        test_labels=np.array([0, 1, 2, 0, 1, 2]),
        num_classes=3,
        class_names=NAMES,
    )


LABELS = [0, 2, 1, 1, 0, 2]
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0, 1, 0], [0.25, 0.5, 0.25], [0.9, 0.1, 0], [0.2, 0.2, 0.6]]
)


def lines(rows, separator=","):
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def numbered(rows, start=0):
    return [(start + n, *row) for n, row in enumerate(rows)]


COLUMN = [(label,) for label in LABELS]
WORDS = [(NAMES[label],) for label in LABELS]
SHUFFLED = [5, 0, 3, 1, 4, 2]
LABEL_TABLES = {
    "bare": lines(COLUMN),
    "heading": "label\n" + lines(COLUMN),
    "kaggle": "ImageId,Label\n" + lines(numbered(COLUMN, 1)),
    "pandas index": ",label\n" + lines(numbered(COLUMN)),
    "pandas without a name": ",0\n" + lines(numbered(COLUMN)),
    "index without a heading": lines(numbered(COLUMN)),
    "from 28001 on": "id,label\n" + lines(numbered(COLUMN, 28_001)),
    "index last": "label,id\n" + lines([(label, n) for n, (label,) in enumerate(COLUMN)]),
    "shuffled": "id,label\n" + lines([(n, LABELS[n]) for n in SHUFFLED]),
    "shuffled without a heading": lines([(n, LABELS[n]) for n in SHUFFLED]),
    "names": lines(WORDS),
    "names below a heading": "label\n" + lines(WORDS),
    "names and index": "id,label\n" + lines(numbered(WORDS)),
    "names in another case": "label\n" + lines(WORDS).upper(),
    "a word and numbers": "label\n" + lines([(f"class {label}",) for label in LABELS]),
    "numbers with a point": lines([(f"{label}.0",) for label in LABELS]),
    "quotes": '"id","label"\n' + "".join(f'"{n}","{NAMES[k]}"\n' for n, k in enumerate(LABELS)),
    "semicolons": "id;label\n" + lines(numbered(COLUMN), ";"),
    "tabs": "id\tlabel\n" + lines(numbered(COLUMN), "\t"),
    "bars": lines(numbered(COLUMN), "|"),
    "spaces": lines(numbered(COLUMN), " "),
    "spaces after commas": "id, label\n" + lines(numbered(COLUMN), ", "),
    "blank lines": "\n\n" + "label\n\n" + lines(COLUMN) + "\n\n",
    "CRLF": ("id,label\n" + lines(numbered(COLUMN))).replace("\n", "\r\n"),
    "CR": ("id,label\n" + lines(numbered(COLUMN))).replace("\n", "\r"),
    "no last line end": lines(COLUMN).rstrip(),
    "R": '"x"\n' + lines([(f'"{n + 1}"', label) for n, label in enumerate(LABELS)]),
}


def read(tmp_path, text, dataset, encoding="utf-8", name="p.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    (run,) = read_runs([path], dataset)
    return run.values


@pytest.mark.parametrize("table", LABEL_TABLES)
def test_labels_are_read_as_people_have_them(tmp_path, animals, table):
    np.testing.assert_array_equal(read(tmp_path, LABEL_TABLES[table], animals), LABELS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.txt", "P.CSV"])
def test_encodings_that_say_so_are_read(tmp_path, animals, encoding, name):
    text = LABEL_TABLES["kaggle"]
    np.testing.assert_array_equal(read(tmp_path, text, animals, encoding, name), LABELS)


OTHER_ORDER = [2, 0, 1]
PROBABILITY_TABLES = {
    "bare": lines(PROBABILITIES),
    "heading": "a,b,c\n" + lines(PROBABILITIES),
    "names": "cat,dog,Red fox\n" + lines(PROBABILITIES),
    "names in another order": ",".join(NAMES[n] for n in OTHER_ORDER)
    + "\n"
    + lines(PROBABILITIES[:, OTHER_ORDER]),
    "numbers": "0,1,2\n" + lines(PROBABILITIES),
    "numbers in another order": "2,0,1\n" + lines(PROBABILITIES[:, OTHER_ORDER]),
    "a word and numbers in another order": "p_2,p_0,p_1\n" + lines(PROBABILITIES[:, OTHER_ORDER]),
    "numbers from 1": "V1,V2,V3\n" + lines(PROBABILITIES),
    "index": ",0,1,2\n" + lines(numbered(PROBABILITIES)),
    "index without a heading": lines(numbered(PROBABILITIES)),
    "index between": "cat,id,dog,red fox\n"
    + lines([(row[0], n, *row[1:]) for n, row in enumerate(PROBABILITIES)]),
    "shuffled": "id,cat,dog,Red fox\n" + lines([(n, *PROBABILITIES[n]) for n in SHUFFLED]),
    "decimal commas": lines(PROBABILITIES, ";").replace(".", ","),
    "decimal commas below a heading": "cat;dog;Red fox\n"
    + lines(PROBABILITIES, ";").replace(".", ","),
    "exponents": lines([[f"{p:e}" for p in row] for row in PROBABILITIES]),
    "numpy.savetxt": "# cat dog fox\n"
    + lines([[f"{p:.18e}" for p in r] for r in PROBABILITIES], " "),
    "R": '"V1" "V2" "V3"\n'.replace(" ", ";")
    + lines([(f'"{n + 1}"', *row) for n, row in enumerate(PROBABILITIES)], ";"),
}


@pytest.mark.parametrize("table", PROBABILITY_TABLES)
def test_probabilities_are_read_as_people_have_them(tmp_path, animals, table):
    values = read(tmp_path, PROBABILITY_TABLES[table], animals)
    np.testing.assert_array_equal(values, PROBABILITIES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.9,0.1\n0.4,0.6\n0.2,0.8\n1,0\n0,1\n0.5,0.5\n", 2),
        ("id,label\n" + lines(numbered([(n % 2,) for n in range(6)])), 1),
        (lines(numbered([(n % 2,) for n in range(6)])), 1),
        (lines(numbered([(n % 2,) for n in range(6)], 1)), 1),
    ],
)
def test_two_columns_of_two_classes_are_told_apart(tmp_path, animals, text, expected):
    two = dataclasses.replace(animals, num_classes=2, class_names=None)
    values = read(tmp_path, text, two)
    assert values.ndim == expected
    if expected == 1:
        np.testing.assert_array_equal(values, [0, 1, 0, 1, 0, 1])


def test_names_that_are_numbers_go_before_numbers(tmp_path, animals):
    odd = dataclasses.replace(animals, class_names=("1", "3", "5"))
    values = read(tmp_path, lines([(2 * label + 1,) for label in LABELS]), odd)
    np.testing.assert_array_equal(values, LABELS)


BAD = {
    "": "is empty",
    "\n \n": "is empty",
    "label\n": "0 rows",
    lines(COLUMN[:5]): "5 rows",
    "label\n" + lines(COLUMN[:5]): "5 rows below a heading",
    "label\n" + lines(WORDS[:5]): "5 rows below a heading",
    lines([*COLUMN, (1,)]): "7 rows",
    lines([*COLUMN, (1,), (2,)]): "more than 6 rows",
    "0\n" + lines(COLUMN): "7 rows",  # is it a heading, or one label too many?
    lines([*PROBABILITIES, (0, 0, 1)]): "7 rows",
    lines([*numbered(COLUMN, 1)[:-1], (5, 1)]): "column 1 does not count the images",
    lines([*numbered(COLUMN, 1)[:-1], (9, 1)]): "column 1 does not count the images",
    lines([(label, n) for n, label in enumerate(LABELS)]): "column 1 does not count the images",
    "label,prediction\n" + lines([(k, k) for k in LABELS]): "column 1 does not count the images",
    "id,label\n" + lines([(f"{n}.png", 1) for n in range(6)]): "row 2 has '0.png' in column 1",
    "id,label\n" + lines([("1e400", 1)] * 6): "row 2 has '1e400' in column 1",
    "id,label\n" + lines([(0.5 + n, 1) for n in range(6)]): "does not count the images",
    "label\n" + lines([*COLUMN[:5], ("wolf",)]): "'wolf' is no class of animals",
    "label\n" + lines([*COLUMN[:5], ("",)]): "5 rows below a heading",
    "label\n" + lines([*COLUMN[:5], ("١",)]): "is no class",
    "label\n" + lines([*COLUMN[:5], (3,)]): "from 0 to 2",
    "label\n" + lines([*COLUMN[:5], (-1,)]): "from 0 to 2",
    "label\n" + lines([*COLUMN[:5], ("9" * 300,)]): "is no class",
    lines([(0.1 * n,) for n in range(6)]): "is no class",
    "score\n" + lines([(n / 7,) for n in range(6)]): "is no class",
    lines([(n % 2, "cat")[n % 2 :: 2] for n in range(6)]): "is no class",
    lines([*PROBABILITIES[:5], (0.5, "x", 0.5)]): "row 6 has 'x' in column 2",
    lines([*PROBABILITIES[:5], (0.5, "", 0.5)]): "row 6 has '' in column 2",
    lines([*PROBABILITIES[:5], (0.5, "nan", 0.5)]): "row 6 has 'nan' in column 2",
    lines([*PROBABILITIES[:5], (0.5, 0.5)]): "row 6 has 2 columns, others 3",
    lines([*PROBABILITIES[:5], (0.5, 0.5, 0, 0, 0)]): "row 6 has 5 columns",
    lines(100 * PROBABILITIES): "percentages",
    lines(PROBABILITIES - 0.5): "softmax",
    lines(PROBABILITIES / 2): "sum to 1",
    "cat,dog,wolf\n" + lines(PROBABILITIES): "headed by 'cat', 'dog', 'wolf'",
    "cat,dog,dog\n" + lines(PROBABILITIES): "headed by",
    "p_1,p_1,p_2\n" + lines(PROBABILITIES): "headed by",
    "cat,dog,Red fox,label\n" + lines(np.c_[PROBABILITIES, LABELS]): "headed by",
    lines([(*p, *p) for p in PROBABILITIES]): "6 columns",
    '"label\n' + lines(COLUMN): "not a whole table",
    '"la"bel\n' + lines(COLUMN): "not a whole table",
    "label\n\0" + lines(COLUMN): "zero bytes",
    "1" * 1_000_001: "a line of more than",
    "label\n" + "1" * 200_000: "field larger than field limit",
    "<html><body>404</body></html>\n": "0 rows below a heading",
    '{"labels": [0, 2, 1, 1, 0, 2]}\n': "columns",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=[said.replace(" ", "-") for said in BAD.values()])
def test_nonsense_is_refused_in_one_line(tmp_path, animals, text):
    path = tmp_path / "p.csv"
    path.write_text(text, encoding="utf-8")
    line = complaint(read_runs, [path], animals)
    assert line.startswith(f"{path}: ")
    assert BAD[text] in line
    assert len(line) < 600 + len(str(path))


def test_text_of_another_encoding_is_named(tmp_path, animals):
    path = tmp_path / "p.csv"
    for encoding in ("cp1252", "utf-16-le"):
        path.write_bytes(("é\n" + lines(COLUMN)).encode(encoding))
        assert "UTF-8" in complaint(read_runs, [path], animals)


@pytest.mark.filterwarnings("error")
def test_random_bytes_are_refused_without_a_warning(tmp_path, animals):
    generator, path = np.random.default_rng(0), tmp_path / "p.csv"
    for _ in range(200):
        path.write_bytes(generator.bytes(int(generator.integers(1, 200))))
        complaint(read_runs, [path], animals)


@pytest.mark.slow
def test_a_table_changed_by_a_character_is_refused_or_read(tmp_path, animals):
    generator, path = np.random.default_rng(1), tmp_path / "p.csv"
    for text in (*LABEL_TABLES.values(), *PROBABILITY_TABLES.values()):
        for _ in range(20):
            place = int(generator.integers(len(text)))
            changed = (
                text[:place] + str(generator.choice(list("0;,\n\"'ax.- "))) + text[place + 1 :]
            )
            path.write_text(changed, encoding="utf-8")
            try:
                (run,) = read_runs([path], animals)
            except UserError:
                continue  # anything else is a fault
            assert len(run.values) == 6
