"""What a line of `tintype colorize` asks for: its options as they were typed, and as the library takes them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tintype.batch.skip import Skip
from tintype.colorizer.options import ColorizeOptions, OutputOptions
from tintype.colorizer.taste import Taste, parse_strength
from tintype.errors import TintypeError
from tintype.files.stores import read
from tintype.hints.hint import Hint, parse_color, read_hints

from .film_options import FilmWishes
from .manners import Manners

if TYPE_CHECKING:
    from tintype.network.engine import Device, Precision


@dataclass(frozen=True)
class Request:
    """The options of the command, by the names of its parameters."""

    inputs: list[str]
    output: str | None
    overwrite: bool
    preset: str | None
    format: str | None
    suffix: str | None
    in_place: bool
    keep_time: bool
    dry_run: bool
    quiet: bool
    verbose: int
    progress_style: Literal["auto", "json", "none"]
    no_progress: bool
    model: str
    size: int | None
    quality: int | None
    device: "Device"
    precision: "Precision"
    threads: int | None
    workers: int | None
    engine: Literal["local", "ray"]
    ray_address: str | None
    attempts: int
    watching: bool
    sheet: Path | None
    hint: list[str] | None
    hints_file: Path | None
    references: list[Path] | None
    palette: str
    alternatives: int
    confidence: Path | None
    saturation: float
    temperature: float
    strength: str
    keep_sepia: bool
    restore: str
    negative: bool
    restored_map: Path | None
    mark: bool
    tta: bool
    skip_colour: bool
    skip_toned: bool
    again: bool
    as_json: bool
    codec: str | None
    crf: int | None
    depth: int | None
    deinterlace: bool
    stability: float
    every: str
    start: str | None
    end: str | None
    preview: str | None
    rate: float | None

    @property
    def on_ray(self) -> bool:
        return self.engine == "ray"

    @property
    def has_extras(self) -> bool:
        """Whether something is to be written beside each picture."""
        return self.alternatives > 1 or self.confidence is not None or self.restored_map is not None

    @property
    def style(self) -> Literal["auto", "json", "none"]:
        """How progress is shown."""
        return "none" if self.no_progress else self.progress_style

    def check_references(self) -> None:
        """Raises TintypeError where a cluster is told of several."""
        several = len(self.references or ())
        if several > 1 and self.on_ray:
            raise TintypeError(f"on Ray --reference takes one picture, and here are {several}: leave out --engine ray")

    @property
    def skip(self) -> Skip:
        """What is left as it is."""
        return Skip(self.skip_colour or self.skip_toned, self.skip_toned, self.again)

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """Restoring steps, of pictures or of films."""
        named = (step.strip() for step in self.restore.split(",") if step.strip())
        return (*(("negative",) if self.negative else ()), *named)

    def check_restorer(self) -> None:
        """Raises WeightsError where --restore auto=FILE names what is no model that restores, before any work."""
        for model in (step.removeprefix("auto=") for step in self.steps if step.startswith("auto=")):
            from tintype.colorizer.learned_restore import read_restorer

            read_restorer(Path(model))

    @cached_property
    def manners(self) -> Manners:
        """How results are named and treated."""
        return Manners.of(self.format, self.suffix, self.in_place, self.keep_time, self.overwrite, self.output)

    @cached_property
    def wishes(self) -> FilmWishes:
        """What is said of films alone."""
        return FilmWishes(
            self.stability, self.every, self.codec, self.crf, self.depth, self.start, self.end, self.rate,
            tuple(self.hint or ()), self.steps, self.deinterlace, self.skip_colour, self.skip_toned, self.again,
        )  # fmt: skip

    def colorize_options(self, *, films: bool, pictures: bool) -> ColorizeOptions:
        """How pictures are coloured, given whether there are films, whose --hint names a time, and pictures, of which
        alone --restore then speaks.

        Raises:
            TintypeError: a value is impossible, or a file cannot be read.
        """
        taste = Taste(
            saturation=self.saturation,
            temperature=self.temperature,
            strength=parse_strength(self.strength),
            keep_sepia=self.keep_sepia,
            restore=self.steps if pictures else (),
            mark=self.mark,
            palette=tuple(parse_color(color) for color in self.palette.split(",") if color.strip()),
            tta=self.tta,
        )
        self.check_restorer()
        hints: list[Hint] = read_hints(self.hints_file) if self.hints_file else []
        hints += [] if films else [Hint.parse(text) for text in self.hint or ()]
        references = tuple(read(str(path)) for path in self.references or ())
        return ColorizeOptions(self.size, tuple(hints), references, taste)

    def output_options(self, *, many: bool) -> OutputOptions:
        """How results are written; ``many``: more than one, so that --confidence and --restored-map name folders.

        Raises:
            TintypeError: a map of what nobody asked for.
        """
        if self.restored_map is not None and not self.steps:
            raise TintypeError("--restored-map shows what --restore changed: add --restore auto")
        return OutputOptions(
            self.quality, self.overwrite or self.in_place, self.alternatives, self.confidence, many and self.has_extras,
            self.restored_map, many and self.has_extras,
        )  # fmt: skip
