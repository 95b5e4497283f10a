"""Kills a run's whole process group at random moments and checks that nothing is ever lost.

    python tests/kill_resume.py [--kills 20] [--suite quick] [--seed 0] [--folder DIR]

First the suite runs undisturbed.  Then it runs into another folder, is killed with ``kill -9`` at
a random moment and started again, until it is complete; then all of it again in a new folder,
until there were as many kills as asked for.  After every kill each record on disk must be whole
and those of before unchanged; each completed run must end with the table of the undisturbed one.
"""

import argparse
import csv
import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
from ninetynine.records import RecordStore
from run_helpers import BENCH, assert_whole, contents, is_alive, run_bench, start_bench

# Seconds after the first change to a folder within which a record with its predictions is written.
LONGEST_WRITE = 0.05

# What a table says of the clock and the computer, which differs from run to run.
_MEASURED = ("seconds", "per_second", "memory", "machine_fingerprint", "hardware")


def is_measured(field: str) -> bool:
    """Return whether a field of the CSV table says something of the clock or the computer."""
    return any(word in field for word in _MEASURED)


def torture(
    suite: Sequence[str],
    folder: Path,
    kills: int,
    seed: int,
    command: Sequence[str] = BENCH,
    say: Callable[[str], None] = print,
) -> None:
    """Kill runs of ``suite`` ``kills`` times; raise AssertionError where anything is lost.

    Half of the kills are at any moment of a run, half just after something was written: a run
    writes for milliseconds, so that a kill at any moment hardly ever falls there.
    """
    chance = random.Random(seed)
    started = time.monotonic()
    expected = complete(suite, folder / "undisturbed", command)
    seconds = time.monotonic() - started
    say(f"undisturbed: {len(expected[1])} records in {seconds:.1f} s")
    done, rounds = 0, 0
    while done < kills:
        rounds += 1
        results = folder / f"round-{rounds}"
        while done < kills:
            at_a_write = chance.random() < 0.5
            moment = chance.uniform(0, LONGEST_WRITE if at_a_write else seconds)
            if not kill_one(suite, results, moment, command, say, at_a_write):
                break
            done += 1
        assert complete(suite, results, command) == expected, f"{results}: another table"
        say(f"round {rounds}: complete, with the table of the undisturbed run")
    say(f"{done} kills in {rounds} rounds: no record lost, none half-written, every table the same")


def kill_one(
    suite: Sequence[str],
    results: Path,
    seconds: float,
    command: Sequence[str],
    say: Callable[[str], None],
    at_a_write: bool = False,
) -> bool:
    """Start a run, kill it after ``seconds``, check; return False where it ended before that.

    The seconds count from the start, or with ``at_a_write`` from the first new or changed file.
    """
    before = contents(results)
    driver = start_bench("run", *suite, "--results", results, command=command)
    if at_a_write:
        wait_for_a_write(results, driver)
    with suppress(subprocess.TimeoutExpired):
        driver.communicate(timeout=seconds)
    killed = driver.returncode is None
    kill_group(driver.pid)
    driver.communicate()
    records = assert_whole(results)
    now = contents(results)
    assert {path: now[path] for path in before} == before, "a finished record changed or is lost"
    partial = len(list(results.glob("records/*/*.partial")))
    what = "killed" if killed else "ended before its kill,"
    when = f"after {seconds:.2f} s{' of a write' if at_a_write else ''}"
    say(f"{what} {when}: {len(records)} whole records, {partial} cut-off writes")
    return killed


def wait_for_a_write(results: Path, driver: "subprocess.Popen[str]") -> None:
    """Wait until a file of ``results`` comes, goes or grows, or the run ends."""
    before = listing(results)
    while driver.poll() is None and listing(results) == before:
        time.sleep(0.002)


def listing(results: Path) -> dict[Path, int]:
    """Return the sizes in bytes of what lies among the records, cut-off writes included."""
    sizes = {}
    with suppress(FileNotFoundError):  # folders, too, come and go while they are read
        for path in results.glob("records/*/*"):
            with suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
    return sizes


def kill_group(group: int) -> None:
    """Kill every process of the group at once and wait until all are gone."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
    while any(is_alive(process) and in_group(process, group) for process in psutil.process_iter()):
        time.sleep(0.05)


def in_group(process: psutil.Process, group: int) -> bool:
    try:
        return os.getpgid(process.pid) == group
    except ProcessLookupError:
        return False


def complete(
    suite: Sequence[str], results: Path, command: Sequence[str]
) -> tuple[list[dict[str, str]], dict[str, object]]:
    """Run the suite to its end; return its table and records without what the clock said."""
    done = run_bench("run", *suite, "--results", results, command=command)
    assert done.returncode == 0, done.stderr
    assert not list(results.glob("records/*/*.partial"))
    table = run_bench("report", "--results", results, "--format", "csv")
    assert table.returncode == 0, table.stderr
    rows = list(csv.DictReader(io.StringIO(table.stdout)))
    assert_whole(results)
    records = RecordStore(results).read_all()[0]
    clock = {"timing", "machine", "peak_memory_bytes", "context", "record_sha256"}
    numbers = {record.key: record.model_dump(exclude=clock) for record in records}
    return [{k: v for k, v in row.items() if not is_measured(k)} for row in rows], numbers


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--suite", default="quick", help="a suite's name or file")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--folder", type=Path, help="where to keep the results [default: nowhere]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            place = options.folder or Path(folder)
            torture([options.suite], place, options.kills, options.seed, say=say)
        except AssertionError as error:
            sys.exit(f"FAILED: {error}")


if __name__ == "__main__":
    main()
