"""The recipe vocabulary: how a model is trained, as plain data that is checked once."""

from ninetynine.recipe.augmentation import Augmentation
from ninetynine.recipe.loss import Loss
from ninetynine.recipe.optimizer import Optimizer
from ninetynine.recipe.parsing import Strict, in_words, parse, plain
from ninetynine.recipe.recipe import OF_A_PROGRAM, Recipe, parse_recipe, stacked, vocabulary
from ninetynine.recipe.schedule import Schedule
from ninetynine.recipe.start import InitialWeights, Phase, hash_of_file
from ninetynine.recipe.stopping import EarlyStopping, ReduceOnPlateau
