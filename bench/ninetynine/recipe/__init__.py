"""The recipe vocabulary: how a model is trained, as plain data that is checked once."""

from ninetynine.recipe.augmentation import Augmentation
from ninetynine.recipe.optimizer import COMMON_ARGUMENTS, OPTIMIZERS, Optimizer, Schedule
from ninetynine.recipe.parsing import Strict, in_words, parse, plain
from ninetynine.recipe.recipe import OF_A_PROGRAM, VOCABULARY, Recipe, parse_recipe, stacked
