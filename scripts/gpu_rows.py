"""All that needs a GPU, in one go of a few minutes: checks, then rows of MNIST's boards.

    python scripts/gpu_rows.py OUT --seconds 480          on a machine with an NVIDIA GPU
    python scripts/gpu_rows.py OUT --missing studies/mnist/gpu  the stages that never ended there
    python scripts/gpu_rows.py OUT --rehearse             tiny, on a CPU, to try it all beforehand

It needs Python 3.12, JAX, Keras, NumPy and pydantic, no network and no TensorFlow; docs/gpu.md says
how to carry them.  What a stage trained is on disk when the stage ends, what it said is in
OUT/stages.jsonl, and its records are in OUT/gpu-rows-N.parquet, which `bench merge` takes (without
pyarrow they are in OUT/gpu-rows.tar: unpack it, and merge the folder).  The stages stand in the
order of their worth; one that fails or takes too long is named, and the next one begins.
"""

import argparse
import json
import os
import queue
import statistics
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench"))
_PACKED_AT_ONCE = 400  # records: a pack of them has about 12 MB
_PACKED_EVERY = 120.0  # seconds
_LEAST_SECONDS = 10.0  # no stage is begun with less


@dataclass
class Bench:
    """What the stages share: where records go, what is asked for, and what was found out."""

    out: Path
    rehearse: bool
    deadline: float  # of time.monotonic
    commit: str | None
    notes: dict[str, Any] = field(default_factory=dict)  # of the stage at work
    convolutions: dict[str, str] = field(default_factory=dict)  # by precision, the faster one
    _datasets: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return "cpu" if self.rehearse else "gpu"

    def seeds(self, count: int) -> int:
        """How many of ``count`` seeds are trained: few where this is a rehearsal."""
        return min(count, 3) if self.rehearse else count

    @cached_property
    def dataset_name(self) -> str:
        return str(_few_digits(self.out)) if self.rehearse else "mnist"

    def dataset(self, part: str) -> Any:
        """Return the data; ``part`` names a fold of them, such as "-fold-0-of-12", or nothing."""
        from ninetynine import datasets

        if part not in self._datasets:
            self._datasets[part] = datasets.load(self.dataset_name + part)
        return self._datasets[part]

    @cached_property
    def catalog(self) -> Any:
        from ninetynine.suite import discover

        return discover()

    def cells(
        self,
        suite: str,
        name: str,
        seeds: int,
        precision: str,
        together: bool = True,
        recipe: dict[str, Any] | None = None,
        convolutions: str | None = None,
        part: str = "",
    ) -> tuple[Any, list[Any]]:
        """Return the architecture and its cells; ``recipe`` overrides its own.

        ``part`` of the data is as `dataset` takes it.
        """
        import dataclasses

        from ninetynine.cells import Together
        from ninetynine.suite import Setting, architecture_of, load, make_cells

        chosen = load(suite).with_seeds(range(seeds))
        changes: dict[str, Any] = {"dataset": self.dataset_name + part}
        if recipe or self.rehearse:
            changes["recipe"] = {"epochs": 2, "average_epochs": 0, **(recipe or {})}
        chosen = dataclasses.replace(chosen, **changes)
        setting = Setting(backend="jax", precision=precision, device=self.device)  # type: ignore[arg-type]
        cells = make_cells(chosen, self.catalog, [name], setting)
        if together:
            form = convolutions or self.convolutions.get(precision, "products")
            group = Together(seeds=list(range(seeds)), convolutions=form)  # type: ignore[arg-type]
            cells = [
                cell.model_copy(
                    update={"identity": cell.identity.model_copy(update={"together": group})}
                )
                for cell in cells
            ]
        return architecture_of(chosen.entries_of(name)[0], chosen, self.catalog), cells

    def train_many(self, suite: str, name: str, seeds: int, precision: str, **more: Any) -> Any:
        """Train seeds of ``name`` at once; return what became of each, nothing recorded."""
        from ninetynine.training.together import train_together

        architecture, cells = self.cells(suite, name, seeds, precision, **more)
        return train_together(cells, architecture, self.dataset(more.get("part", "")), _cores())

    def train_alone(self, suite: str, name: str, seeds: int, precision: str, **more: Any) -> Any:
        """Yield the finished cells of ``name``, trained one after the other."""
        from ninetynine.training.cell import train_cell

        architecture, cells = self.cells(suite, name, seeds, precision, together=False, **more)
        for cell in cells:
            yield train_cell(cell, architecture, self.dataset(""), _cores())

    def rows(
        self, suite: str, name: str, seeds: int, precision: str = "float32", **more: Any
    ) -> list[Any]:
        """Train and record a row of seeds trained at once; note what it came to."""
        started = time.perf_counter()
        many = self.train_many(suite, name, self.seeds(seeds), precision, **more)
        for one in many:
            if one.record is not None:
                self.record(one.record, one.predictions)
        records = [one.record for one in many if one.record is not None]
        self.notes |= {"diverged": len(many) - len(records), **_summary(records)}
        self.notes["whole_seconds"] = round(time.perf_counter() - started, 2)
        return many

    def alone_rows(
        self, suite: str, name: str, seeds: int, precision: str = "float32"
    ) -> list[Any]:
        """Train and record seeds one after the other, as long as there is time."""
        started, records = time.perf_counter(), []
        for trained in self.train_alone(suite, name, self.seeds(seeds), precision):
            self.record(trained.record, trained.predictions)
            records.append(trained.record)
            if time.monotonic() > self.deadline - _LEAST_SECONDS:
                break
        noted = {f"alone_{key}": value for key, value in _summary(records).items()}
        whole = {"alone_whole_seconds": round(time.perf_counter() - started, 2)}
        self.notes |= noted | whole
        return records

    def record(self, record: Any, predictions: Any) -> None:
        """Write a record, with the commit that the files are of."""
        context = record.context.model_copy(
            update={"commit": self.commit, "note": "scripts/gpu_rows.py"}
        )
        self.store.write(record.model_copy(update={"context": context}), predictions)

    @property
    def store(self) -> Any:
        """The store that still has room: each becomes one pack."""
        from ninetynine.records import RecordStore

        number = 1
        while len(list(_part(self.out, number).glob("records/*/*.json"))) >= _PACKED_AT_ONCE:
            number += 1
        return RecordStore(_part(self.out, number))


