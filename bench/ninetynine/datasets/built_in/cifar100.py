"""CIFAR-100: photographs of a hundred kinds of things, by their fine labels."""

from ninetynine.datasets.batches import CIFAR_100
from ninetynine.datasets.dataset import DatasetInfo, RawArrays
from ninetynine.datasets.download import read_through_keras

_NAMES = """
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile
cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp
lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom
oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine
possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake
spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor
train trout tulip turtle wardrobe whale willow_tree wolf woman worm
"""

# No array is pinned, as of CIFAR-10.
INFO = DatasetInfo(
    name="cifar100",
    description="Photographs of a hundred kinds of things, 32x32 color (CIFAR-100, fine labels)",
    license="none stated by its authors; parts of 80 million tiny images",
    source=(
        "Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images; "
        "https://www.cs.toronto.edu/~kriz/cifar.html"
    ),
    num_classes=100,
    image_shape=(32, 32, 3),
    train_length=50_000,
    test_length=10_000,
    class_names=tuple(_NAMES.split()),
    cifar_files=CIFAR_100,
    order=5,
)


def read() -> RawArrays:
    """Return the arrays of Keras's copy, downloaded where this machine has no good one."""
    return read_through_keras(INFO)
