"""The section of docs/gpu.md that says what one H100 gave, from the committed records and stages.

``python studies/mnist/gpu_table.py docs/gpu.md --results studies/mnist/gpu`` rewrites it in place;
a test holds the committed page to what this writes.  It needs no backend.
"""

import argparse
import re
from pathlib import Path

import numpy as np
from gpu_records import (
    BF16,
    CNN,
    CONVS,
    F32,
    LENET,
    T1,
    T2,
    T3,
    T4,
    TF32,
    VIEWS,
    Found,
    Runs,
    in_order,
    markdown,
)
from gpu_votes import on_folds, views, votes
from ninetynine.records import Timing
from ninetynine.report.formatting import three_digits
from ninetynine.statistics import time_to_accuracy_certified

_SECTION = re.compile(r"(<!-- gpu-table:begin[^\n]*-->\n).*(<!-- gpu-table:end -->)", re.DOTALL)
ASKED = [
    *((name, precision) for name in (T1, T2, T3, T4) for precision in (F32, BF16)),
    *(("four_convs_longest", BF16), ("four_convs_long", BF16), ("modern_lenet", BF16)),
    *((name, BF16) for name in VIEWS[1:]),
]
_NOT_MEASURED = "not measured"
Table = list[list[str]]


def gpu_table(folder: Path) -> str:
    """Return the section's Markdown from the records and stages in ``folder``."""
    found = Found(folder)
    facts = found.stages["facts"]["card"]
    count = sum(len(runs.records) for runs in found.runs.values())
    parts = [
        f"{count} runs on one {facts['name']} ({facts['power_limit_watts']} W, driver "
        f"{facts['driver']}, CUDA {facts['driver_cuda']}, MIG {facts['mig']}).",
        markdown(["", "Target", "Found", ""], _targets(found)),
        _where_the_time_goes(found),
        markdown(_ROW_HEADINGS, [_row(runs) for runs in in_order(found)]),
        "Seconds, joules and watts are of training alone, without compiling and answering: medians "
        "over the runs that had the machine to themselves, alone without the first one, together a "
        "seed's share. TFLOP/s are counted from the network's multiply-adds (six operations each), "
        "whatever is computed for them. Disturbed: another program took more of the processor than "
        "a run may share. Memory is blank where it is not known: JAX tells only a process's "
        "highest, and an earlier stage had used as much.",
        _precisions(found),
        votes(found),
        views(found),
        on_folds(found),
        _since_earlier(found),
        _not_measured(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def rewrite(page: str, section: str) -> str:
    """Return ``page`` with ``section`` between its gpu-table markers.

    Raises ValueError where the page has no markers.
    """
    if not _SECTION.search(page):
        raise ValueError("the page has no gpu-table markers")
    return _SECTION.sub(lambda match: match[1] + section + match[2], page)


# What was aimed at -----------------------------------------------------------------------------


def _targets(found: Found) -> Table:
    hundred = found.stages.get("t2 of 100")
    return [
        *(
            _times_as_fast(found, title, name, precision)
            for title, name in (("T2", T2), ("T1", T1))
            for precision in (F32, TF32, BF16)
        ),
        [
            "100 seeds of T2 trained and recorded, wall time",
            "under 60 s",
            *(_hundred(found, hundred["whole_seconds"]) if hundred else ["", _NOT_MEASURED]),
        ],
        *(_certified(found, CNN, precision, 0.9906, 0.2) for precision in (F32, BF16)),
        _alone(found),
        *(_certified(found, name, BF16, 0.995, None) for name in (CONVS, LENET)),
        _determinism(found),
        _verified(found),
    ]


def _times_as_fast(found: Found, title: str, name: str, precision: str) -> list[str]:
    what = f"32 seeds of {title} together against one after the other, {precision}"
    many, alone = found.of(name, precision, 32), found.of(name, precision, 1)
    if many is None or alone is None:
        return [what, "8 times as fast", "", _NOT_MEASURED]
    ratio = alone.typical / many.typical
    whole = _whole(alone.warm) / _whole(many.warm)
    said = (
        f"{ratio:.1f} times: {three_digits(many.typical)} s a seed against "
        f"{three_digits(alone.typical)} s alone, {len(alone.seconds)} after a first; "
        f"{whole:.1f} times with building, compiling and answering"
    )
    return [what, "8 times as fast", said, _verdict(ratio >= 8)]


def _whole(timing: Timing) -> float:
    parts = (timing.build_seconds, timing.compile_seconds, timing.train_seconds)
    return sum(parts) + timing.evaluate_seconds


def _hundred(found: Found, seconds: float) -> list[str]:
    started = seconds + found.stages["facts"]["seconds"]
    said = f"{seconds:.1f} s; {started:.1f} s with the start of the process"
    return [said, _verdict(started < 60)]


def _certified(
    found: Found, name: str, precision: str, target: float, limit: float | None
) -> list[str]:
    what = f"Certified {100 * target:g}%, {name} in {precision}, seeds together"
    wanted = f"under {limit:g} s a seed" if limit else ""
    many = found.together(name, precision)
    if not many:
        return [what, wanted, "", _NOT_MEASURED]
    runs = many[-1]
    said = (
        f"{three_digits(runs.typical)} s a seed, "
        f"{three_digits(runs.typical + runs.warm.compile_seconds)} s with compiling; "
        f"{_bound(runs, target)}"
    )
    certified = time_to_accuracy_certified(runs.accuracies, target).certified
    if limit is None:
        return [what, wanted, said, "certified" if certified else "not certified"]
    return [what, wanted, said, _verdict(certified and runs.typical < limit)]


def _bound(runs: Runs, target: float) -> str:
    result = time_to_accuracy_certified(runs.accuracies, target)
    assert result.lower_bound is not None
    said = f"{100 * result.mean:.2f}% over {result.runs} seeds, at least "
    said += f"{100 * result.lower_bound:.2f}%"
    if result.runs < result.runs_required:
        said += f", but {result.runs_required} seeds are needed to certify"
    return said


def _alone(found: Found) -> list[str]:
    what = f"Certified 99.06%, {CNN} in {BF16}, seeds alone"
    runs = found.of(CNN, BF16, 1)
    if runs is None:
        return [what, "under 1 s a seed", "", _NOT_MEASURED]
    first = runs.records[0].timing
    assert first is not None
    said = (
        f"median {three_digits(runs.typical)} s, mean {three_digits(float(np.mean(runs.seconds)))} "
        f"s of {len(runs.seconds)}; the first, which warms the card up, "
        f"{three_digits(first.train_seconds)} s; {_bound(runs, 0.9906)}"
    )
    certified = time_to_accuracy_certified(runs.accuracies, 0.9906).certified
    if runs.typical < 1 <= float(np.mean(runs.seconds)):
        verdict = "median reached, mean missed"
    else:
        verdict = _verdict(runs.typical < 1)
    return [what, "under 1 s a seed", said, verdict + ("" if certified else "; not certified")]


def _determinism(found: Found) -> list[str]:
    what = "A fifth of an epoch of T1 trained twice on the same card"
    stage = found.stages.get("determinism")
    if stage is None:
        return [what, "the same bits", "", _NOT_MEASURED]
    told = {
        f"alone in {F32}": stage["alone_bit_identical"],
        f"8 together in {F32}": stage[f"together_bit_identical_{F32}"],
        f"8 together in {BF16}": stage[f"together_bit_identical_{BF16}"],
    }
    return [what, "the same bits", _same(told), _verdict(all(told.values()))]


def _verified(found: Found) -> list[str]:
    what = f"Recorded cells of T2 in {F32} trained anew on the same card, as `bench verify` does"
    stage = found.stages.get("determinism", {})
    told, counts = stage.get("verified"), stage.get("verified_runs")
    if told is None:
        return [what, "the same bits", "", _NOT_MEASURED]
    shown = {way: same for way, same in told.items() if same or counts}
    # Without counts, what is not the same may also be that no record of that key was found.
    not_shown = [f"{way}: not shown" for way in told if way not in shown]
    verdict = _verdict(all(shown.values())) + "".join(f"; {words}" for words in not_shown)
    return [what, "the same bits", ", ".join([_same(shown), *not_shown]), verdict]


def _same(told: dict[str, bool]) -> str:
    return ", ".join(
        f"{way}: {'the same' if same else 'not the same'}" for way, same in told.items()
    )


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**missed**"


# What it cost ----------------------------------------------------------------------------------

_ROW_HEADINGS = [
    "Model", "Precision", "Seeds", "Accuracy, %", "Seconds a seed", "Joules a seed",
    "Watts", "TFLOP/s", "Memory, MiB",
]  # fmt: skip


def _row(runs: Runs) -> list[str]:
    return [
        f"`{runs.architecture}`",
        runs.precision,
        runs.way if runs.together > 1 else f"{len(runs.records)} alone",
        f"{100 * float(runs.accuracies.mean()):.2f}",
        three_digits(runs.typical)
        + (" (disturbed)" if runs.disturbed == len(runs.records) else ""),
        "" if runs.joules is None else three_digits(runs.joules),
        "" if runs.watts is None else f"{runs.watts:.0f}",
        "" if runs.teraflops is None else three_digits(runs.teraflops),
        "" if runs.peak_bytes is None else f"{runs.peak_bytes / 2**20:,.0f}",
    ]


def _where_the_time_goes(found: Found) -> str:
    limit = float(found.stages["facts"]["card"]["power_limit_watts"])
    lines = ["Where the time goes, as far as steps and watts tell:", ""]
    for name, precision in ((T2, F32), (T1, F32), (CNN, BF16)):
        many, alone = (
            next(iter(found.together(name, precision)), None),
            found.of(name, precision, 1),
        )
        if many is None or alone is None or not many.watts or not alone.watts:
            continue
        lines.append(
            f"- A step of `{name}` in {precision} takes {1e3 * alone.step_seconds:.2f} ms alone, "
            f"at {alone.watts:.0f} of {limit:.0f} W, and {1e3 * many.step_seconds:.2f} ms for "
            f"{many.together} seeds, at {many.watts:.0f} W; the host's thread computes "
            f"{_host(alone):.0%} of the time alone and {_host(many):.0%} together."
        )
    form = found.stages.get("convolutions")
    if form:
        ratios = {
            p: form[f"{p}_grouped_seconds"] / form[f"{p}_products_seconds"] for p in (F32, BF16)
        }
        said = [f"{ratio:.2f} times as long in {p}" for p, ratio in ratios.items()]
        lines.append(
            f"- With its convolutions as one grouped convolution of all seeds, T1 takes "
            f"{' and '.join(said)} as with batched products. The rows are of the faster form."
        )
    facts = found.stages["facts"]
    peak = facts["gflops_float32"] / 1e3
    fastest = found.of(T2, F32, 32)
    if fastest and fastest.teraflops and fastest.teraflops > peak:
        lines.append(
            f"- The rate of products that the first stage found ({peak:.1f} TFLOP/s in {F32}, "
            f"{facts[f'gflops_{BF16}'] / 1e3:.1f} in {BF16}) is no peak of the card: T2 together "
            f"trains at {fastest.teraflops:.1f}. It waited for the host after every product."
        )
    return "\n".join([*lines, "", _eighths(found), "", _profile(found)])


def _eighths(found: Found) -> str:
    """Return what eight times as fast would be, beside what a step's products were seen to take."""
    profile, rows = found.stages.get("profile", {}), []
    for name in (T2, T1):
        for precision in (F32, TF32, BF16):
            many, alone = found.of(name, precision, 32), found.of(name, precision, 1)
            if many is None or alone is None:
                continue
            steps = (alone.step_seconds, many.step_seconds, 32 * alone.step_seconds / 8)
            products = profile.get(f"{name} {precision} 32", {}).get("products_ms")
            told = [f"{1e3 * seconds:.2f}" for seconds in steps]
            row = [f"`{name}`", precision, *told, "" if products is None else f"{products:.2f}"]
            rows.append(row)
    headings = [
        "Step of", "Precision", "ms alone", "ms for 32 seeds", "ms for 8 times as fast",
        "ms in products for 32 seeds",
    ]  # fmt: skip
    said = (
        "Eight times as fast as one after the other is a step of 32 seeds in the time of four "
        "steps alone. Beside it what the matrix products of such a step take by themselves, where "
        "they were profiled:"
    )
    return f"{said}\n\n{markdown(headings, rows)}"


def _profile(found: Found) -> str:
    """Return what the kernels of a step take, from JAX's profile of a hundred steps."""
    stage = found.stages.get("profile")
    if stage is None:
        return "The stages tell no more: what a step's kernels take was not profiled."
    rows = []
    for name, told in stage.items():
        if not isinstance(told, dict):
            continue
        model, precision, seeds = name.split()
        rest = told["step_ms"] - told["products_ms"] - told["rest_ms"]
        rows.append(
            [
                f"`{model}`", precision, "alone" if seeds == "1" else f"{seeds} together",
                f"{told['step_ms']:.2f}", f"{told['kernels']:.0f}", f"{told['products_ms']:.2f}",
                f"{told['rest_ms']:.2f}", f"{max(0.0, rest):.2f}",
            ]
        )  # fmt: skip
    headings = [
        "Step of", "Precision", "Seeds", "ms", "Kernels", "ms in products", "ms in the rest",
        "ms between kernels",
    ]  # fmt: skip
    said = (
        "A step of a hundred, from JAX's profile: how many kernels it runs, what those of matrix "
        "products and convolutions take, what all others take, and what is left of the step. What "
        "an epoch costs once is spread over these hundred steps, so alone they take longer than "
        "those above:"
    )
    return f"{said}\n\n{markdown(headings, rows)}"


def _host(runs: Runs) -> float:
    shares = [
        t.train_cpu_seconds / t.train_seconds
        for t in runs.timings
        if t.train_cpu_seconds is not None
    ]
    return float(np.median(shares))


def _precisions(found: Found) -> str:
    stage = found.stages.get("precisions")
    if stage is None:
        return f"TensorFloat-32 against float32: {_NOT_MEASURED}."
    base = stage["float32_seconds"]
    said = [
        f"{stage[f'{p}_seconds'] / base:.2f} times the seconds, "
        f"{100 * stage[f'{p}_accuracy']:.2f}% against {100 * stage['float32_accuracy']:.2f}%, "
        f"a probability at most {stage[f'{p}_largest_difference']:.3f} away"
        for p in ("tensorfloat32", BF16)
    ]
    return (
        f"After a fifth of an epoch of T1, eight seeds together, TensorFloat-32 beside float32: "
        f"{said[0]}. bfloat16 beside float32: {said[1]}."
    )


def _since_earlier(found: Found) -> str:
    """Return what became of the cells of an earlier run, whose hashes and seconds are kept."""
    rows = []
    for runs in in_order(found):
        before = {
            int(row["seed"]): row
            for row in found.earlier
            if (row["architecture"], row["precision"], int(row["together"]))
            == (runs.architecture, runs.precision, runs.together)
        }
        pairs = [(r, before[r.cell.seed]) for r in runs.records if r.cell.seed in before]
        if not pairs:
            continue
        same = sum(
            r.model is not None and r.model.weights_hash == b["weights_hash"] for r, b in pairs
        )
        old = float(np.median([float(b["train_seconds"]) for _, b in pairs]))
        rows.append(
            [
                f"`{runs.architecture}`", runs.precision, runs.way, f"{same} of {len(pairs)}",
                three_digits(old), three_digits(runs.typical), f"{old / runs.typical:.1f}",
            ]
        )  # fmt: skip
    headings = [
        "Model", "Precision", "Seeds", "Same bits", "Seconds then", "Seconds now", "Times as fast",
    ]  # fmt: skip
    said = (
        "The same cells in an earlier run, in another process on a machine of the same kind, when "
        "XLA searched for the gradient of max pooling (`loop_revision` 1). `t2_dense` has no "
        "pooling; what else has other bits now has them from other fusions around it:"
    )
    return f"{said}\n\n{markdown(headings, rows)}"


def _not_measured(found: Found) -> str:
    missing = [
        f"`{name}` in {precision}, seeds together{_why(found, name, precision)}"
        for name, precision in ASKED
        if not found.together(name, precision)
    ]
    if not missing:
        return ""
    return "\n".join(["Not measured:", "", *(f"- {line}" for line in missing)])


def _why(found: Found, name: str, precision: str) -> str:
    short = name.partition("_")[0] if name in (T1, T2, T3, T4) else f"ladder {name}"
    stage = f"{short} {precision.removeprefix('mixed_')}" if name in (T1, T2, T3, T4) else short
    for what in found.ended:
        if what["stage"] == stage:
            return f" (ended after {found.ended_after[stage]:.0f} s, unfinished)"
    return ""


def main() -> None:
    """Rewrite the section in the page named on the command line."""
    parser = argparse.ArgumentParser(description="Rewrite the section made from the GPU's records.")
    parser.add_argument("page", type=Path)
    parser.add_argument("--results", type=Path, default=Path("studies/mnist/gpu"))
    arguments = parser.parse_args()
    page = arguments.page
    section = gpu_table(arguments.results)
    page.write_text(rewrite(page.read_text(encoding="utf-8"), section), encoding="utf-8")


if __name__ == "__main__":
    main()
