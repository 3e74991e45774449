"""What can be asked of a film, checked before any work begins."""

import re
from dataclasses import dataclass, field

from tintype.colorizer.taste import Taste
from tintype.errors import TintypeError
from tintype.hints.hint import Hint

from .restoration import check_steps

# A part of the film is finished, and safe from any crash, at a cut or after this many frames.
PART_FRAMES = 250
DEFAULT_STABILITY = 0.75

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)s?")


_HINT = re.compile(r"\s*([\d:.]+)s?\s*:\s*([^:]+)")


@dataclass(frozen=True)
class FilmOptions:
    """How a film is coloured and written.

    Attributes:
        size: short side in pixels of what the network sees; the model's own when None.
        stability: 0 to 1, how long colours are remembered: 0 forgets at every prediction, 1 never forgets.
        every: frames from one prediction to the next; chosen by motion when None.
        codec: one of `tintype.video.codecs.CODECS`; chosen by depth and container when None.
        crf: constant rate factor of the codec; smaller is better and larger in bytes; the codec's default when None.
        depth: bits a sample of numbered pictures; as the film's when None.
        start, end: in seconds from the film's first frame; the whole film when None.
        rate: frames per second of numbered pictures; other films know their own.
        hints: colours for things at points of the film, each for its whole scene.
        reference: a photograph of like things, whose colours each shot takes that shows them; None for none.
        references: several, of which each shot takes the one most like it, or none; not together with `reference`.
        scene_references: photographs for single scenes, which come before `reference` and `references` there.
        taste: how the colours are changed; what restores or marks pictures is not for films.
        deinterlace: frames of two fields are taken apart; else both fields get the same colours.
        restore: steps that change the light before it is coloured, of `tintype.video.restoration.STEPS`.
        skip_colour: shots that have colour already are left as they are; skip_toned: those of one colour too (sepia).
        again: colour a film that is tintype's own result once more.
        part_frames: the most frames in one part, the unit that a crash can cost.

    Raises:
        TintypeError: a value is out of range.
    """

    size: int | None = None
    stability: float = DEFAULT_STABILITY
    every: int | None = None
    codec: str | None = None
    crf: int | None = None
    depth: int | None = None
    start: float | None = None
    end: float | None = None
    rate: float | None = None
    hints: "tuple[FilmHint, ...]" = ()
    reference: str | None = None
    references: tuple[str, ...] = ()
    scene_references: "tuple[SceneReference, ...]" = ()
    taste: Taste = field(default_factory=Taste)
    deinterlace: bool = False
    restore: tuple[str, ...] = ()
    skip_colour: bool = False
    skip_toned: bool = False
    again: bool = False
    part_frames: int = PART_FRAMES

    @property
    def all_references(self) -> tuple[str, ...]:
        """The reference, or the several."""
        return self.references if self.reference is None else (self.reference,)

    def __post_init__(self) -> None:
        if not 0 <= self.stability <= 1:
            raise TintypeError(f"stability is {self.stability:g}; it goes from 0 (frame by frame) to 1 (never forgets)")
        if self.every is not None and not 1 <= self.every <= 100:
            raise TintypeError(f"every is {self.every} frames; choose 1 to 100, or auto")
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise TintypeError(f"crf is {self.crf}; it goes from 0 (best) to 63 (smallest)")
        if self.rate is not None and not 0 < self.rate <= 1000:
            raise TintypeError(f"rate is {self.rate:g} frames per second; choose more than 0, 1000 at most")
        if self.taste.restore or self.taste.mark or self.taste.keep_sepia:
            raise TintypeError("the steps that restore pictures, mark and keep-sepia are not for films")
        check_steps(self.restore)
        if self.reference is not None and self.references:
            raise TintypeError("give one reference or several, not both")
        if self.start is not None and self.start < 0:
            raise TintypeError(f"start is {self.start:g} s; the film begins at 0")
        if self.end is not None and self.end <= (self.start or 0):
            raise TintypeError(f"end is {self.end:g} s, start is {self.start or 0:g} s: nothing lies between them")

    @property
    def looks(self) -> bool:
        """Whether the film is looked through for what is left alone."""
        return self.skip_colour or self.skip_toned

    @property
    def frame_by_frame(self) -> bool:
        """Every frame predicted by itself: no motion, no memory."""
        return self.every == 1 and self.stability == 0


def parse_time(text: str) -> float:
    """Seconds of "12.5", "12.5s", "1:02.5" or "1:00:02.5".

    Raises:
        TintypeError: none of these.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise TintypeError(f"{text!r} is no time; write seconds (12.5) or a clock (1:02:03.5)")
    hours, minutes, seconds = (float(group or 0) for group in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def parse_every(text: str) -> int | None:
    """Frames between predictions: a number, or None for "auto".

    Raises:
        TintypeError: neither.
    """
    if text == "auto":
        return None
    if not text.isdecimal():
        raise TintypeError(f"every is {text!r}; choose a number of frames, 1 to 100, or auto")
    return int(text)


@dataclass(frozen=True)
class SceneReference:
    """A photograph of like things whose colours one scene takes.

    Attributes:
        start, end: seconds from the film's first frame. Every scene whose first coloured frame is shown from start to
            before end takes the photograph, the whole scene; half a frame more or less does not matter.
        photo: where the photograph lies.

    Raises:
        TintypeError: nothing lies between start and end.
    """

    start: float
    end: float
    photo: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise TintypeError(f"a scene's reference is for {self.start:g} s to {self.end:g} s: nothing lies between")


@dataclass(frozen=True)
class FilmHint:
    """A colour for the thing at one point of the frame that is shown at ``seconds``, for its whole scene.

    The point is in pixels of the upright picture, as `tintype.Hint` has it.
    """

    seconds: float
    hint: Hint

    @classmethod
    def parse(cls, text: str) -> "FilmHint":
        """A hint from `12.5s:X,Y,#RRGGBB` or `1:02.5:X,Y,#RRGGBB,RADIUS`.

        Raises:
            TintypeError: the text is none.
        """
        found = _HINT.fullmatch(text)
        if found is None:
            raise TintypeError(f"hint {text!r}: write it TIME:X,Y,#RRGGBB, for example 12.5s:320,180,#7a1f2b")
        return cls(parse_time(found[1]), Hint.parse(found[2]))