TF32, BF16 = "tensorfloat32", "mixed_bfloat16"
VIEWS = (
    *("four_convs_longest", "four_convs_deslanted"),
    *("four_convs_narrow", "four_convs_wide"),
)

# The stages ----------------------------------------------------------------------------------


def facts(bench: Bench) -> None:
    """What this machine is, and its rate of products in each precision."""
    import jax
    from ninetynine import gpu
    from ninetynine.backends import get_backend
    from ninetynine.training.setup import set_configuration

    card = gpu.card()
    bench.notes["card"] = card and {"name": card.name, "driver": card.driver, **card.facts()}
    bench.notes["others"] = card and card.others()
    bench.notes["device"] = str(jax.devices()[0])
    bench.notes["memory"] = jax.devices()[0].memory_stats()
    for precision in ("float32", "tensorfloat32", "mixed_bfloat16"):
        set_configuration(precision)
        get_backend("jax").set_precision(precision, bench.device)
        bench.notes[f"gflops_{precision}"] = round(_product_rate(bench.rehearse))


def _product_rate(rehearse: bool) -> float:
    """Return the rate of products at the precision in force, in GFLOP/s.

    Many products are one computation: a wait for the host after each would be most of the time.
    """
    import jax
    from keras import config

    size, products = (256, 4) if rehearse else (8192, 20)
    dtype = config.dtype_policy().compute_dtype
    matrix = jax.random.normal(jax.random.key(0), (size, size), dtype) / size**0.5

    @jax.jit
    def chain(matrix: Any) -> Any:
        return jax.lax.fori_loop(0, products, lambda _, value: value @ matrix, matrix)[0, 0]

    chain(matrix).block_until_ready()
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        chain(matrix).block_until_ready()
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 * products / min(seconds) / 1e9


