"""The pages: their links lead somewhere, and the files and commands that they name are there."""

import re
import shlex
from pathlib import Path

import click
import pytest
from ninetynine.cli import bench

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("results/**/*.md")])
FOLDERS = ("architectures", "bench", "benchmarks", "docs", "results", "studies", "tests")
MADE_BY_THE_READER = {"results/report.html", "results/mnist.parquet"}
EXAMPLE_VERBS = {"missing"}  # that docs/extending.md adds

pytestmark = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.M)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


def code(page):
    """What stands in code on the page: spans, and the lines of its shell blocks."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(?:sh|yaml)?\n(.*?)^```", text, re.M | re.S)
    return [
        *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)),
        *(line for block in blocks for line in block.replace("\\\n", " ").splitlines()),
    ]


def test_every_file_that_is_named_is_there(page):
    named = {
        word.rstrip("/:,.")
        for text in code(page)
        for word in re.findall(r"[\w./-]+", text)
        if word.startswith(tuple(f"{folder}/" for folder in FOLDERS)) and "/." not in word
    }
    missing = [path for path in named if not (ROOT / path).exists()]
    if page.name != "CHANGELOG.md":  # which also names what is gone
        assert set(missing) <= MADE_BY_THE_READER


def test_every_command_that_is_named_has_its_options(page):
    for text in code(page):
        for line in re.findall(r"(?:^|[\s;&|(])(bench [a-z].*)", text):
            check(line.split(" #")[0].split("&&")[0])


def check(line):
    words = shlex.split(re.split(r"[;|]|\d?>", line)[0].replace("[", " ").replace("]", " "))
    if words[1] in EXAMPLE_VERBS:
        return
    verb = bench.get_command(click.Context(bench), words[1])
    if isinstance(verb, click.Group):
        if len(words) < 3:
            return
        verb = verb.commands[words[2]]
    known = {name for option in verb.params for name in (*option.opts, *option.secondary_opts)}
    known |= {"--help", "-h"}
    given = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert given <= known, line
