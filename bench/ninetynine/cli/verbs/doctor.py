"""Look an architecture file and a dataset over before anything is trained."""

from collections.abc import Iterator
from pathlib import Path

import click

from ninetynine import catalog, datasets
from ninetynine.catalog import Architecture
from ninetynine.cells import DEFAULT_BACKEND
from ninetynine.cli import options
from ninetynine.datasets import Finding
from ninetynine.errors import UserError
from ninetynine.training.setup import start_backend_here

_IMAGES = 32


@click.command("doctor")
@click.argument("file", type=options.PATH)
@click.option("--dataset", default="digits", metavar="NAME", help="To train on.")
@options.data_dir
@options.as_json
@options.verbose
def command(file: Path, dataset: str, data_dir: Path | None, as_json: bool) -> int:
    """Look FILE over as a training would, for two seeds: each finding is one line.

    The exit code is 1 where an error was found, 0 where nothing or warnings only.
    """
    if file.suffix != ".py":
        raise UserError(f"{file}: expected an architecture file, ending in .py")
    loaded = datasets.load(dataset, data_dir)
    found = list(datasets.findings(loaded))
    architecture = catalog.get(catalog.discover([file]), file.stem)
    start_backend_here(DEFAULT_BACKEND, 1, "cpu")
    found += _of_model(architecture, loaded)
    errors = [finding for finding in found if finding.level == "error"]
    lines = [f"{finding.level}: {finding.message}" for finding in found]
    facts = [{"level": f.level, "message": f.message} for f in found]
    nothing = f"{file}: nothing to say against it, on {dataset}"
    options.answer(as_json, facts, lines or [nothing])
    return 1 if errors else 0


def _of_model(architecture: Architecture, dataset: datasets.Dataset) -> Iterator[Finding]:
    import keras

    from ninetynine.backends import to_float
    from ninetynine.training.model import compiled_model
    from ninetynine.training.preflight import depends_on_seed, examine
    from ninetynine.training.setup import set_configuration

    recipe, shape = architecture.recipe, dataset.train_images.shape[1:]
    models = []
    try:
        for seed in (0, 1):
            set_configuration("float32")
            keras.utils.set_random_seed(seed)
            models.append(compiled_model(architecture, recipe, shape, dataset.num_classes, steps=1))
        some = to_float(dataset.train_images[:_IMAGES], recipe.scale)
        for line in examine(architecture, models[0], some, recipe.scale):
            yield Finding("warning", line)
    except UserError as error:
        yield Finding("error", str(error))
        return
    if models[0].get_weights() and not depends_on_seed(*models):
        yield Finding(
            "warning",
            f"{architecture.path}: the initial weights do not depend on the seed, so that runs of "
            "other seeds say less about luck than they seem to; take set_random_seed, or seed=, "
            "out of build()",
        )