def convolutions(bench: Bench) -> None:
    """Which form of many seeds' convolutions is faster, in float32 and in bfloat16."""
    steps = {"epochs": 0.1} if not bench.rehearse else {"epochs": 0.5}
    for precision in ("float32", "mixed_bfloat16"):
        seconds = {}
        for form in ("products", "grouped"):
            many = bench.train_many(
                "tutorials",
                "t1_small_cnn",
                bench.seeds(32),
                precision,
                recipe=steps,
                convolutions=form,
            )
            seconds[form] = round(_seconds(many) * len(many), 4)
            bench.notes[f"{precision}_{form}_seconds"] = seconds[form]
        bench.convolutions[precision] = min(seconds, key=lambda form: seconds[form])
        bench.notes[precision] = bench.convolutions[precision]
        (bench.out / "work" / "convolutions.json").write_text(json.dumps(bench.convolutions))


def determinism(bench: Bench) -> None:
    """The same cell twice, alone and among others: the same bits?"""
    steps = {"epochs": 0.2} if not bench.rehearse else {"epochs": 1}
    given = ("tutorials", "t1_small_cnn")
    alone = [
        one.record.model.weights_hash
        for _ in range(2)
        for one in bench.train_alone(*given, 1, "float32", recipe=steps)
    ]
    bench.notes["alone_bit_identical"] = alone[0] == alone[1]
    for precision in ("float32", "mixed_bfloat16"):
        found = [bench.train_many(*given, 8, precision, recipe=steps) for _ in range(2)]
        hashes = [[one.record.model.weights_hash for one in many] for many in found]
        bench.notes[f"together_bit_identical_{precision}"] = hashes[0] == hashes[1]
    bench.notes["peak_bytes"] = found[0][0].record.gpu_peak_memory_bytes
    bench.notes["verified"], bench.notes["verified_runs"] = _verified(bench, "t2_dense", 32)


def _verified(bench: Bench, name: str, seeds: int) -> tuple[dict[str, bool], dict[str, str]]:
    """Train anew what an earlier stage recorded; return whether the weights have the same bits.

    Returns also of how many they have; and those together are trained twice, which tells chance
    from what an earlier stage left in this process.
    """
    seeds = bench.seeds(seeds)
    anew = {"alone": list(bench.train_alone("tutorials", name, 2, "float32"))}
    for way in ("together", "together again"):
        anew[way] = bench.train_many("tutorials", name, seeds, "float32")
    recorded = {r.key: r.model.weights_hash for r in bench.store.read_records()[0]}
    counts, found = {}, {}
    for way, trained in anew.items():
        records = [one.record for one in trained if one.record is not None]
        same = sum(recorded.get(r.key) == r.model.weights_hash for r in records)
        known = sum(r.key in recorded for r in records)
        counts[way] = f"{same} of {known}"
        found[way] = known > 0 and same == known
        recorded |= {r.key: r.model.weights_hash for r in records}  # what the next way is held to
    return found, counts


def profile(bench: Bench) -> None:
    """Where a step spends its time: in products, in the rest, in waiting for a next kernel."""
    from gpu_profile import Training, profiled

    steps = 3 if bench.rehearse else 100
    models = [("t2_dense", "float32"), ("t1_small_cnn", "float32"), ("t1_small_cnn", BF16)]
    models += [] if bench.rehearse else [("t3_deep_cnn", BF16)]
    for name, precision in models:
        for seeds in (1, bench.seeds(32)):
            form = bench.convolutions.get(precision, "products")
            given = (bench.catalog[name], bench.dataset(""), seeds, precision, bench.device)
            asked = Training(*given, convolutions=form, steps=steps)
            bench.notes[f"{name} {precision} {seeds}"] = profiled(asked)


