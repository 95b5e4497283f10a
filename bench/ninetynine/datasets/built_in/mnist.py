"""MNIST: the handwritten digits of LeCun, Cortes and Burges.

``mnist_writers.npz`` beside this file says who wrote each test image, in their order: 297 writers,
8 to 130 images each, none of whom wrote a training image. Source: the extended labels of QMNIST
(Yadav and Bottou, "Cold Case: The Lost MNIST Digits", NeurIPS 2019;
github.com/facebookresearch/qmnist, BSD-style licence), whose labels agree with MNIST's for all of
its images. SHA-256 of the writers as uint16, little-endian:
0d0942e0273f6e345d5998ccc814d9e200ed607a1b6d73f324a92ed0e2da5e90.
"""

from pathlib import Path

from ninetynine.datasets.dataset import DatasetInfo, DoubtfulLabel, RawArrays
from ninetynine.datasets.download import read_through_keras

# Northcutt, Athalye and Mueller (2021), "Pervasive Label Errors in Test Sets Destabilize Machine
# Learning Benchmarks": five people each judged 100 suspicious MNIST test labels. Here are the 15
# that fewer than three of the five confirmed: index, given, other, votes (given, other, neither).
_DOUBTFUL = (
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

INFO = DatasetInfo(
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
    class_names=tuple("0123456789"),
    noun="digits",
    # The images' hashes are those of the original bytes; labels are hashed as int64.
    array_sha256={
        "x_train": "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "y_train": "e474323ac02fc156161b0bbb1f8c9cfeb327a74bcd9f9680a8385269a24f566c",
        "x_test": "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "y_test": "2fd8de6bdb8d11780b4b96dc57847bcfe6953f7c32aa48bfcd8237c3b7847243",
    },
    doubtful_test_images=_DOUBTFUL,
    test_groups=Path(__file__).with_name("mnist_writers.npz"),
    groups_noun="writers",
    idx_files=True,
    order=1,
)


def read() -> RawArrays:
    """Return the arrays of Keras's copy, downloaded where this machine has no good one."""
    return read_through_keras(INFO)
