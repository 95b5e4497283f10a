"""Why intervals of few errors cover more than 95%: what counts allow, and what caution adds.

``python studies/statistics/few_errors.py --out studies/statistics/results`` prints its tables and
writes ``few_errors.md``, the same bytes each time, in about two minutes.  The images and runs are
those of ``synthetic.py``, 1,000 images on which a run errs 2 to 20 times.

A difference of two models is counted twice: between equal ones, and averaged over eleven second
models with from half as many errors to as many.  Counts move in steps, so that coverage at one true
value may be any; over neighboring ones it is what an interval gives in use.  Beside what is used
stands each of its cautions left out, the sharpest test that needs no variance (signs flipped image
by image, mid-p, which is told that the models are equal and ignores seeds), and the variance known.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
from interval_coverage import Row, Tally, _coverage, _rng, _table, percent
from ninetynine.statistics import prediction_interval, summary
from ninetynine.statistics.difference import difference_error, image_part
from ninetynine.statistics.special import t_quantile
from ninetynine.statistics.summary import Summary, caution, cautious_variance, seed_variance
from synthetic import Digits, Draw, draw_models, shift_for

IMAGES, ERRORS, SEEDS = 1_000, (2, 5, 10, 20), (3, 5, 10, 20)
_FLIPS = 400

DIFFERENCES = {
    "used": "what is used",
    "unseen": "without half an unseen image",
    "images": "seeds left out (normal, images and flips alone)",
    "neither": "without either",
    "sign_flips": "signs flipped, mid-p",
    "known": "variance known",
}
OVER_SEEDS = {
    "student": "Student's t",
    "smallest": "the same, no SD below the smallest that counts show",
    "factor": "the same, 1 + 0.9 / (n - 1) times as wide",
    "mean": "what is used, never below 1.15 standard errors of flips",
    "one_more_run": "prediction of one more run",
}


def sign_flips_cover(rng: np.random.Generator, a: Summary, b: Summary) -> bool:
    """Whether the flipped signs of the images' differences leave "equal" standing at 5%."""
    effect = a.image_accuracy - b.image_accuracy
    effect = effect[effect != 0]
    signs = rng.integers(0, 2, (_FLIPS, len(effect)), dtype=np.int8) * 2.0 - 1.0
    drawn, found = np.abs(signs @ effect), abs(float(effect.sum()))
    beyond = np.mean(drawn > found + 1e-9) + 0.5 * np.mean(np.abs(drawn - found) <= 1e-9)
    return bool(beyond >= 0.05)


def difference_rows(replicates: int, seed: int, nearby: bool) -> Iterator[Row]:
    """Coverage of a difference for new images; ``nearby`` averages over true differences."""
    for errors in ERRORS:
        for effect in (0.0, 1.0):
            digits = Digits(model_effect=effect)
            share = errors / IMAGES / digits.error_given_hard()
            rng = _rng(seed, "few", errors, effect, nearby)
            others = errors * np.linspace(0.5 if nearby else 1.0, 1.0, 11)
            shifts = [shift_for(digits, other / IMAGES / share) for other in others]
            tallies, found = {n: Tally() for n in SEEDS}, {n: list[float]() for n in SEEDS}
            for i in range(replicates):
                other, shift = others[i % len(others)], shifts[i % len(others)]
                a, b = draw_models(rng, digits, share, [shift, 0.0], IMAGES, max(SEEDS))
                for n, tally in tallies.items():
                    off = _tally_difference(rng, a, b, n, (errors - other) / IMAGES, tally)
                    found[n].append(off)
            for n, tally in tallies.items():
                off_by = np.array(found[n])
                known = np.abs(off_by) <= 1.96 * math.sqrt(np.mean(off_by**2))
                rates = {**tally.rates(), "known": float(known.mean())}
                if nearby:
                    del rates["sign_flips"]
                models = "same recipe" if effect == 0 else "two recipes"
                yield {"errors": errors, "models": models, "seeds": n, **rates}