def precisions(bench: Bench) -> None:
    """How far float32, TensorFloat-32 and bfloat16 are apart after a short training."""
    import numpy as np

    steps = {"epochs": 0.2} if not bench.rehearse else {"epochs": 1}
    found = {}
    for precision in ("float32", "tensorfloat32", "mixed_bfloat16"):
        many = bench.train_many(
            "tutorials", "t1_small_cnn", bench.seeds(8), precision, recipe=steps
        )
        found[precision] = [one.predictions.probabilities.astype(np.float32) for one in many]
        bench.notes[f"{precision}_seconds"] = round(_seconds(many) * len(many), 4)
        bench.notes[f"{precision}_accuracy"] = _accuracy([one.record for one in many])
    for precision in ("tensorfloat32", "mixed_bfloat16"):
        away = [
            np.abs(a - b).max() for a, b in zip(found["float32"], found[precision], strict=True)
        ]
        bench.notes[f"{precision}_largest_difference"] = round(float(max(away)), 5)


def against_alone(
    suite: str, name: str, seeds: int, alone: int, precision: str = "float32"
) -> Callable[[Bench], None]:
    """Return a stage: ``seeds`` at once and ``alone`` of them one by one, their times compared."""

    def stage(bench: Bench) -> None:
        many = bench.rows(suite, name, seeds, precision)
        records = bench.alone_rows(suite, name, alone, precision)
        if not records:
            return
        by_seed = {one.cell.identity.seed: one.record for one in many if one.record}
        apart = [
            abs(by_seed[r.cell.seed].scores.test.accuracy - r.scores.test.accuracy)
            for r in records
            if r.cell.seed in by_seed
        ]
        bench.notes["accuracy_apart"] = [round(a, 5) for a in apart]
        alone_seconds = bench.notes["alone_train_seconds_each"]
        bench.notes["times_as_fast"] = round(alone_seconds / max(1e-9, _seconds(many)), 1)

    return stage


def row(suite: str, name: str, seeds: int, precision: str = "float32") -> Callable[[Bench], None]:
    """Return a stage: a row of seeds at once."""
    return lambda bench: bench.rows(suite, name, seeds, precision) and None


def alone(suite: str, name: str, seeds: int, precision: str) -> Callable[[Bench], None]:
    """Return a stage: a row of seeds one by one."""
    return lambda bench: bench.alone_rows(suite, name, seeds, precision) and None


def folds(bench: Bench) -> None:
    """What each view of the digits, and their votes, err on folds of the training images."""
    for fold in range(2):
        part = f"-fold-{fold}-of-12"
        for name in VIEWS:
            many = bench.rows("views", name, 5, BF16, part=part)
            accuracy = _accuracy([one.record for one in many if one.record])
            bench.notes[f"{name}{part}"] = accuracy


@dataclass(frozen=True)
class Stage:
    """A step of the whole; ``limit`` is how many seconds it may take before it is ended."""

    name: str
    limit: float
    run: Callable[[Bench], None]


STAGES = [
    Stage("facts", 40, facts),
    Stage("t2 float32", 60, against_alone("tutorials", "t2_dense", 32, 5)),
    Stage("convolutions", 90, convolutions),
    Stage("t1 float32", 90, against_alone("tutorials", "t1_small_cnn", 32, 5)),
    Stage("speedrun_cnn", 40, row("speedrun", "speedrun_cnn", 20)),
    Stage("speedrun_cnn bfloat16", 40, row("speedrun", "speedrun_cnn", 20, BF16)),
    Stage("speedrun_cnn alone", 120, alone("speedrun", "speedrun_cnn", 20, BF16)),
    Stage("determinism", 60, determinism),
    Stage("t2 tensorfloat32", 60, against_alone("tutorials", "t2_dense", 32, 5, TF32)),
    Stage("t1 tensorfloat32", 60, against_alone("tutorials", "t1_small_cnn", 32, 5, TF32)),
    Stage("t2 bfloat16 alone", 40, alone("tutorials", "t2_dense", 5, BF16)),
    Stage("t1 bfloat16 alone", 40, alone("tutorials", "t1_small_cnn", 5, BF16)),
    Stage("profile", 60, profile),
    Stage("speedrun_convs bfloat16", 60, row("speedrun", "speedrun_convs", 20, BF16)),
    Stage("speedrun_lenet bfloat16", 60, row("speedrun", "speedrun_lenet", 20, BF16)),
    Stage("t2 of 100", 60, row("tutorials", "t2_dense", 100)),
    Stage("t1 bfloat16", 60, row("tutorials", "t1_small_cnn", 32, BF16)),
    Stage("t2 bfloat16", 40, row("tutorials", "t2_dense", 32, BF16)),
    Stage("t3 bfloat16", 150, row("tutorials", "t3_deep_cnn", 32, BF16)),
    Stage("t4 bfloat16", 100, row("tutorials", "t4_wide_cnn", 32, BF16)),
    Stage("t4 float32", 150, row("tutorials", "t4_wide_cnn", 32)),
    Stage("t3 float32", 200, row("tutorials", "t3_deep_cnn", 32)),
    Stage("precisions", 60, precisions),
    Stage("ladder modern_lenet", 150, row("ladder", "modern_lenet", 20, BF16)),
    Stage("ladder four_convs_longest", 240, row("ladder", "four_convs_longest", 20, BF16)),
    Stage("ladder four_convs_long", 240, row("ladder", "four_convs_long", 20, BF16)),
    *(Stage(f"views {name}", 240, row("views", name, 20, BF16)) for name in VIEWS[1:]),
    Stage("folds", 240, folds),
]


