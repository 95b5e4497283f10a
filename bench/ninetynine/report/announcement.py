"""What a run trains, told before it starts: data, seeds, precision, and whose recipes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ninetynine.architecture import Architecture
from ninetynine.cells import Cell, by_task
from ninetynine.recipe import Recipe, in_words, plain
from ninetynine.report.formatting import count
from ninetynine.suite import Suite
from ninetynine.suite.seeds import seed_list, seeds_in_words

_LONGEST = 60  # characters of names or values in a line, else they are counted


def announce(
    cells: Sequence[Cell], suite: Suite, catalog: Mapping[str, Architecture]
) -> Iterator[str]:
    """Yield a line for what ``cells`` are trained on, and one for each key that is overridden."""
    models = {cell.identity.architecture: cell for cell in cells}
    seeds = sorted({cell.identity.seed for cell in cells})
    precisions = sorted({cell.identity.precision for cell in cells} - {"unknown"})
    ways = {(c.identity.architecture, c.identity.precision, c.identity.backend) for c in cells}
    rest = len(ways) * len(seeds)
    some = "" if len(cells) == rest else "some of "
    yield (
        f"training {_listed(models, 'model')} on {cells[0].identity.dataset}, {some}"
        f"{_seeds(seeds)}{', ' * bool(precisions)}{' and '.join(precisions)}"
    )
    yield from _together(cells)
    for (key, trained), stated in _overrides(models, catalog).items():
        values = {in_words(value): name for name, value in stated.items()}
        whose = "the file says" if len(models) == 1 else "the files say"
        if len(stated) == 1 < len(models):
            whose = f"the file of {next(iter(stated))} says"
        yield f"{suite.name} sets {key} = {trained} ({whose} {_listed(values, 'value')})"
    own = {
        name: cell
        for name, cell in models.items()
        if cell.variant == "published" and cell.identity.recipe
    }
    if len(own) == 1:
        ((name, cell),) = own.items()
        recipe = ", ".join(f"{key} {in_words(v)}" for key, v in cell.identity.recipe.items())
        yield f"{name} is trained by its own recipe: {recipe}"
    elif own:
        whose = "each is" if len(own) == len(models) else f"{_listed(own, 'model')} are each"
        yield f"{whose} trained by its own recipe"


def _together(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield how many seeds are trained at once, and which of them a second time for the others."""
    models: dict[int, dict[str, None]] = {}
    again = 0
    for one, *more in by_task(cells):
        identity = one.identity
        if identity.at_once > 1:
            models.setdefault(identity.at_once, {})[identity.architecture] = None
            again += identity.at_once - 1 - len(more)
    for number, names in models.items():
        yield f"{_listed(names, 'model')}: {number} seeds at once; seconds are shares of theirs"
    if again:
        yield (
            f"{count(again, 'seed')} trained once more, beside those without a record: a seed that "
            "is trained at once with others is so only with them all"
        )


def _overrides(
    models: Mapping[str, Cell], catalog: Mapping[str, Architecture]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Return (key, value trained with) -> model -> what its recipe states, where that is other."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for name, cell in models.items():
        stated, trained = catalog[name].recipe, Recipe.from_canonical(cell.identity.recipe)
        for key in Recipe.model_fields:
            before, now = _plain(stated, key), _plain(trained, key)
            if before != now:
                found.setdefault((key, in_words(now)), {})[name] = before
    return found


def _plain(recipe: Recipe, key: str) -> Any:
    value = plain(recipe.model_dump()[key])
    if recipe.initial_weights is not None and key == "initial_weights":
        value = Path(recipe.initial_weights.name).name  # a recipe as stated has no hash yet
    return "none" if value is None else value


def _listed(names: Mapping[str, Any], noun: str) -> str:
    """Return a few names, or how many there are where there are more."""
    text = ", ".join(names)
    return text if len(text) <= _LONGEST else count(len(names), noun)


def _seeds(seeds: Sequence[int]) -> str:
    """Return seeds in order as ``seed 3`` or ``seeds 0-2,7``."""
    if len(seed_list(seeds).replace(" ", "")) > _LONGEST:
        return count(len(seeds), "seed")
    return seeds_in_words(seeds).replace(", ", ",")
