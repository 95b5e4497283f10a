"""The pytest plugin: a test may say that a build function is no worse than its baseline.

    @pytest.mark.accuracy_gate(baseline="baselines/digits", margin=0.2)
    def test_small_cnn_is_no_worse(accuracy_gate):
        accuracy_gate(small_cnn.build)

The fixture trains in worker processes of its own, so a test session needs no Keras.  Under
pytest-xdist one gate trains at a time: two would share the cores that each reckons with.
"""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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


@pytest.fixture
def accuracy_gate(request: pytest.FixtureRequest) -> "Callable[..., Verdict]":
    """Return a function that fails the test unless a build function is no worse than its baseline.

    Call it with the ``build`` function of an architecture file, or with the file's path; keyword
    arguments are those of the marker ``accuracy_gate`` and come before it.  The verdict's sentence
    is the failure message.  ``inconclusive="skip"`` skips the test where the gate cannot tell;
    otherwise that fails too.  ``allow_new=True`` skips what the baseline has no run of yet.
    Returns the verdict.
    """
    marker = request.node.get_closest_marker("accuracy_gate")
    config = request.config

    def gate(build: "Callable[..., Any] | str | Path", **terms: Any) -> "Verdict":
        __tracebackhide__ = True
        from ninetynine.errors import UserError
        from ninetynine.report.gate_sentences import sentence

        defaults = {"baseline": config.getini("accuracy_baseline") or None}
        asked = {**defaults, **(marker.kwargs if marker is not None else {}), **terms}
        inconclusive = asked.pop("inconclusive", "fail")
        if inconclusive not in ("fail", "skip"):
            pytest.fail(f"inconclusive={inconclusive!r}: expected 'fail' or 'skip'", pytrace=False)
        try:
            verdict = judge(source_file(build), config.rootpath, **asked)
        except UserError as error:
            pytest.fail(f"accuracy_gate: {error}", pytrace=False)
        if verdict.excused or (verdict.outcome == 3 and inconclusive == "skip"):
            pytest.skip(sentence(verdict))
        if verdict.outcome != 0:
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
    ``class_margin`` in percentage points, for every class or by the class's number.  Raises
    UserError for what ``bench check`` would refuse.
    """
    from filelock import FileLock

    from ninetynine.errors import UserError
    from ninetynine.gate import Terms
    from ninetynine.gate.request import CheckRequest, prepare_check, run_check
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
        margins={} if margin is None else {"": _positive("margin", margin)},
        class_margins={
            label: _positive("class_margin", points)
            for label, points in _by_class(class_margin).items()
        },
    )
    prepared = prepare_check(request)
    if not prepared.contests:
        return prepared.decided[0]
    request.work_dir.mkdir(parents=True, exist_ok=True)
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


def _positive(name: str, points: float) -> float:
    from ninetynine.errors import UserError

    if not 0 < points <= 100:
        raise UserError(f"{name}={points!r}: expected percentage points above 0, such as 0.2")
    return points


def _name_of(file: Path) -> "tuple[str, tuple[Path, ...]]":
    """Return what the architecture in ``file`` is called, and ``file`` unless it is built in."""
    from ninetynine import catalog

    built_in = {found.path.resolve(): name for name, found in catalog.discover().items()}
    if file.resolve() in built_in:
        return built_in[file.resolve()], ()
    return file.stem, (file.absolute(),)


def source_file(build: "Callable[..., Any] | str | Path") -> Path:
    """Return the file of a build function: workers are told where it is, not sent what it is."""
    if isinstance(build, str | Path):
        return Path(build)
    found = inspect.getsourcefile(inspect.unwrap(build))
    if found is None:
        raise TypeError(f"{build!r} is not in a file; expected an architecture's build function")
    return Path(found)
