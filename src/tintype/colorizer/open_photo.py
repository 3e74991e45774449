"""A picture that is open for colouring: what depends on it alone is made once, for any number of predictions.

The predictor follows Segment Anything (Kirillov et al., 2023): set the picture once, then ask again and again, with
other hints from a person. Each further prediction costs a part of one run of the network.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from tintype.errors import TintypeError, WeightsError
from tintype.hints.alternatives import color_at, modes, probabilities, propose
from tintype.hints.hint import Hint
from tintype.hints.transfer import agreement, describe, hints_of, match
from tintype.imaging.borders import Inside, find_inside
from tintype.imaging.color import lightness_from_luma
from tintype.imaging.embed import embed
from tintype.imaging.resize import resize_float
from tintype.imaging.types import Plane
from tintype.network.confidence import confidence, entropy
from tintype.network.model_file import ModelInfo
from tintype.network.network import Network
from tintype.network.preprocess import darkest, fitted_size, pad, pad_to, working_size
from tintype.photo.metadata import Metadata
from tintype.photo.photo import Photo
from tintype.photo.shrink import shrink

from .compose import compose, compose_painting, neutral_outside
from .provenance import recorded
from .restore import restore_and_tell
from .taste import Taste
from .watermark import with_mark
from .working_copy import DISTRIBUTION, WorkingCopy

# The output of networks that paint the whole picture, light included.
PAINTED = "painted_lightness"
MATCHED = ("features_16", "features_32")  # what places of two pictures are compared by
LEAST_AGREEMENT = 0.06  # with a reference, for it to be taken: benchmarks/references.py
OTHER = 2.0  # CIE units that an answer differs by on average, at least, to count as another colouring


@dataclass(frozen=True)
class Suggestion:
    """A colour that a place may have: (R, G, B), 0 to 255, in the light of the place, and how probable it is."""

    color: tuple[int, int, int]
    probability: float


@dataclass(frozen=True)
class Comparison:
    """A picture beside a reference: ``agreement`` is how much they show alike, 0 for nothing
    (`tintype.hints.transfer.agreement`); ``hints`` have the colours of what is alike, ``places`` say
    where that lies in the reference, x and y from 0 to 1."""

    agreement: float
    hints: list[Hint]
    places: list[tuple[float, float]]


class OpenPhoto:
    """A decoded picture and the network to colour it with; made by `Colorizer.open`.

    Every method that predicts raises WeightsError when the network fails or lacks what is asked for, and TintypeError
    for a size outside 16 to 4096 or a hint outside the picture.
    """

    def __init__(self, network: Network, photo: Photo, *, find_borders: bool = True) -> None:
        self._is_drawing = network.model_file.info.condition == "sketch"
        self.photo = photo.over_white() if self._is_drawing else photo
        self._network = network
        self._copies: dict[int, WorkingCopy] = {}
        self._described: dict[int, Plane] = {}
        self._restored: tuple[tuple[str, ...], OpenPhoto] | None = None
        self._small: tuple[int, Photo] | None = None
        self._find_borders = find_borders and not self._is_drawing
        self.mended: dict[str, Any] = {}  # what a step that restored it and decides by itself has done

    def predict(
        self,
        *,
        size: int | None = None,
        hints: Sequence[Hint] = (),
        reference: "OpenPhoto | Sequence[OpenPhoto] | None" = None,
        taste: Taste | None = None,
        pixels: int | None = None,
        draft: bool = False,
    ) -> Photo:
        """The picture in colour, its brightness untouched.

        A model that paints whole pictures, as those for drawings do, replaces the brightness too.

        Args:
            size: short side, in pixels, of what the network sees; the model's own when None. Larger finds
                smaller things and takes longer, smaller gives broader, calmer colour.
            hints: colours that a person asks for at points of the picture.
            reference: a picture in colour, opened by the same colorizer, whose colours things of the same kind get; or
                several, of which the one most like this picture is taken, or none.
            taste: how strong, vivid and warm the colours should be, and what else is wanted; see `Taste`.
            pixels: long side of what is handed back, at most; the picture's own when None. A smaller one is there
                sooner, with the same colours.
            draft: spread the hints without asking the network what it makes of them: near its answer, and sooner.
        """
        taste = taste or Taste()
        opened = self.restored(taste)
        told = [*told_by(opened, reference, size), *hints]
        photo = opened._predict(size, told, taste, pixels, draft)
        return self._signed(
            photo, taste, ({} if size is None else {"size": size}) | ({"hints": len(told)} if told else {})
        )

    def _signed(self, photo: Photo, taste: Taste, options: dict[str, Any]) -> Photo:
        """The photo with the record of how it was coloured, and the mark if it is wanted."""
        if mended := self.restored(taste).mended:
            options = options | {"restored": mended}
        photo = photo.with_meta(recorded(photo.meta, self._network.model_file, taste.as_dict() | options))
        return with_mark(photo) if taste.mark else photo

    def restored(self, taste: Taste) -> "OpenPhoto":
        """The picture after the steps that restore it, open for the same network, kept for the next prediction."""
        if not taste.restore:
            return self
        if self._restored is None or self._restored[0] != taste.restore:
            photo, told = restore_and_tell(self.photo, taste.restore, taste.roll, self._network.threads)
            self._restored = taste.restore, OpenPhoto(self._network, photo)
            self._restored[1].mended = told
        return self._restored[1]

    def prepare(self, *, size: int | None = None) -> None:
        """Run the encoder and make all else that any hint needs, so that the first is answered as soon as the next."""
        for _ in self.preparing(size=size):
            pass

    def preparing(self, *, size: int | None = None) -> Iterator[None]:
        """As `prepare`, in steps between which a caller may do, or wait for, something else."""
        if self._info.hints not in ("trained", "spread"):
            return
        part = self if self.inside is None else self._part
        seen = self._info.size if size is None else size
        part._copy(seen).decode(())  # the encoder alone
        yield
        part._copy(seen).plain()
        yield
        y, x = (self.photo.height - 1) / 2, (self.photo.width - 1) / 2
        self.predict_ab(size=size, hints=[Hint(x, y, (128, 128, 128))])

    def is_prepared(self, *, size: int | None = None) -> bool:
        """Whether `prepare` would find nothing to do."""
        opened = self if self.inside is None else self._part
        copy = opened._copies.get(self._info.size if size is None else size)
        return self._info.hints not in ("trained", "spread") or (copy is not None and copy.is_prepared)

    def _predict(self, size: int | None, hints: Sequence[Hint], taste: Taste, pixels: int | None, draft: bool) -> Photo:
        sure = self.confidence(size=size, hints=hints) if taste.strength == "auto" else None
        shown = self.photo if pixels is None else self._smaller(pixels)
        if PAINTED not in self._network.outputs:
            if taste.tta:
                ab = self.averaged_ab(size=size, hints=hints)
            else:
                ab = self._answer(("ab",), size, hints, draft=draft)[0]
            made = compose(shown, taste.apply(ab, self.photo, sure))
            if self.inside is None or taste.keep_sepia:
                return made
            return neutral_outside(made, self.inside.scaled(shown.height / self.photo.height))
        ab, lightness = self._answer(("ab", PAINTED), size, hints)
        return compose_painting(shown, lightness[..., 0], taste.apply(ab, self.photo, sure))

    def _smaller(self, pixels: int) -> Photo:
        """A copy of the picture for a quick answer, kept for the next."""
        if self._small is None or self._small[0] != pixels:
            self._small = pixels, shrink(self.photo, pixels)
        return self._small[1]

    @cached_property
    def inside(self) -> Inside | None:
        """What lies inside the borders of a print or a scan, which the network does not see; None without borders."""
        return find_inside(self.photo.luma) if self._find_borders else None

    @cached_property
    def _part(self) -> "OpenPhoto":
        """The picture inside its borders."""
        assert self.inside is not None
        luma = np.ascontiguousarray(self.inside.of(self.photo.luma), np.uint8)
        meta = Metadata(icc=self.photo.meta.icc)
        return OpenPhoto(self._network, Photo(luma, meta=meta), find_borders=False)

    @cached_property
    def _whole(self) -> "OpenPhoto":
        """The same picture, its borders seen as if they were part of it: somebody wants them coloured."""
        return OpenPhoto(self._network, self.photo, find_borders=False)

    def predict_ab(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """The predicted colour alone: (h, w, 2) float32, a and b in CIE units, covering the whole picture."""
        return self._answer(("ab",), size, hints)[0]

    def averaged_ab(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """As `predict_ab`, averaged with the answer to its mirror image half as large again; three times the time."""
        # Both at both sizes take twice the time and are no nearer to the truth.
        size = self._info.size if size is None else size
        larger = size if self._network.model_file.fixed else min(4096, size * 3 // 2)
        mirrored_hints = [replace(h, x=max(0.0, self.photo.width - 1 - h.x)) for h in hints]
        plain = self.predict_ab(size=size, hints=hints)
        mirrored = self._mirrored.predict_ab(size=larger, hints=mirrored_hints)[:, ::-1]
        height, width = mirrored.shape[:2]
        planes = [(resize_float(plain[..., i], width, height) + mirrored[..., i]) / 2 for i in (0, 1)]
        return np.stack(planes, axis=-1).astype(np.float32)

    @cached_property
    def _mirrored(self) -> "OpenPhoto":
        return OpenPhoto(self._network, Photo(np.ascontiguousarray(self.photo.luma[:, ::-1])))

    def distribution(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """Logits (h, w, Q) float32 over the model's ab bins, covering the whole picture."""
        return self._distribution(size, hints)

    def entropy(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """How undecided the network is: (h, w) float32, 0 for one certain colour to 1 for all colours alike."""
        return entropy(self._distribution(size, hints))

    def confidence(self, *, size: int | None = None, hints: Sequence[Hint] = ()) -> Plane:
        """How far the colours can be believed: (h, w) float32, covering the whole picture. 1 is certain; each 10 CIE
        units of error that are to be expected halve it (`tintype.network.confidence`).

        Raises WeightsError without calibration."""
        if self._info.target != "distribution":
            raise WeightsError(f"the model {self._info.name!r} answers with colours alone, not with how sure it is")
        if not self._info.calibration:
            raise WeightsError(
                f"the model {self._info.name!r} does not know how sure it is; `tintype calibrate` measures and adds it"
            )
        return confidence(self.entropy(size=size, hints=hints), self._info.calibration)

    def suggest(self, x: float, y: float, count: int = 5, *, size: int | None = None) -> list[Suggestion]:
        """Up to `count` colours that the thing at a point, in pixels of the picture, may have, the likeliest first."""
        self._check_point(x, y)
        logits = self._distribution(size, (), from_encoding=True)
        row = int(y / self.photo.height * logits.shape[0])
        column = int(x / self.photo.width * logits.shape[1])
        around = logits[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        found = modes(probabilities(around).mean((0, 1)), self._bins, count)
        return [Suggestion(color_at(self.photo.luma, x, y, mode.ab), mode.probability) for mode in found]

    def propose(self, count: int = 3, *, size: int | None = None) -> list[list[Hint]]:
        """Hints for up to `count` other plausible colourings; fewer where the network sees no choice."""
        return propose(self._distribution(size, ()), self._bins, self.photo.luma, count)

    def alternatives(
        self, count: int = 3, *, size: int | None = None, hints: Sequence[Hint] = (), taste: Taste | None = None
    ) -> list[Photo]:
        """Up to `count` other plausible colourings, each coherent; the plain one is not among them. `hints` hold in all
        of them, before what the network proposes.

        Of a network without a distribution they are what it answers to the mirror image and at other sizes, as far as
        that is another colouring.
        """
        if DISTRIBUTION in self._network.outputs or PAINTED in self._network.outputs:
            proposals = self.restored(taste or Taste()).propose(count, size=size)
            return [self.predict(size=size, hints=[*proposal, *hints], taste=taste) for proposal in proposals]
        if hints:
            self._check_hints()
        taste = taste or Taste()
        opened = self.restored(taste)
        sure = opened.confidence(size=size) if taste.strength == "auto" else None
        photos = [
            compose(opened.photo, taste.apply(ab, opened.photo, sure)) for ab in opened._other_answers(count, size)
        ]
        return [self._signed(photo, taste, {} if size is None else {"size": size}) for photo in photos]

    def _other_answers(self, count: int, size: int | None) -> list[Plane]:
        """Up to `count` answers of the network that differ from its plain one and from each other."""
        found = [self.predict_ab(size=size)]
        for side, is_mirrored in self._views(size):
            if len(found) > count:
                break
            ab = (self._mirrored if is_mirrored else self).predict_ab(size=side)
            ab = np.ascontiguousarray(ab[:, ::-1]) if is_mirrored else ab
            if all(_distance(ab, other) >= OTHER for other in found):
                found.append(ab)
        return found[1:]

    def _views(self, size: int | None) -> list[tuple[int, bool]]:
        """Sizes, and whether the picture is mirrored, that a network may answer otherwise to."""
        size = self._info.size if size is None else size
        if self._network.model_file.fixed:
            return [(size, True)]
        others = (min(4096, size * 3 // 2), max(16, size * 2 // 3))
        return [(size, True), *((side, is_mirrored) for side in others for is_mirrored in (False, True))]

    def match(self, reference: "OpenPhoto", *, size: int | None = None) -> list[Hint]:
        """Hints with the colours of a reference, where it shows things as this picture does."""
        return self.compare(reference, size=size).hints

    def matches(self, reference: "OpenPhoto", *, size: int | None = None) -> list[tuple[Hint, tuple[float, float]]]:
        """The hints of `match`, the surest first, each with its place in the reference: x and y, 0 to 1.

        Raises:
            WeightsError: the model shows no features that pictures can be compared by.
            TintypeError: the reference has no colour.
        """
        found = self.compare(reference, size=size)
        return list(zip(found.hints, found.places, strict=True))

    def compare(self, reference: "OpenPhoto", *, size: int | None = None) -> "Comparison":
        """How much of a reference this picture shows, and hints with its colours where it does."""
        mine = self.described(size=size)
        if reference.photo.chroma is None:
            raise TintypeError("the reference has no colour; give a colour photograph")
        other = reference.described(size=size)
        found = match(mine, other)
        hints = hints_of(found, mine.shape, other.shape, self.photo.luma, reference.photo.rgb())
        rows, columns = other.shape[:2]
        places = [((one.other[1] + 0.5) / columns, (one.other[0] + 0.5) / rows) for one in found]
        return Comparison(agreement(found, mine.shape, other.shape), hints, places)

    def described(self, *, size: int | None = None) -> Plane:
        """Descriptors (h, w, D) of places, by which this picture is compared with others; each has the length 1."""
        if not set(MATCHED) <= set(self._network.outputs):
            raise WeightsError(f"the model {self._info.name!r} cannot compare pictures: it shows no features")
        wanted = self._info.size if size is None else size
        if wanted not in self._described:
            self._described[wanted] = describe(*self._answer(MATCHED, wanted, ()))
        return self._described[wanted]

    @property
    def _info(self) -> ModelInfo:
        return self._network.model_file.info

    @property
    def _bins(self) -> Plane:
        return np.array(self._info.bins, np.float32)

    def _distribution(self, size: int | None, hints: Sequence[Hint], *, from_encoding: bool = False) -> Plane:
        if DISTRIBUTION not in self._network.outputs:
            raise WeightsError(f"the model {self._info.name!r} answers with colours alone, not with how sure it is")
        return self._answer((DISTRIBUTION,), size, hints, from_encoding=from_encoding)[0]

    def _answer(
        self,
        outputs: tuple[str, ...],
        size: int | None,
        hints: Sequence[Hint],
        *,
        from_encoding: bool = False,
        draft: bool = False,
    ) -> list[Plane]:
        """Outputs of the network, each (h, w, channels), without what lies in the padding.

        Without hints the network runs in one piece, since its halves round a little differently in bf16, unless the
        answer is to be ``from_encoding``, which costs less the second time. ``draft``: as for `predict`."""
        size = self._info.size if size is None else size
        inside = self.inside
        if inside is not None and not all(inside.holds(hint.x, hint.y) for hint in hints):
            return self._whole._answer(outputs, size, hints, draft=draft)
        if inside is not None:
            moved = [replace(hint, x=hint.x - inside.left, y=hint.y - inside.top) for hint in hints]
            answers = self._part._answer(outputs, size, moved, from_encoding=from_encoding, draft=draft)
            shape = self.photo.luma.shape
            return [
                embed(answer, inside, *shape, fade=name == "ab") for name, answer in zip(outputs, answers, strict=True)
            ]
        copy = self._copy(size)
        if not hints:
            if outputs == ("ab",):
                return [copy.plain()]
            found = copy.decode(outputs) if from_encoding else copy.run(outputs)
            return [found[name] for name in outputs]
        self._check_hints()
        found = copy.hinted(outputs, hints, self.photo.luma.shape, draft=draft)
        return [found[name] for name in outputs]

    def _check_hints(self) -> None:
        if self._info.hints not in ("trained", "spread"):
            raise WeightsError(
                f"the model {self._info.name!r} was not trained with hints; `tintype info MODEL` says which was"
            )

    def _check_point(self, x: float, y: float) -> None:
        if not (0 <= x < self.photo.width and 0 <= y < self.photo.height):
            raise TintypeError(
                f"{x:g}, {y:g} is outside the picture of {self.photo.width} x {self.photo.height} pixels"
            )

    def _seen_size(self, size: int) -> tuple[int, int]:
        """Height and width of what the network sees of the picture, before padding."""
        fixed = self._network.model_file.fixed
        if fixed is None:
            return working_size(self.photo.height, self.photo.width, size)
        if size != self._info.size:
            raise TintypeError(
                f"size is {size} pixels; the model {self._info.name!r} takes {fixed[0]} x {fixed[1]} alone: omit it"
            )
        return fitted_size(self.photo.height, self.photo.width, fixed)

    def _copy(self, size: int) -> WorkingCopy:
        """The picture at a working size, kept for the next prediction."""
        if size not in self._copies:
            height, width = self._seen_size(size)
            photo = Photo(darkest(self.photo.luma, height, width)) if self._is_drawing else self.photo
            luma = photo.small_luma(width, height, Image.Resampling.BICUBIC)
            lightness = (lightness_from_luma(self.photo.as_shown(luma)) / 50 - 1).astype(np.float32)
            fixed = self._network.model_file.fixed
            padded = pad_to(lightness, fixed) if fixed else pad(lightness, self._info.size_multiple, self._is_drawing)
            self._copies[size] = WorkingCopy(self._network, lightness, padded)
        return self._copies[size]


def told_by(
    opened: OpenPhoto, reference: "OpenPhoto | Sequence[OpenPhoto] | None", size: int | None = None
) -> list[Hint]:
    """The hints that a picture gets of its reference, or of the one of several that suits it best."""
    if reference is None:
        return []
    if isinstance(reference, OpenPhoto):
        return opened.match(reference, size=size)
    return best_reference(opened, reference, size).hints


@dataclass(frozen=True)
class Choice:
    """Which of several references is taken: its index, None for none; how far it is insisted on, 0 to 1; its hints."""

    index: int | None
    weight: float
    hints: list[Hint]


def best_reference(opened: OpenPhoto, references: Sequence[OpenPhoto], size: int | None = None) -> Choice:
    """Which of several references shows most of what a picture shows, or none where none shows enough, and its hints.

    The less a reference and the picture have in common, the less its hints are insisted on.
    """
    found = [opened.compare(reference, size=size) for reference in references]
    best = max(range(len(found)), key=lambda index: found[index].agreement, default=None)
    if best is None or found[best].agreement < LEAST_AGREEMENT:
        return Choice(None, 0.0, [])
    weight = min(1.0, found[best].agreement / (2 * LEAST_AGREEMENT))
    hints = [replace(hint, confidence=hint.confidence * weight) for hint in found[best].hints]
    return Choice(best, weight, hints)


def _distance(ab: Plane, other: Plane) -> float:
    """Mean distance of colours (h, w, 2) and (h', w', 2) that cover the same picture, in CIE units."""
    height, width = min(ab.shape[:2], other.shape[:2])
    planes = [[resize_float(np.ascontiguousarray(one[..., i]), width, height) for i in (0, 1)] for one in (ab, other)]
    return float(np.hypot(planes[0][0] - planes[1][0], planes[0][1] - planes[1][1]).mean())
