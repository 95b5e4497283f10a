"""The pytest plugin: a test may say that a build function is no worse than its baseline.

    @pytest.mark.accuracy_gate(baseline="baselines/mnist", margin=0.2)
    def test_small_cnn_is_no_worse(accuracy_gate):
        accuracy_gate(small_cnn.build)

The fixture trains in worker processes of its own, so a test session needs no Keras.  Under
pytest-xdist one gate trains at a time: two would share the cores that each reckons with.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # a session that gates nothing should not pay for the imports
    from ninetynine.gate import Verdict

_TERMS = (
    "baseline, suite, dataset, data_dir, margin, alpha, max_seeds, inconclusive, "
    "allow_recipe_change, work_dir, jobs"
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
    otherwise that fails too.  Returns the verdict.
    """
    marker = request.node.get_closest_marker("accuracy_gate")
    config = request.config

    def gate(build: "Callable[..., Any] | str | Path", **terms: Any) -> "Verdict":
        __tracebackhide__ = True
        from ninetynine.errors import UserError
        from ninetynine.gate import pytest_support
        from ninetynine.report.gate import sentence

        defaults = {"baseline": config.getini("accuracy_baseline") or None}
        asked = {**defaults, **(marker.kwargs if marker is not None else {}), **terms}
        inconclusive = asked.pop("inconclusive", "fail")
        if inconclusive not in ("fail", "skip"):
            pytest.fail(f"inconclusive={inconclusive!r}: expected 'fail' or 'skip'", pytrace=False)
        try:
            verdict = pytest_support.judge(source_file(build), config.rootpath, **asked)
        except UserError as error:
            pytest.fail(f"accuracy_gate: {error}", pytrace=False)
        if verdict.outcome == 3 and inconclusive == "skip":
            pytest.skip(sentence(verdict))
        if verdict.outcome != 0:
            pytest.fail(sentence(verdict), pytrace=False)
        return verdict

    return gate


def source_file(build: "Callable[..., Any] | str | Path") -> Path:
    """Return the file of a build function: workers are told where it is, not sent what it is."""
    if isinstance(build, str | Path):
        return Path(build)
    found = inspect.getsourcefile(inspect.unwrap(build))
    if found is None:
        raise TypeError(f"{build!r} is not in a file; expected an architecture's build function")
    return Path(found)
