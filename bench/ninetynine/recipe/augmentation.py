"""Augmentation, as a recipe states it."""

from pydantic import Field

from ninetynine.recipe.parsing import Strict, number


class Augmentation(Strict):
    """Random changes to each training image, new in every epoch; see training/augmentation.py."""

    shift_pixels: int = number(0, 0, 16, "whole pixels: shifts up to this far on each axis")
    rotation_degrees: float = number(0.0, 0, 180, "degrees: turns up to this far either way")
    scale_fraction: float = number(0.0, 0, 1, "0 to 1: each axis stretched or shrunk by up to this")
    shear_fraction: float = number(
        0.0, 0, 1, "0 to 1: slanted by up to this, pixels across a pixel down"
    )
    elastic_pixels: float = number(0.0, 0, 16, "pixels, the root mean square of the elastic field")
    elastic_smoothness: float = number(
        6.0, 1, 64, "pixels, 1 or more: the width of the elastic field's bumps"
    )

    horizontal_flip: bool = Field(
        False, description="true or false: left and right change places in every other image"
    )
    vertical_flip: bool = Field(
        False, description="true or false: top and bottom change places in every other image"
    )
    brightness_fraction: float = number(
        0.0, 0, 1, "0 to 1: pixels times 1 and up to this more or less"
    )
    contrast_fraction: float = number(
        0.0, 0, 1, "0 to 1: distances from the mean grey, changed likewise"
    )
    saturation_fraction: float = number(
        0.0, 0, 1, "0 to 1: distances from a pixel's own grey, changed likewise"
    )
    hue_degrees: float = number(0.0, 0, 180, "degrees: colors turn up to this far either way")
    cutout_pixels: int = number(0, 0, 512, "whole pixels: the side of a square that is blanked")
    erasing_probability: float = number(
        0.0, 0, 1, "0 to 1: the share of images with a rectangle blanked"
    )
    mixup_alpha: float = number(
        0.0, 0, 100, "0 to 100: images and labels mixed in pairs, by Beta(a, a)"
    )
    cutmix_alpha: float = number(
        0.0, 0, 100, "0 to 100: a rectangle from another image, by Beta(a, a)"
    )

    @property
    def moves(self) -> bool:
        """Return whether pixels are read elsewhere than where they were."""
        return bool(self.shift_pixels) or not self.only_shifts

    @property
    def colors(self) -> bool:
        """Return whether the colors of three channels are changed together."""
        return bool(self.saturation_fraction or self.hue_degrees)

    @property
    def mixes(self) -> bool:
        """Return whether images are mixed with one another."""
        return bool(self.mixup_alpha or self.cutmix_alpha)

    @property
    def only_moves(self) -> bool:
        """Return whether nothing is done but to read pixels elsewhere."""
        return not (
            self.horizontal_flip
            or self.vertical_flip
            or self.brightness_fraction
            or self.contrast_fraction
            or self.colors
            or self.cutout_pixels
            or self.erasing_probability
            or self.mixes
        )

    @property
    def only_shifts(self) -> bool:
        """Return whether images move by whole pixels and in no other way."""
        return not (
            self.rotation_degrees
            or self.scale_fraction
            or self.shear_fraction
            or self.elastic_pixels
        )