# The process that computes -------------------------------------------------------------------


def serve(arguments: argparse.Namespace) -> None:
    """Run the stages from ``arguments.first`` on; tell each on a line of standard output."""
    before = arguments.missing
    bench = Bench(arguments.out, arguments.rehearse, arguments.deadline, arguments.commit)
    had = _ended_stages(before) if before else {}
    faster = had.get("convolutions", {})
    bench.convolutions = {p: faster[p] for p in ("float32", BF16) if p in faster}
    with suppress(OSError):
        chosen = (arguments.out / "work" / "convolutions.json").read_text()
        bench.convolutions = json.loads(chosen)
    for number, stage in enumerate(STAGES):
        left = bench.deadline - time.monotonic()
        if number < arguments.first or (arguments.only and arguments.only not in stage.name):
            continue
        if stage.name in had:
            continue
        if left < _LEAST_SECONDS:
            _say(event="skipped", number=number, stage=stage.name, why=f"{left:.0f} s are left")
            continue
        bench.notes = {}
        _say(event="begin", number=number, stage=stage.name)
        started = time.perf_counter()
        try:
            stage.run(bench)
            ended = {"event": "end"}
        except Exception as error:
            text = " ".join(str(error).split())[:500]
            ended = {"event": "failed", "why": f"{type(error).__name__}: {text}"}
            import traceback

            traceback.print_exc()
        seconds = round(time.perf_counter() - started, 2)
        _say(**ended, number=number, stage=stage.name, seconds=seconds, **bench.notes, **_peak())


