"""The known datasets: facts, licences, hashes and doubtful labels, as plain data."""

from ninetynine.datasets.dataset import DatasetInfo, DoubtfulLabel

# Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
# Learning Benchmarks": five people each judged 100 suspicious MNIST test labels. Here are the 15
# that fewer than three of the five confirmed: index, given, other, votes (given, other, neither).
_MNIST_DOUBTFUL = (
    DoubtfulLabel(947, 8, 9, (0, 5, 0)),
    DoubtfulLabel(1621, 0, 6, (2, 3, 0)),
    DoubtfulLabel(1901, 9, 4, (2, 3, 0)),
    DoubtfulLabel(2130, 4, 9, (2, 2, 1)),
    DoubtfulLabel(2462, 2, 0, (0, 4, 1)),
    DoubtfulLabel(2597, 5, 3, (0, 4, 1)),
    DoubtfulLabel(2654, 6, 1, (0, 2, 3)),
    DoubtfulLabel(3520, 6, 4, (2, 0, 3)),
    DoubtfulLabel(3558, 5, 0, (1, 4, 0)),
    DoubtfulLabel(5937, 5, 3, (1, 3, 1)),
    DoubtfulLabel(6651, 0, 6, (0, 5, 0)),
    DoubtfulLabel(6783, 1, 6, (2, 3, 0)),
    DoubtfulLabel(8527, 4, 9, (2, 2, 1)),
    DoubtfulLabel(9679, 6, 3, (2, 0, 3)),
    DoubtfulLabel(9729, 5, 6, (2, 3, 0)),
)

_DIGIT_NAMES = tuple("0123456789")

_MNIST = DatasetInfo(
    name="mnist",
    description="Handwritten digits by about 500 people, 28x28 grey (MNIST)",
    license="CC BY-SA 3.0; copyright Yann LeCun and Corinna Cortes",
    source=(
        "LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document "
        "recognition; http://yann.lecun.com/exdb/mnist/"
    ),
    num_classes=10,
    fingerprint="2a6e059caae53c7bd6ecf31c2a3aa366ac4a87547624eb7142eb9e0bb591e66a",
    image_shape=(28, 28, 1),
    train_length=60_000,
    test_length=10_000,
    class_names=_DIGIT_NAMES,
    # The images' hashes are those of the original bytes; labels are hashed as int64.
    array_sha256={
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "e474323ac02fc156161b0bbb1f8c9cfeb327a74bcd9f9680a8385269a24f566c",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "2fd8de6bdb8d11780b4b96dc57847bcfe6953f7c32aa48bfcd8237c3b7847243",
    },
    doubtful_test_images=_MNIST_DOUBTFUL,
)

# The labels are pinned from the two label files in Zalando's repository, whose MD5 are those that
# its README lists. The images were not at hand when this was written, so their hashes are not
# pinned: an image file is taken on trust in its gzip checksum and its shape, and the fingerprint
# that a record carries is computed at load.
_FASHION_MNIST = DatasetInfo(
    name="fashion_mnist",
    description="Photographs of clothes, 28x28 grey, in MNIST's format (Fashion-MNIST)",
    license="MIT; copyright Zalando SE",
    source=(
        "Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747; "
        "https://github.com/zalandoresearch/fashion-mnist"
    ),
    num_classes=10,
    fingerprint=None,
    image_shape=(28, 28, 1),
    train_length=60_000,
    test_length=10_000,
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    array_sha256={
        "y_train": "e3245b63f7c40d1c8b652835f19744d970c1613b40ddac6bcfc87b9c46e16a0b",
        "y_test": "d51d859896c55775b9e9e219b77ff03bcec1b6ac322f313544dc3f9e7bc94fae",
    },
)

_DIGITS = DatasetInfo(
    name="digits",
    description="1,797 handwritten digits embedded in scikit-learn, 8x8 put into 28x28",
    license="CC BY 4.0; distributed with scikit-learn (BSD 3-Clause)",
    source=(
        "Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine "
        "Learning Repository; https://doi.org/10.24432/C50P49"
    ),
    num_classes=10,
    fingerprint="c34ea1a948c0a73534483addb81e09e8cec9dbc71aa21c3a26a173092d14b77c",
    image_shape=(28, 28, 1),
    train_length=1_437,
    test_length=360,
    class_names=_DIGIT_NAMES,
)


def known() -> dict[str, DatasetInfo]:
    """Return the known datasets by name; decodes nothing."""
    return {info.name: info for info in (_MNIST, _FASHION_MNIST, _DIGITS)}
