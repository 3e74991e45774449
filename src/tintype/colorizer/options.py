"""Options of colouring and of writing, as values: alike for Python, command line, batches, clusters and the server."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tintype.hints.hint import Hint
from tintype.photo.photo import Photo

from .negative import Roll
from .open_photo import OpenPhoto, told_by
from .taste import Taste

OpenReference = OpenPhoto | Sequence[OpenPhoto] | None


@dataclass(frozen=True)
class ColorizeOptions:
    """How a picture is coloured.

    Attributes:
        size: short side, in pixels, of what the network sees; the model's own when None.
        hints: colours that a person asks for at points of the picture.
        references: the file (its bytes) of a colour photograph whose colours things of the same kind get; or of
            several, of which each picture takes the one most like it, or none.
        taste: adjustments of the predicted colours; restoring, averaging and the mark as well.
    """

    size: int | None = None
    hints: tuple[Hint, ...] = ()
    references: tuple[bytes, ...] = ()
    taste: Taste = field(default_factory=Taste)

    def as_dict(self) -> dict[str, Any]:
        """What a result depends on, as plain values; references by their SHA-256."""
        values: dict[str, Any] = self.taste.as_dict() | {"size": self.size}
        if self.hints:
            values["hints"] = [str(one) for one in self.hints]
        files = [hashlib.sha256(one).hexdigest() for one in self.references]
        if files:
            values |= {"reference": files[0]} if len(files) == 1 else {"references": files}
        return values

    def digest(self) -> str:
        """SHA-256 of `as_dict`: the same for the same options, whatever their files are called."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def open_reference(self, opener: Callable[[bytes], OpenPhoto]) -> OpenReference:
        """The reference, or the several, of the options, opened."""
        if len(self.references) == 1:
            return opener(self.references[0])
        return [opener(one) for one in self.references] or None

    def of_roll(self, roll: Roll | None) -> "ColorizeOptions":
        """The same options for a negative of this roll."""
        return replace(self, taste=replace(self.taste, roll=roll))

    def told(self, opened: OpenPhoto, reference: OpenReference = None) -> list[Hint]:
        """All hints for a picture: what an open reference gives, then those of a person."""
        return [*told_by(opened, reference, self.size), *self.hints]

    def predict(
        self, opened: OpenPhoto, reference: OpenReference = None, pixels: int | None = None, *, draft: bool = False
    ) -> Photo:
        """The open picture in colour, at most ``pixels`` long, or a ``draft`` of it; ``reference``: that of the
        options, as `open_reference` gives it.

        Raises:
            WeightsError, TintypeError: as `OpenPhoto.predict`.
        """
        return opened.predict(
            size=self.size, hints=self.hints, reference=reference, taste=self.taste, pixels=pixels, draft=draft
        )


@dataclass(frozen=True)
class OutputOptions:
    """How results are written.

    Attributes:
        quality: of JPEG and WebP, 1 to 100; as the input's when None.
        overwrite: replace files that exist.
        colourings: so many different colourings of each picture, the result included.
        confidence: a PNG, or a folder for PNGs, in which the confidence of each picture is written; None for none.
        confidence_is_folder: whether it is a folder.
        restored_map: a PNG, or a folder for PNGs, in which what restoring changed in each picture is written.
        restored_map_is_folder: whether it is a folder.
    """

    quality: int | None = None
    overwrite: bool = False
    colourings: int = 1
    confidence: Path | None = None
    confidence_is_folder: bool = False
    restored_map: Path | None = None
    restored_map_is_folder: bool = False

    @property
    def has_extras(self) -> bool:
        """Whether something is written beside each result."""
        return self.colourings > 1 or self.confidence is not None or self.restored_map is not None

    def as_dict(self) -> dict[str, Any]:
        """What a result depends on, as plain values."""
        extras = {"alternatives": self.colourings, "confidence": str(self.confidence)} if self.has_extras else {}
        if self.restored_map is not None:
            extras["restored_map"] = str(self.restored_map)
        return {"quality": self.quality} | extras


def record_options(options: ColorizeOptions, output: OutputOptions, sha256: str) -> dict[str, Any]:
    """What the record of a run knows its results by: the options and the model, by its SHA-256."""
    return options.as_dict() | output.as_dict() | {"model": sha256}
