import ast
from pathlib import Path
from textwrap import dedent

import pytest
from ninetynine.errors import UserError
from ninetynine.sources import Root, read_source, source_hash, with_helpers

NET = '''
"""A net."""
from keras import layers
from helper import width
RECIPE = {"epochs": 1}
def build(input_shape, num_classes):
    return layers.Dense(width * num_classes)
'''


def hash_of(folder: Path, **files: str) -> str:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(dedent(text))
    main = read_source(folder / "net.py", "net")
    return source_hash(with_helpers(main, [Root("", folder)]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("layers.Dense(width * num_classes)", "layers.Dense( width*num_classes )  # wide"),
        ('"""A net."""', '"""Another\n\ndocstring."""'),
        ("    return", '    "What it builds."\n    return'),
        ('RECIPE = {"epochs": 1}', 'RECIPE = {"epochs": 2}\nCLAIMS = []\nPARAMETERS: int = 3'),
    ],
)
def test_comments_layout_docstrings_and_stated_data_leave_the_hash(tmp_path, before, after):
    original = hash_of(tmp_path, net=NET, helper="width = 2")
    assert hash_of(tmp_path, net=NET.replace(before, after)) == original


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("width * num_classes", "width + num_classes"),
        ("layers.Dense(", "layers.Dense(units="),
        ("from helper import width", "from helper import width; import sys"),
        ('"""A net."""', '"""A net."""; PADDING = "same"'),
    ],
)
def test_code_changes_the_hash(tmp_path, before, after):
    original = hash_of(tmp_path, net=NET, helper="width = 2")
    assert hash_of(tmp_path, net=NET.replace(before, after)) != original


def test_helpers_edit_changes_the_hash_however_it_is_reached(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "__init__.py").write_text("from .leaf import width")
    leaf = tmp_path / "deep" / "leaf.py"
    leaf.write_text("width = 2")
    original = hash_of(tmp_path, net=NET, helper="from deep import width")
    leaf.write_text("width = 2  # wider would be slower")
    assert hash_of(tmp_path, net=NET) == original
    leaf.write_text("width = 3")
    assert hash_of(tmp_path, net=NET) != original


def test_helpers_recipe_is_code_unless_it_is_an_architecture_too(tmp_path):
    original = hash_of(tmp_path, net=NET, helper="RECIPE = width = 2")
    assert hash_of(tmp_path, helper="RECIPE = width = 3") != original
    architecture = "RECIPE = {}\ndef build(a, b): ...\nwidth = 2"
    original = hash_of(tmp_path, helper=architecture)
    assert hash_of(tmp_path, helper=architecture.replace("{}", "{1: 2}")) == original


def test_hash_is_the_same_wherever_the_files_lie(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    helper = "width = 2"
    assert hash_of(one, net=NET, helper=helper) == hash_of(two, net=NET, helper=helper)


def test_modules_that_import_each_other_are_read_once(tmp_path):
    hash_of(tmp_path, net="import helper", helper="import net")
    sources = with_helpers(read_source(tmp_path / "net.py", "net"), [Root("", tmp_path)])
    assert [source.file for source in sources] == ["net.py", "helper.py"]


@pytest.mark.parametrize(
    ("statement", "files"),
    [
        ("from . import _blocks", {"pkg/_blocks.py"}),
        ("from ._blocks import conv", {"pkg/_blocks.py"}),
        ("from pkg._blocks import conv", {"pkg/_blocks.py"}),
        ("import pkg._blocks", {"pkg/_blocks.py"}),
        ("from pkg.deep import leaf", {"pkg/deep/__init__.py", "pkg/deep/leaf.py"}),
        ("from .deep.leaf import x", {"pkg/deep/__init__.py", "pkg/deep/leaf.py"}),
        ("from .deep import x", {"pkg/deep/__init__.py"}),
        ("from .. import pkg", set()),
        ("from ....... import pkg", set()),
        ("import keras, json, pkgother", set()),
    ],
)
def test_imports_inside_a_package_are_followed(tmp_path, statement, files):
    package = tmp_path / "pkg"
    (package / "deep").mkdir(parents=True)
    for name in ("_blocks.py", "deep/__init__.py", "deep/leaf.py"):
        (package / name).touch()
    (package / "net.py").write_text(statement)
    main = read_source(package / "net.py", "pkg.net")
    sources = with_helpers(main, [Root("pkg", package)])
    assert {source.file for source in sources} == {"pkg/net.py", *files}


def test_single_module_is_no_door_to_what_lies_next_to_it(tmp_path):
    (tmp_path / "net.py").write_text("import net, huge")
    (tmp_path / "huge.py").touch()
    root = Root("net", tmp_path / "net.py")
    assert root.find("net") == tmp_path / "net.py"
    assert len(with_helpers(read_source(tmp_path / "net.py", "net"), [root])) == 1


# Written for every Python from 3.11 on: the text and the fields of the tree that `ast` makes of it
# differ between them, the hash must not.
MANY_NODES = """
import a.b as c
from .d import *
class K(c.L, metaclass=c.M):
    "docstring"
    x: int = -1
    @property
    async def f(self, a, /, b=None, *args, d: str = "é\\u0378", **kw) -> None:
        async with a as b, c: await b
        return [y async for y in a if y], {**kw, "k": 1e-7}, {1, 2j}, b"\\x00", ...
def g():
    global z
    try:
        with c(): pass
    except (ValueError, TypeError) as e:
        raise e from None
    finally:
        del z
    match z:
        case {"a": [1, *_], **rest} | K(x=0): return lambda: (yield)
        case None: pass
    while not z or z and z[1:2, ::3] < 1 <= 2 != 3:
        z += 1; continue
    return f"{z!r:>{10}} a" "b" u"c" if (n := z @ 2 // 3) else g(*z, k=True)
"""


def test_hash_is_the_same_under_every_python_version(tmp_path):
    (tmp_path / "net.py").write_text(MANY_NODES, encoding="utf-8")
    assert source_hash([read_source(tmp_path / "net.py", "net")]) == KNOWN_HASH


KNOWN_HASH = "1c126824cc6ad32bcc8dc9f27890bc8992b905c8c8b1ffdbfca7ff2865516cff"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x = (\n", r"line 1: '\(' was never closed"),
        (b"x = '\xff'", "can't decode byte"),
        (b"x = 1\x00", "null bytes"),
    ],
)
def test_file_that_is_no_python_is_named(tmp_path, content, message):
    (tmp_path / "net.py").write_bytes(content)
    with pytest.raises(UserError, match=rf"net\.py: .*{message}"):
        read_source(tmp_path / "net.py", "net")


def test_hash_does_not_alter_the_tree(tmp_path):
    (tmp_path / "net.py").write_text(MANY_NODES, encoding="utf-8")
    source = read_source(tmp_path / "net.py", "net")
    before = ast.dump(source.tree)
    source_hash([source])
    assert ast.dump(source.tree) == before
