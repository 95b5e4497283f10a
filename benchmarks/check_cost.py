"""What `bench check` costs: wall and CPU seconds, and what its runs spent them on.

``python benchmarks/check_cost.py --baseline baselines/mnist-fast --margin 0.3`` runs the check
anew in an empty work folder, ``--rounds`` times.  With ``--other FOLDER``, a clone of another
version with a baseline at the same path, the two take turns and the page has the ratio; the other
one's packages must be installed here.  Checks of a baseline of another processor are the dear
ones: on the baseline's own, unchanged code ends after one run of each architecture.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ninetynine.records import RecordStore
from tabulate import tabulate

_PHASES = ("data", "build", "compile", "train", "evaluate")


@dataclass(frozen=True)
class Checked:
    """One check: what it took, and what its runs say of themselves, seconds by phase."""

    wall_seconds: float
    cpu_seconds: float
    exit_code: int
    runs: int
    phases: dict[str, float]


def main() -> int:
    """Measure as the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--baseline", type=Path, default=Path("baselines/mnist-fast"))
    parser.add_argument("--margin", default="0.3", help="percentage points")
    parser.add_argument("--other", type=Path, metavar="FOLDER", help="a clone of another version")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    here = Path(__file__).parents[1]
    versions = {"this version": here}
    if arguments.other is not None:
        versions = {"the other one": arguments.other, **versions}
    found: dict[str, list[Checked]] = {name: [] for name in versions}
    for _ in range(arguments.rounds):
        for name, clone in versions.items():
            cwd = clone if clone is not here else Path.cwd()
            found[name].append(check(clone, cwd, arguments.baseline, arguments.margin))
    print(page(found))
    return 0


def check(clone: Path, cwd: Path, baseline: Path, margin: str) -> Checked:
    """Return what a check against ``baseline`` took, by the code in ``clone``."""
    package = "ninetynine" if (clone / "bench" / "ninetynine").is_dir() else "bench"
    path = clone / "bench" if package == "ninetynine" else clone
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-P", "-m", package, "check", "--baseline", str(baseline)]
        environment = {**os.environ, "PYTHONPATH": str(path.resolve())}
        started, before = time.perf_counter(), _cpu_seconds()
        done = subprocess.run(
            [*command, "--margin", margin, "--work-dir", work],
            cwd=cwd,
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
        )
        wall, cpu = time.perf_counter() - started, _cpu_seconds() - before
        runs = [r for store in Path(work).glob("runs-*") for r in RecordStore(store).read_all()[0]]
    timings = [record.timing for record in runs if record.timing is not None]
    phases = {name: sum(getattr(t, f"{name}_seconds") or 0.0 for t in timings) for name in _PHASES}
    return Checked(wall, cpu, done.returncode, len(runs), phases)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def page(found: dict[str, list[Checked]]) -> str:
    """Return a table of all checks, and the ratio where two versions took turns."""
    rows = [
        (name, c.wall_seconds, c.cpu_seconds, c.exit_code, c.runs, *c.phases.values())
        for name, checks in found.items()
        for c in checks
    ]
    headers = ("", "wall s", "CPU s", "exit code", "runs", *(f"{name} s" for name in _PHASES))
    lines = [tabulate(rows, headers, "github", floatfmt=".1f")]
    if len(found) == 2:
        for what in ("wall_seconds", "cpu_seconds"):
            before, now = ([getattr(c, what) for c in checks] for checks in found.values())
            ratio = statistics.median(now) / statistics.median(before)
            lines.append(f"{what.replace('_', ' ')}: {ratio:.2f} of the other one's, medians")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