def _ended_stages(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the stages said that ended well in a folder of an earlier run."""
    lines = (folder / "stages.jsonl").read_text(encoding="utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    return {what["stage"]: what for what in said if what["event"] == "end"}


def _peak() -> dict[str, int]:
    """Return the most device memory that this process has used, as far as it is known.

    No stage used more, so it bounds those whose own peak is not known: JAX has no way to begin
    anew, and one that used less than an earlier stage leaves no trace.
    """
    jax = sys.modules.get("jax")
    facts = (jax.local_devices()[0].memory_stats() or {}) if jax else {}
    return {"process_peak_bytes": facts["peak_bytes_in_use"]} if facts else {}


def _say(**what: Any) -> None:
    print("STAGE " + json.dumps(what, default=str), flush=True)


# The process that watches it -----------------------------------------------------------------


def drive(arguments: argparse.Namespace) -> int:
    """Run the stages in a process of their own, and a new one where it ends or hangs."""
    (arguments.out / "work").mkdir(parents=True, exist_ok=True)
    packer = _Packer(arguments.out)
    first, failures = 0, 0
    with (arguments.out / "stages.jsonl").open("a") as log:
        while first < len(STAGES):
            for what in _stages_from(first, arguments):
                what["at"] = round(arguments.seconds - (arguments.deadline - time.monotonic()), 1)
                print(_line(what), flush=True)
                log.write(json.dumps(what) + "\n")
                log.flush()
                first = max(first, what["number"] + (what["event"] != "begin"))
                failures += what["event"] in ("failed", "ended")
                if what["event"] in ("end", "failed"):
                    packer.ask()
            if time.monotonic() > arguments.deadline - _LEAST_SECONDS:
                break
    packer.finish()
    print(f"{failures} stages failed; {_described(arguments.out)}", flush=True)
    return 1 if failures else 0


def _stages_from(first: int, arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield what a process says that begins with stage ``first``; how it ended, if badly."""
    process = subprocess.Popen(
        [
            sys.executable,
            __file__,
            *sys.argv[1:],
            "--serve",
            "--first",
            str(first),
            "--deadline",
            str(arguments.deadline),
        ],
        env=_environment(arguments.rehearse),
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    at_work, limit = first, 900.0 if arguments.rehearse else 90.0
    until = time.monotonic() + limit
    began = False
    while True:
        try:
            line = lines.get(timeout=max(0.1, min(until, arguments.deadline) - time.monotonic()))
        except queue.Empty:
            process.kill()
            process.wait()
            up = time.monotonic() >= arguments.deadline
            why = "the time for everything was up" if up else f"it took more than {limit:.0f} s"
            yield _ended(at_work, why)
            return
        if line is None:
            break
        if not line.startswith("STAGE "):
            print(line, end="", file=sys.stderr)
            continue
        what = json.loads(line.removeprefix("STAGE "))
        began = what["event"] == "begin"
        at_work = what["number"]
        patience = 20 if arguments.rehearse else 1
        limit = patience * (STAGES[at_work].limit if began else 30)
        until = time.monotonic() + limit
        yield what
    if process.wait() or began:
        yield _ended(at_work, f"its process ended with exit code {process.returncode}")
    elif at_work < len(STAGES) - 1 or arguments.only:
        yield {"event": "done", "number": len(STAGES), "stage": "all"}


def _ended(number: int, why: str) -> dict[str, Any]:
    return {"event": "ended", "number": number, "stage": STAGES[number].name, "why": why}


def _line(what: dict[str, Any]) -> str:
    known = ("event", "number", "stage", "seconds", "at")
    rest = {key: value for key, value in what.items() if key not in known}
    seconds = f" {what['seconds']:.1f} s" if "seconds" in what else ""
    return f"[{what['at']:6.1f}] {what['event']:7} {what['stage']}{seconds} {rest or ''}".rstrip()


class _Packer:
    """Packs what is recorded beside the process that computes, now and then after a stage."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._asked: queue.Queue[bool] = queue.Queue()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def ask(self) -> None:
        """Have what is recorded by now packed soon."""
        self._asked.put(True)

    def finish(self) -> None:
        """Pack a last time, and wait for it."""
        self._asked.put(False)
        self._thread.join()

    def _serve(self) -> None:
        more, packed = True, time.monotonic()
        while more:
            more = self._asked.get()
            while not self._asked.empty():  # one packing serves all that asked
                more = self._asked.get()
            if more and time.monotonic() < packed + _PACKED_EVERY:
                continue  # it disturbs the stage beside which it computes
            packed = time.monotonic()
            try:
                _pack(self._out)
            except Exception as error:
                print(f"packing failed: {type(error).__name__}: {error}", file=sys.stderr)


def _pack(out: Path) -> None:
    """Pack each part that has changed; without pyarrow, all of them in one tar file."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        partial = out / ".gpu-rows.tar"
        with tarfile.open(partial, "w") as tar:
            for part in sorted((out / "work").glob("part-*")):
                tar.add(part, arcname="gpu-rows", filter=_whole)
        partial.replace(out / "gpu-rows.tar")
        return
    from ninetynine.records import RecordStore
    from ninetynine.records.packing import write_pack

    for part in sorted((out / "work").glob("part-*")):
        count = len(list(part.glob("records/*/*.json")))
        done = part / "packed"
        if count and (not done.exists() or done.read_text() != str(count)):
            number = part.name.removeprefix("part-")
            write_pack(RecordStore(part), out / f"gpu-rows-{number}.parquet")
            done.write_text(str(count))


def _whole(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(member.name).name
    return None if name.startswith(".") or name == "packed" else member


def _described(out: Path) -> str:
    found = [*sorted(out.glob("gpu-rows-*.parquet")), *out.glob("gpu-rows.tar")]
    sizes = ", ".join(f"{path.name} ({path.stat().st_size / 1e6:.1f} MB)" for path in found)
    return f"records in {sizes}" if sizes else "no records"


# Small things ----------------------------------------------------------------------------------


def _environment(rehearse: bool) -> dict[str, str]:
    from ninetynine.training.setup import inherited_environment, thread_environment

    device = "cpu" if rehearse else "gpu"
    kept = inherited_environment(os.environ)
    return {"XLA_PYTHON_CLIENT_MEM_FRACTION": ".9", **kept, **thread_environment("jax", 1, device)}


def _part(out: Path, number: int) -> Path:
    return out / "work" / f"part-{number}"


def _cores() -> list[int]:
    from ninetynine.machine import available_cores

    return available_cores()


def _seconds(many: Any) -> float:
    """Return a seed's share of the seconds of training."""
    found = [one.record.timing.train_seconds for one in many if one.record is not None]
    return float(found[0]) if found else float("nan")


def _accuracy(records: list[Any]) -> float:
    return round(sum(r.scores.test.accuracy for r in records) / max(1, len(records)), 6)


def _summary(records: list[Any]) -> dict[str, Any]:
    """Return what a row came to, for the log; its records say the rest."""
    if not records:
        return {"records": 0}
    timings = [record.timing for record in records]
    if timings[0].together is None and len(timings) > 1:
        timings = timings[1:]  # the first one alone pays for what all of a process need

    def middle(name: str, digits: int) -> float | None:
        known = [value for timing in timings if (value := getattr(timing, name)) is not None]
        return round(statistics.median(known), digits) if known else None

    return {
        "records": len(records),
        "accuracy": _accuracy(records),
        "train_seconds_each": middle("train_seconds", 5),
        "compile_seconds_each": middle("compile_seconds", 4),
        "evaluate_seconds_each": middle("evaluate_seconds", 5),
        "joules_each": middle("train_joules", 2),
        "exclusive": all(timing.exclusive for timing in timings),
        "gpu_peak_bytes": records[-1].gpu_peak_memory_bytes,
    }


def _few_digits(out: Path) -> Path:
    """Return a data set of few images for a rehearsal: no record on it can be taken for MNIST's."""
    import numpy as np

    path = out / "work" / "rehearsal.npz"
    if not path.exists():
        rng = np.random.default_rng(0)
        labels = np.arange(300) % 10
        images = rng.integers(0, 60, (300, 28, 28), np.uint8)
        for place, label in enumerate(labels):
            images[place, 2 * label + 4 : 2 * label + 8, 4:24] = 250  # a bar, lower for each class
        named = {"x_train": images[:200], "y_train": labels[:200]}
        np.savez(path, **named, x_test=images[200:], y_test=labels[200:])
    return path


def main() -> int:
    """Read the command line and drive, or compute where the driver asks for it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="an empty folder for what comes back")
    parser.add_argument("--seconds", type=float, default=480, help="for everything [%(default)s]")
    parser.add_argument("--rehearse", action="store_true", help="tiny, on a CPU")
    parser.add_argument("--only", help="the stages whose name has this in it")
    parser.add_argument("--missing", type=Path, help="skip the stages that ended in this folder")
    parser.add_argument("--commit", help="that these files are of, where there is no repository")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--deadline", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.missing and not (arguments.missing / "stages.jsonl").is_file():
        parser.error(f"--missing: {arguments.missing} has no stages.jsonl of an earlier run")
    if arguments.serve:
        serve(arguments)
        return 0
    arguments.deadline = time.monotonic() + arguments.seconds
    return drive(arguments)


if __name__ == "__main__":
    sys.exit(main())
