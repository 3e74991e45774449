"""Manners of a run: how results are named, what goes with them, what is shown, and with which status it ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import typer

from tintype.errors import OutputError, TintypeError

from .config_file import PRESETS

NAMES = "Names and companions"
SHOWN = "What is shown"
NOTHING_TO_DO = 3


def _presets(incomplete: str) -> list[str]:
    return [name for name in PRESETS if name.startswith(incomplete)]


PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        autocompletion=_presets,
        help="Options under one name: archive, web, print, or one of your own (tintype config).",
    ),
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="EXT", rich_help_panel=NAMES, help="Format of all results: jpg, png, webp, tif or bmp."
    ),
]
SuffixOption = Annotated[
    str | None,
    typer.Option(
        "--suffix",
        metavar="TEXT",
        rich_help_panel=NAMES,
        help="What is added to names, in place of -color; with an output folder nothing is added without it.",
    ),
]
InPlaceOption = Annotated[
    bool,
    typer.Option(
        "--in-place", rich_help_panel=NAMES, help="Replace the pictures; the originals are kept as NAME.EXT.orig."
    ),
]
KeepTimeOption = Annotated[
    bool, typer.Option("--keep-time", rich_help_panel=NAMES, help="Give results the time of their sources.")
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        rich_help_panel=SHOWN,
        help="Only say what would be done: names, sizes, time and disk expected.",
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=SHOWN, help="Say nothing but errors.")]
VerboseOption = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, rich_help_panel=SHOWN, help="Say what is done; twice: every detail."),
]
ProgressOption = Annotated[
    Literal["auto", "json", "none"],
    typer.Option(
        "--progress",
        rich_help_panel=SHOWN,
        help="A bar on terminals, or for other programs one JSON line a picture on standard error.",
    ),
]
NoProgressOption = Annotated[bool, typer.Option("--no-progress", rich_help_panel=SHOWN, help="Show no bar.")]


@dataclass(frozen=True)
class Manners:
    """What was asked for, checked: formats with their dot, in small letters.

    Raises:
        TintypeError: a format or a text for names is impossible, or two wishes contradict each other.
    """

    format: str | None = None
    suffix: str | None = None
    in_place: bool = False
    keep_time: bool = False
    overwrite: bool = False

    @classmethod
    def of(
        cls,
        format: str | None,
        suffix: str | None,
        in_place: bool,
        keep_time: bool,
        overwrite: bool,
        output: str | None,
    ) -> "Manners":
        """The wishes of a command line."""
        from tintype.photo.photo import SUFFIXES

        kind = None if format is None else "." + format.lower().lstrip(".")
        if kind is not None and kind not in SUFFIXES:
            raise TintypeError(f"--format {format} is not a format to write; use jpg, png, webp, tif or bmp")
        if suffix is not None and (set(suffix) & set('/\\:*?"<>|\0') or suffix.endswith((" ", "."))):
            raise TintypeError(
                f"--suffix {suffix!r}: no name of a file on every system may have it; use letters, - and _"
            )
        if in_place and (output is not None or format is not None or suffix is not None):
            raise TintypeError("--in-place writes under the old name: leave out --output, --format and --suffix")
        if suffix == "" and output is None:
            raise TintypeError("--suffix '' without --output would replace the pictures; use --in-place to do that")
        return cls(kind, suffix, in_place, keep_time, overwrite)

    def naming(self) -> dict[str, Any]:
        """What `batch.plan.plan` is told of names."""
        from tintype.batch.plan import COLOURED

        if self.suffix is None:
            return {"suffix": self.format}
        return {"suffix": self.format, "mark": self.suffix or COLOURED, "marked": self.suffix != ""}

    def placed(self, jobs: list[Any]) -> list[Any]:
        """The jobs, in place if that is wished for."""
        from tintype.batch.in_place import put_in_place

        return put_in_place(jobs) if self.in_place else jobs

    def record(self, journal: Any) -> Any:
        """What keeps record of the run, and of originals before their pictures are replaced."""
        from tintype.batch.in_place import Keeping

        return Keeping(journal) if self.in_place else journal

    def after(self, result: Any) -> str | None:
        """What goes with a result that was written; why that failed, None if it did not."""
        from tintype.batch.companions import copy_sidecars, keep_time

        if not result.ok or result.skipped or result.target is None:
            return None
        try:
            if not self.in_place:
                copy_sidecars(result.source, result.target, overwrite=self.overwrite)
            if self.keep_time:
                keep_time(str(self._source(result.source)), result.target)
        except OutputError as error:
            return str(error)
        return None

    def _source(self, source: str) -> Any:
        from tintype.batch.in_place import backup_of

        return backup_of(source) if self.in_place else source


def status_of(results: Iterable[Any], films: Sequence[dict[str, Any]], missed: int) -> int:
    """0: all was done; 1: something failed; 3: there was nothing to do, an earlier run has done it all."""
    results = list(results)
    if missed or any(not result.ok for result in results) or not all(film["ok"] for film in films):
        return 1
    skipped = all(result.skipped for result in results) and all(film.get("skipped") for film in films)
    return NOTHING_TO_DO if skipped else 0


def failed(result: Any, error: str) -> Any:
    """The result, failed for another reason than its picture."""
    return replace(result, error=error)
