"""Augmentation, as a recipe states it."""

from pydantic import Field

from ninetynine.recipe.parsing import Strict


class Augmentation(Strict):
    """Random changes to each training image, new in every epoch; see training/augmentation.py."""

    shift_pixels: int = Field(
        0, ge=0, le=16, description="whole pixels: shifts up to this far on each axis"
    )
    rotation_degrees: float = Field(
        0.0, ge=0, le=180, description="degrees: turns up to this far either way"
    )
    scale_fraction: float = Field(
        0.0, ge=0, le=1, description="0 to 1: each axis stretched or shrunk by up to this"
    )
    shear_fraction: float = Field(
        0.0, ge=0, le=1, description="0 to 1: slanted by up to this, pixels across a pixel down"
    )
    elastic_pixels: float = Field(
        0.0, ge=0, le=16, description="pixels, the root mean square of the elastic field"
    )
    elastic_smoothness: float = Field(
        6.0, ge=1, le=64, description="pixels, 1 or more: the width of the elastic field's bumps"
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
