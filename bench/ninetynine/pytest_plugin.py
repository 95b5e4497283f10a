"""The pytest plugin: a test may say that a build function is no worse than its baseline.

    @pytest.mark.accuracy_gate(baseline="baselines/digits", margin=0.2)
    def test_small_cnn_is_no_worse(accuracy_gate):
        accuracy_gate(small_cnn.build)

The fixture trains in worker processes of its own, so a test session needs no Keras.  Under
pytest-xdist one gate trains at a time: two would share the cores that each reckons with.
"""

import inspect
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

_MARK = "accuracy_gate"
_JUDGED = pytest.StashKey[bool]()  # set of a test that has called the gate

if TYPE_CHECKING:  # a session that gates nothing should not pay for the imports
    from ninetynine.gate import Verdict

_TERMS = (
    "baseline, suite, dataset, data_dir, margin, alpha, max_seeds, inconclusive, "
    "allow_recipe_change, allow_data_change, allow_new, work_dir, jobs, rotate, measure, "
    "class_margin"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option that names the project's baseline."""
    parser.addini("accuracy_baseline", "folder of the baseline for accuracy_gate", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        f"accuracy_gate({_TERMS}): terms of the accuracy_gate fixture; margin in percentage points",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed, is marked itself (not its module or class), and judged nothing."""
    result = yield
    if _JUDGED not in item.stash and any(mark.name == _MARK for mark in item.own_markers):
        pytest.fail(
            "accuracy_gate: the test is marked and judges nothing; have it call the fixture "
            "accuracy_gate",
            pytrace=False,
        )
    return result


@pytest.fixture
def accuracy_gate(request: pytest.FixtureRequest) -> "Callable[..., Verdict]":
    """Return a function that fails the test unless a build function is no worse than its baseline.

    Call it with the ``build`` function of an architecture file, or with the file's path; keyword
    arguments are those of the marker ``accuracy_gate`` and come before it, as a test's marker comes
    before that of its class or module.  The verdict's sentence is the failure message.
    ``inconclusive="skip"`` skips the test where the gate cannot tell; otherwise that fails too.
    ``allow_new=True`` skips what the baseline has no run of yet.  Returns the verdict.
    """
    markers = list(request.node.iter_markers(_MARK))
    config = request.config

    def gate(build: "Callable[..., Any] | str | Path", **terms: Any) -> "Verdict":
        __tracebackhide__ = True
        from ninetynine.errors import UserError
        from ninetynine.report.gate_sentences import sentence

        request.node.stash[_JUDGED] = True
        asked = {"baseline": config.getini("accuracy_baseline") or None}
        for marker in reversed(markers):  # the closest comes last
            asked |= marker.kwargs
        try:
            asked = _known({**asked, **terms}, [mark.args for mark in markers])
            inconclusive = asked.pop("inconclusive", "fail")
            verdict = judge(source_file(build), config.rootpath, **asked)
        except UserError as error:
            pytest.fail(f"accuracy_gate: {error}", pytrace=False)
        answer = verdict.overall  # of the classes, too
        if verdict.excused or (answer == 3 and inconclusive == "skip"):
            pytest.skip(sentence(verdict))
        if answer != 0:
            pytest.fail(sentence(verdict), pytrace=False)
        return verdict

    return gate


def judge(
    file: Path,
    root: Path,
    *,
    baseline: str | Path | None = None,
    suite: str | None = None,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    margin: float | None = None,
    alpha: float = 0.05,
    max_seeds: int = 30,
    allow_recipe_change: bool = False,
    allow_data_change: bool = False,
    allow_new: bool = False,
    work_dir: str | Path = ".bench-check",
    jobs: int | None = None,
    rotate: bool = False,
    measure: str | None = None,
    class_margin: "float | Mapping[int, float] | None" = None,
) -> "Verdict":
    """Return the verdict on the architecture in ``file``; relative folders are below ``root``.

    ``margin`` is in percentage points, or the ``measure``'s unit where that is not percent;
    ``class_margin`` in percentage points, for every class or by the class's number.  Both come
    before what the baseline says.  Raises UserError for what ``bench check`` would refuse.
    """
    from filelock import FileLock

    from ninetynine.errors import UserError
    from ninetynine.gate import Terms
    from ninetynine.gate.request import CheckRequest, prepare_check, run_check
    from ninetynine.gate.workspace import open_workspace
    from ninetynine.request import RunRequest

    if baseline is None:
        raise UserError(
            "no baseline: name its folder as accuracy_gate(baseline=...) or accuracy_baseline in "
            "pytest's ini-file"
        )
    name, own = _name_of(file)
    request = CheckRequest(
        baseline=root / baseline,
        run=RunRequest(
            suite=suite,
            architectures=(name,),
            dataset=dataset,
            data_dir=root / data_dir if data_dir else None,
            architecture_files=own,
            jobs=jobs,
        ),
        work_dir=root / work_dir,
        root=root,
        terms=Terms(
            alpha=alpha,
            max_seeds=max_seeds,
            allow_recipe_change=allow_recipe_change,
            allow_data_change=allow_data_change,
            allow_new=allow_new,
            rotate=rotate,
        ),
        measure=measure,
        margins={} if margin is None else {name: margin},
        class_margins=_by_class(class_margin),
    )
    prepared = prepare_check(request)
    if not prepared.contests:
        return prepared.decided[0]
    open_workspace(request.work_dir)
    # Blocks until the gate of another xdist worker is through, which may leave runs to reuse.
    with FileLock(request.work_dir / "pytest.lock"):
        (verdict,) = run_check(prepared).verdicts
    return verdict


def _by_class(margin: "float | Mapping[int, float] | None") -> dict[str, float]:
    if margin is None:
        return {}
    if isinstance(margin, Mapping):
        return {str(label): points for label, points in margin.items()}
    return {"": margin}


_FLAGS = ("rotate", "allow_recipe_change", "allow_data_change", "allow_new")
_PLACES = ("baseline", "suite", "dataset", "data_dir", "work_dir", "measure")


def _known(terms: dict[str, Any], positional: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """Return ``terms``; raise UserError for a name or a kind of value that `judge` does not take.

    The values of numbers are looked at where those of ``bench check`` are.
    """
    from ninetynine.errors import UserError, nearest, shown

    known = {name.strip() for name in _TERMS.split(",")}
    for given in positional:
        if given:
            raise UserError(f"{shown(given[0])}: terms are given by name, such as baseline=...")
    for name, value in terms.items():
        if name not in known:
            raise UserError(f"{name}=...: there is no such term{nearest(name, known)}")
        expected, good = "", True
        if name in _FLAGS:
            expected, good = "True or False", isinstance(value, bool)
        elif name in _PLACES:
            expected, good = "a text or a path", value is None or isinstance(value, str | Path)
        elif name == "jobs":
            whole = isinstance(value, int) and not isinstance(value, bool)
            expected, good = "a whole number", value is None or whole
        elif name == "inconclusive":
            expected, good = "'fail' or 'skip'", value in ("fail", "skip")
        if not good:
            raise UserError(f"{name}={shown(value)}: expected {expected}")
    return terms


def _name_of(file: Path) -> "tuple[str, tuple[Path, ...]]":
    """Return what the architecture in ``file`` is called, and ``file`` unless it is built in."""
    from ninetynine import catalog

    built_in = {found.path.resolve(): name for name, found in catalog.discover().items()}
    if file.resolve() in built_in:
        return built_in[file.resolve()], ()
    return file.stem, (file.absolute(),)


def source_file(build: "Callable[..., Any] | str | Path") -> Path:
    """Return the file of a build function: workers are told where it is, not sent what it is."""
    from ninetynine.errors import UserError, shown

    if isinstance(build, str | Path):
        return Path(build)
    try:
        found = inspect.getsourcefile(inspect.unwrap(build))
    except TypeError:  # it is no function, or one that Python brings
        found = None
    if found is None:
        raise UserError(
            f"{shown(build)} is not in a file; expected an architecture's build function, or the "
            "path of its file"
        )
    return Path(found)