def _tally_difference(
    rng: np.random.Generator, a: Draw, b: Draw, n: int, truth: float, tally: Tally
) -> float:
    one, other = a.summary(n), b.summary(n)
    error = difference_error(one, other)
    images = _of_images(one, other)
    with patch.object(summary, "UNSEEN_IMAGES", 0.0):
        seen, seen_images = difference_error(one, other), _of_images(one, other)
    off = error.difference - truth
    half_widths = {
        "used": error.half_width(0.95),
        "unseen": seen.half_width(0.95),
        "images": images,
        "neither": seen_images,
    }
    tally.add(
        **{name: abs(off) <= reach + 1e-12 for name, reach in half_widths.items()},
        sign_flips=sign_flips_cover(rng, one, other),
    )
    return off


def _of_images(a: Summary, b: Summary) -> float:
    return 1.96 * math.sqrt(image_part(a, b, 1.0) + a.one_more + b.one_more)


def seed_rows(replicates: int, seed: int) -> Iterator[Row]:
    """Coverage of one model's intervals on these images, rule by rule."""
    digits = Digits()
    for errors in ERRORS:
        rng, tallies = _rng(seed, "few, seeds", errors), {n: Tally() for n in SEEDS}
        for _ in range(replicates):
            share = errors / IMAGES / digits.error_given_hard()
            (model,) = draw_models(rng, digits, share, [0.0], IMAGES, max(SEEDS) + 1)
            for n, tally in tallies.items():
                _tally_seeds(model, n, tally)
        for n, tally in tallies.items():
            yield {"errors": errors, "seeds": n, **tally.rates()}


def _tally_seeds(model: Draw, n: int, tally: Tally) -> None:
    found = model.summary(n)
    (own, flips), raw = seed_variance(found), (found.seed_sd or 0.0) ** 2
    off, quantile = abs(found.mean - model.fixed_image_truth), t_quantile(0.975, n - 1)
    variances = {
        "student": raw,
        "smallest": own,
        "factor": own * caution(n - 1) ** 2,
        "mean": cautious_variance(own, flips, n - 1),
    }
    one_more = prediction_interval(found.seed_accuracy, IMAGES, flips=flips)
    assert one_more is not None
    tally.add(
        **{name: off <= quantile * math.sqrt(v / n) for name, v in variances.items()},
        one_more_run=one_more.contains(1 - float(model.errors[-1].sum()) / IMAGES),
    )


def markdown(replicates: int, seed: int) -> str:
    """Return the tables; coverage in percent."""
    target = _coverage(replicates)
    parts = [
        f"# Intervals of few errors\n\nOf {IMAGES:,} images a run errs on as many as the first "
        f"column says. {replicates:,} replicates per cell; nominal coverage is 95%. Made by "
        f"`python studies/statistics/few_errors.py --replicates {replicates} --seed {seed}`; "
        "docs/statistics.md explains it."
    ]
    rows = {
        "Equal models": list(difference_rows(replicates, seed, nearby=False)),
        "Averaged over true differences up to half the errors": list(
            difference_rows(replicates, seed, nearby=True)
        ),
    }
    keys = ("errors", "models")
    for heading, found in rows.items():
        for question, title in DIFFERENCES.items():
            if question in found[0]:
                cell = target if question == "used" else percent
                parts.append(f"## {heading}: {title}\n\n{_table(found, keys, question, cell)}")
    of_seeds = list(seed_rows(replicates, seed))
    for question, title in OVER_SEEDS.items():
        cell = target if question in ("mean", "one_more_run") else percent
        parts.append(
            f"## One model over seeds: {title}\n\n{_table(of_seeds, ('errors',), question, cell)}"
        )
    return "\n\n".join(parts) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the tables, and write them where ``--out`` says."""
    parser = argparse.ArgumentParser(
        prog="python studies/statistics/few_errors.py", description=__doc__
    )
    parser.add_argument("--replicates", type=int, default=2_000, help="per cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for few_errors.md")
    options = parser.parse_args(argv)
    text = markdown(options.replicates, options.seed)
    sys.stdout.write(text)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "few_errors.md").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
