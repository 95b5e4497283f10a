"""Random changes to training images: drawn by NumPy, applied by whatever backend trains.

The draws depend on the seed, the epoch and the place in the epoch's order alone, so every backend
sees the same images.  A change is a smooth map from each pixel of the new image to a point of the
old one, read by bilinear interpolation; outside the image all is background (zero).

Sources: affine and elastic distortions for digits, Simard, Steinkraus and Platt, "Best Practices
for Convolutional Neural Networks Applied to Visual Document Analysis", ICDAR 2003.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninetynine.recipe import Augmentation
from ninetynine.training import retouching
from ninetynine.training.retouching import Retouching

_STREAM = 1  # beside the data order's stream [seed, epoch]
_RETOUCHING_STREAM = 2
_LARGEST_TABLE = 2**18  # pixels of an image's sideways shifts: of larger ones each is read alone
_AFFINE = 6  # the map's numbers: x' = a x + b y + c, y' = d x + e y + f, from the image's centre


def draw(
    augmentation: Augmentation, images: int, side: int, seed: int, epoch: int
) -> NDArray[np.float32]:
    """Return the changes for one epoch: float32 (images, 6), or (images, 6 + 2 k^2) if elastic.

    Where more is done than pixels moved, what `retouching` needs follows.  ``side`` is the images'
    longer side in pixels.  All is drawn whether it is asked for or not, so that one word of a
    recipe changes nothing but itself.
    """
    rng, drawing = np.random.default_rng([seed, epoch, _STREAM]), Drawing(augmentation, side)
    uniform = rng.uniform(-1, 1, (drawing.affine, images))
    bumps = rng.standard_normal((images, drawing.bumps)) if drawing.bumps else None
    more = None
    if drawing.more:
        rng = np.random.default_rng([seed, epoch, _RETOUCHING_STREAM])
        more = rng.uniform(0, 1, (drawing.more, images))
    return np.asarray(drawing.changes(uniform, bumps, np, more), np.float32)


class Drawing:
    """Turns random numbers into changes: what is drawn, whoever draws it."""

    affine = _AFFINE  # uniform numbers from -1 to 1 for each image
    bumps: int  # standard normal numbers for each image
    more: int  # uniform numbers from 0 to 1 for each image

    def __init__(self, augmentation: Augmentation, side: int) -> None:
        self._words = augmentation
        self.more = 0 if augmentation.only_moves else retouching.DRAWN
        elastic = bool(augmentation.elastic_pixels)
        self.bumps = 2 * len(_knots(augmentation, side)) ** 2 if elastic else 0

    def changes(self, uniform: Any, bumps: Any, arrays: Any, more: Any = None) -> Any:
        """Return the changes (images, k) of ``uniform`` (6, images), ``bumps`` (images, bumps).

        ``more`` is (more, images) where there is any.  ``arrays`` is the module that computes:
        numpy, or one like it.
        """
        words = self._words
        turn, stretch_x, stretch_y, shear, move_x, move_y = uniform
        angle = float(np.deg2rad(words.rotation_degrees)) * turn
        # A stretch and its inverse are equally likely.
        width = (1 + words.scale_fraction) ** stretch_x
        height = (1 + words.scale_fraction) ** stretch_y
        slant = words.shear_fraction * shear
        shift = words.shift_pixels
        # Whole pixels, so that a shift alone blurs nothing: -shift..shift, each equally likely.
        # (In single precision a number below 1 may round up to it.)
        right, down = (
            arrays.minimum(arrays.floor((move + 1) / 2 * (2 * shift + 1)) - shift, shift)
            for move in (move_x, move_y)
        )
        rows = [
            width * arrays.cos(angle),
            width * (slant * arrays.cos(angle) - arrays.sin(angle)),
            right,
            height * arrays.sin(angle),
            height * (slant * arrays.sin(angle) + arrays.cos(angle)),
            down,
        ]
        parts = [arrays.stack(rows, axis=1)]
        if self.bumps:
            parts.append(words.elastic_pixels * bumps)
        if more is not None:
            parts.append(Retouching(words).changes(more, arrays))
        return parts[0] if len(parts) == 1 else arrays.hstack(parts)


class Warp:
    """Applies drawn changes to a batch of images, as keras operations.

    Height and width are those of the images; the elastic field is a sum of Gaussian bumps on a
    square grid, scaled so that a pixel moves by ``elastic_pixels`` in root mean square on each
    axis.  Pixels are from 0, the background, to ``white``.
    """

    def __init__(
        self, augmentation: Augmentation, height: int, width: int, white: float = 1.0
    ) -> None:
        self._height, self._width = height, width
        self._moves = augmentation.moves
        retouches = not augmentation.only_moves
        self._retouch = Retouching(augmentation, height, width, white) if retouches else None
        rows, columns = np.mgrid[:height, :width].reshape(2, -1)
        self._x = (columns - (width - 1) / 2).astype(np.float32)
        self._y = (rows - (height - 1) / 2).astype(np.float32)
        side = max(height, width)
        self._field = (
            _bumps(augmentation, side, self._x, self._y) if augmentation.elastic_pixels else None
        )
        self._shift_pixels = augmentation.shift_pixels if augmentation.only_shifts else None

    def __call__(self, images: Any, changes: Any) -> Any:
        """Return ``images`` (b, h, w, c) float32 changed as ``changes`` (b, 6 or more) says."""
        if self._moves:
            if self._shift_pixels is not None:
                images = self._shifted(images, changes, self._shift_pixels)
            else:
                images = self._read(images, *self._points(changes))
        if self._retouch is not None:
            images = self._retouch(images, changes[:, -retouching.COLUMNS :])
        return images

    def batch(self, images: Any, targets: Any, changes: Any) -> tuple[Any, Any]:
        """Return a batch with its ``targets`` (b, classes), changed and mixed as asked for."""
        images = self(images, changes)
        if self._retouch is None:
            return images, targets
        return self._retouch.mixed(images, targets, changes[:, -retouching.COLUMNS :])

    def no_changes(self, images: int) -> NDArray[np.float32]:
        """Return the changes that leave ``images`` images as they are."""
        bumps = 0 if self._field is None else 2 * len(self._field)
        changes = np.zeros((images, _AFFINE + bumps), np.float32)
        changes[:, 0] = changes[:, 4] = 1.0
        if self._retouch is not None:
            changes = np.hstack([changes, self._retouch.no_changes(images)])
        return changes

    def _points(self, changes: Any) -> tuple[Any, Any]:
        """Return where each new pixel is read, x and y (b, h w), measured from the centre."""
        from keras import ops

        a, b, c, d, e, f = (changes[:, i : i + 1] for i in range(_AFFINE))
        across, down = (ops.convert_to_tensor(axis) for axis in (self._x, self._y))
        x = a * across + b * down + c
        y = d * across + e * down + f
        if self._field is not None:
            half, field = len(self._field), ops.convert_to_tensor(self._field)
            x += ops.matmul(changes[:, _AFFINE : _AFFINE + half], field)
            y += ops.matmul(changes[:, _AFFINE + half : _AFFINE + 2 * half], field)
        return x, y

    def _shifted(self, images: Any, changes: Any, most: int) -> Any:
        """Return the images read ``changes``' whole pixels away: nothing to interpolate."""
        from keras import ops

        height, width, channels = self._height, self._width, images.shape[-1]
        padded = ops.pad(images, [[0, 0], [most, most], [most, most], [0, 0]])
        moves = ops.cast(changes[:, :_AFFINE], "int32") + most
        image = ops.arange(ops.shape(images)[0], dtype="int32")
        if (2 * most + 1) * height * width * channels > _LARGEST_TABLE:
            row = (image * (height + 2 * most) + moves[:, 5])[:, None] + np.arange(height)
            first = row * (width + 2 * most) + moves[:, 2:3]
            places = first[:, :, None] + np.arange(width)
            pixels = ops.reshape(padded, (-1, channels))
            return ops.take(pixels, ops.cast(places, "int32"), axis=0)
        # Every sideways shift of every row: what is left is to take whole rows, not pixels.
        sideways = [padded[:, :, first : first + width] for first in range(2 * most + 1)]
        table = ops.reshape(ops.stack(sideways, axis=1), (-1, width * channels))
        first_row = (image * len(sideways) + moves[:, 2]) * (height + 2 * most) + moves[:, 5]
        rows = first_row[:, None] + ops.arange(height, dtype="int32")
        return ops.reshape(ops.take(table, rows, axis=0), (-1, height, width, channels))

    def _read(self, images: Any, x: Any, y: Any) -> Any:
        """Return the images read at the points (x, y), each (b, h w)."""
        from keras import ops

        # Bordered by background, twice at the far ends: a point has a pixel on either side.
        height, width = self._height + 3, self._width + 3
        channels = images.shape[-1]
        padded = ops.pad(images, [[0, 0], [1, 2], [1, 2], [0, 0]])
        pixels = ops.reshape(padded, (-1, channels))
        x = ops.clip(x + (self._width + 1) / 2, 0.0, self._width + 1.0)
        y = ops.clip(y + (self._height + 1) / 2, 0.0, self._height + 1.0)
        left, top = ops.floor(x), ops.floor(y)
        right_part, low_part = (x - left)[..., None], (y - top)[..., None]
        first = ops.arange(ops.shape(images)[0], dtype="int32")[:, None] * (height * width)
        corner = first + ops.cast(top, "int32") * width + ops.cast(left, "int32")

        def row(offset: int) -> Any:
            here = ops.take(pixels, corner + offset, axis=0)
            beside = ops.take(pixels, corner + offset + 1, axis=0)
            return here + right_part * (beside - here)

        upper, lower = row(0), row(width)
        read = upper + low_part * (lower - upper)
        return ops.reshape(read, (-1, self._height, self._width, channels))


def _knots(augmentation: Augmentation, side: int) -> NDArray[np.float32]:
    """Return the grid's coordinates on one axis, pixels from the centre, about a bump apart."""
    reach = side / 2 + augmentation.elastic_smoothness
    count = int(np.ceil(2 * reach / augmentation.elastic_smoothness)) + 1
    return np.linspace(-reach, reach, count, dtype=np.float32)


def _bumps(
    augmentation: Augmentation, side: int, x: NDArray[np.float32], y: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return each grid point's bump at each pixel, (k^2, pixels), their squares summing to 1."""
    knots = _knots(augmentation, side)
    spread = 2 * augmentation.elastic_smoothness**2
    across = np.exp(-((x - knots[:, None]) ** 2) / spread)
    down = np.exp(-((y - knots[:, None]) ** 2) / spread)
    bumps = (down[:, None] * across[None]).reshape(len(knots) ** 2, -1)
    scaled: NDArray[np.float32] = (bumps / np.sqrt((bumps**2).sum(axis=0))).astype(np.float32)
    return scaled
