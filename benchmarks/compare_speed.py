"""The tutorials by ``bench run``, as plain scripts, and under benchopt: wall time, interleaved.

    python benchmarks/compare_speed.py --benchopt ENVIRONMENT/bin/python

measures what is missing of every comparison and prints the page, which ``--report`` makes again
from the raw rounds.  A round is written when it ends, so the same command goes on after an
interruption.  Benchopt has an environment of its own, with the versions of this one: ``pip install
-c constraints.txt benchopt tensorflow keras``.  ``--smoke`` shows in minutes that all of it works.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from comparison.accuracy import compare_with_scripts
from comparison.contenders import ARCHITECTURES, REPOSITORY
from comparison.experiments import COMPARISONS, WITH_BENCHOPT, Experiments
from comparison.page import page
from comparison.rounds import Setting, append_round, done_rounds, read_rounds, seeds_of
from comparison.setting import current_setting, differing_versions
from ninetynine.errors import UserError
from ninetynine.suite import parse_seeds


def main() -> int:
    """Measure and report as the command line asks; return the exit code."""
    arguments = _parse()
    try:
        with tempfile.TemporaryDirectory() as work:
            return _run(arguments, Path(work))
    except UserError as error:
        print(f"compare_speed: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("compare_speed: interrupted; finished rounds are kept", file=sys.stderr)
        return 130


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", choices=[*COMPARISONS, "accuracy", "all"], default="all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each comparison [5]")
    parser.add_argument("--seeds", default="0-4", help="taken in turn by the rounds [0-4]")
    parser.add_argument(
        "--seeds-per-round", type=int, default=0, metavar="K",
        help="[1; small: all of --seeds]",
    )  # fmt: skip
    parser.add_argument(
        "--benchopt", type=Path, metavar="PYTHON",
        help="the Python of an environment with benchopt; without it benchopt is left out",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=REPOSITORY / "results" / "benchmarks")
    parser.add_argument(
        "--keep-predictions", type=Path, metavar="FOLDER",
        help="where the scripts of whole leave their predictions, and accuracy finds them",
    )  # fmt: skip
    parser.add_argument("--report", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--smoke", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(arguments: argparse.Namespace, work: Path) -> int:
    if arguments.smoke:  # T2, one seed, one round; written where nothing stays
        arguments.out, arguments.seeds, arguments.rounds = work / "out", "0-0", 1
    wanted = [*COMPARISONS] if arguments.what == "all" else [arguments.what]
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.what == "accuracy":
        _compare_accuracy(arguments)
        return 0
    if not arguments.report:
        _measure(arguments, wanted, work)
    rounds = read_rounds(arguments.out / "speed_rounds.jsonl")
    if not rounds:
        raise UserError(f"{arguments.out}: no speed_rounds.jsonl; measure first, without --report")
    text = page(rounds)
    (arguments.out / "speed.md").write_text(text)
    print(text)
    return 0


def _measure(arguments: argparse.Namespace, wanted: list[str], work: Path) -> None:
    if arguments.benchopt is None and set(wanted) & set(WITH_BENCHOPT):
        print("benchopt is left out: name its Python with --benchopt", file=sys.stderr)
    setting = current_setting(arguments.benchopt)
    if differing := differing_versions(setting):
        print(f"not the same versions: {differing}", file=sys.stderr)
    tutorials = ("t2",) if arguments.smoke else tuple(ARCHITECTURES)
    experiments = Experiments(tutorials, arguments.benchopt, arguments.keep_predictions, work)
    for what in wanted:
        _measure_one(arguments, experiments, what, setting)


def _measure_one(
    arguments: argparse.Namespace, experiments: Experiments, what: str, setting: Setting
) -> None:
    path, seeds = arguments.out / "speed_rounds.jsonl", parse_seeds(arguments.seeds, "--seeds")
    size = arguments.seeds_per_round or (len(seeds) if what == "small" else 1)
    if what not in WITH_BENCHOPT:
        setting = setting.model_copy(update={"benchopt_packages": None})
    done = done_rounds(read_rounds(path), what, experiments.tutorials_of(what), size, setting)
    if done < arguments.rounds:
        experiments.prepare(what)
    for index in range(done, arguments.rounds):
        chosen = seeds_of(index, seeds, size)
        label = f"{what}: round {index + 1} of {arguments.rounds}, seeds {chosen}"
        print(label, file=sys.stderr, flush=True)
        append_round(path, experiments.measure(what, index, chosen, setting))


def _compare_accuracy(arguments: argparse.Namespace) -> None:
    if arguments.keep_predictions is None:
        raise UserError("--what accuracy needs --keep-predictions FOLDER, filled by --what whole")
    plain = arguments.out.parent / "plain_scripts"
    text = compare_with_scripts(arguments.keep_predictions, plain)
    (arguments.out / "speed_accuracy.md").write_text(text)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
