"""A layer that sets digits upright and makes them equally wide."""

from keras import layers, ops


class Deslanting(layers.Layer):
    """Shears bright digits on black upright, and stretches them to ``width``.

    Both are along the rows, and leave the centre of the ink where it is. ``width`` is the standard
    deviation of the upright digit's ink along a row, in pixels; None leaves it. A digit becomes at
    most 1.6 times as wide, so that a 1 stays a stroke, and at least half as wide.
    """

    def __init__(self, width=None, **options):
        super().__init__(dtype="float32", trainable=False, **options)
        self.width = width

    def call(self, images):
        rows, columns = images.shape[1:3]
        x = ops.arange(columns, dtype="float32")
        y = ops.arange(rows, dtype="float32")[:, None]
        ink = ops.sum(images, axis=-1)  # (b, rows, columns)
        whole = ops.sum(ink, axis=(1, 2), keepdims=True) + 1e-6

        def mean(values):
            return ops.sum(ink * values, axis=(1, 2), keepdims=True) / whole

        middle_x, middle_y = mean(x), mean(y)
        across, down = x - middle_x, y - middle_y
        height = mean(down * down) + 1e-6
        slant = mean(across * down) / height
        stretch = 1.0
        if self.width is not None:
            spread = mean(across * across) - slant * slant * height
            stretch = ops.clip(self.width / ops.sqrt(ops.maximum(spread, 1e-6)), 0.5, 1.6)
        read = middle_x + slant * down + across / stretch  # where each new pixel is read
        # Bordered by background, twice at the far end: a place has a pixel on either side.
        bordered = ops.pad(images, [[0, 0], [0, 0], [1, 2], [0, 0]])
        read = ops.clip(read + 1.0, 0.0, columns + 1.0)[..., None]
        left = ops.floor(read)
        place = ops.broadcast_to(ops.cast(left, "int32"), ops.shape(images))
        here = ops.take_along_axis(bordered, place, axis=2)
        beside = ops.take_along_axis(bordered, place + 1, axis=2)
        return here + (read - left) * (beside - here)

    def get_config(self):
        return {**super().get_config(), "width": self.width}
