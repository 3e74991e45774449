"""Films as jobs: the library colours them in parts, and goes on from the last whole part after any interruption."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from tintype.files.atomic import replacing
from tintype.hints.hint import Hint
from tintype.server.capabilities import require
from tintype.server.colouring import keep_row, options_key, taste_of
from tintype.server.films import first_frame
from tintype.server.gate import ConcurrencyLimiter
from tintype.server.problems import not_found
from tintype.server.schemas.common import ColourOptions
from tintype.server.schemas.jobs import FilmWishes
from tintype.server.services import Services
from tintype.server.stored import weight_of
from tintype.server.tables import Job, Picture, Result, new_id
from tintype.server.variants import THUMBNAIL_PIXELS, store_variant
from tintype.video import FilmHint, FilmOptions, SceneReference, colorize_film

from .job_store import OPEN, Claim

_TELL_SECONDS = 0.5
_GIVEN_WAY = 5.0  # seconds that a film waits for photos at most, and times as long as its step before took


def colour_film(services: Services, mine: Claim) -> None:
    """Colour the payload's film. Its parts lie in the job's folder: a worker on this machine can go on with them."""
    payload = mine.job.payload
    options = ColourOptions.model_validate(payload["options"])
    wishes = FilmWishes.model_validate(payload.get("film") or {})
    model = services.registry.file(options.model)
    require("films", model)
    with services.database.session() as session:
        film = session.get(Picture, payload["picture"])
    if film is None:
        raise not_found("film")
    folder = services.settings.folder / "films" / mine.job.id
    folder.mkdir(parents=True, exist_ok=True)
    source = fetched(services, film.key, folder)
    asked_for = dict.fromkeys([*wishes.photos, *wishes.scene_photos])
    photos = {one: str(_photo(services, one, folder)) for one in asked_for}
    target = folder / "coloured.mp4"
    watch = _Watch(mine, services.gate)
    started = time.perf_counter()
    if not target.exists():
        colorizer = services.registry.get(options.model)
        colorize_film(
            str(source),
            str(target),
            colorizer,
            film_options(options, wishes, photos),
            progress=watch.tell,
        )
    mine.checkpoint()
    identity, asked = new_id(), wishes.model_dump(exclude_defaults=True)
    key = f"results/{identity}/file.mp4"
    with target.open("rb") as whole:
        size = services.storage.write(key, whole)
    _, _, poster = first_frame(services, target, film.name)
    for side in (THUMBNAIL_PIXELS, services.settings.preview_pixels):
        store_variant(services, f"results/{identity}/{side}.jpg", poster, side)
    row = Result(
        id=identity, picture_id=film.id, model=services.registry.name(model), model_version=str(model.info.version),
        model_sha256=model.sha256, options=options.asked() | asked, options_key=options_key(model, options, asked),
        format="MP4",
        width=film.width, height=film.height, bytes=size, key=key, seconds=round(time.perf_counter() - started, 3),
    )  # fmt: skip
    result, _ = keep_row(services, row)
    total = watch.total or watch.done or 1
    mine.progress(total, total=total, outcomes=[{"picture_id": film.id, "result_id": result.id, "error": None}])
    shutil.rmtree(folder, ignore_errors=True)


def _photo(services: Services, picture: str, folder: Path) -> Path:
    """A photo whose colours are taken, on this machine at screen size; its shown result if it is grey itself.

    Raises ProblemError: 404, it was deleted meanwhile; 422, it is in no colour.
    """
    with services.database.session() as session:
        row = session.get(Picture, picture, options=[selectinload(Picture.results)])
    if row is None:
        raise not_found("reference")
    path = folder / f"{picture}.png"
    if not path.exists():  # else parts of an earlier try would not be known again
        with services.gate.hold(weight_of(services.storage, row.key, "look")), replacing(path) as partial:
            partial.write_bytes(services.opened.coloured(row).encode("PNG"))
    return path


def film_options(
    options: ColourOptions, wishes: FilmWishes, photos: Mapping[str, str] = MappingProxyType({})
) -> FilmOptions:
    """What is asked, in the library's own terms; ``photos``: where the photos that are named lie.

    Raises TintypeError for what a film cannot have.
    """
    given = tuple(photos.get(one, one) for one in wishes.photos)
    scenes = tuple(
        SceneReference(one.start, one.end, photos.get(one.picture, one.picture)) for one in wishes.scene_references
    )
    one = given[0] if wishes.reference and given else None
    hints = tuple(FilmHint(point.seconds, Hint.parse(point.as_text())) for point in wishes.hints)
    return FilmOptions(
        size=options.size, taste=taste_of(options), start=wishes.start, end=wishes.end, stability=wishes.stability,
        crf=wishes.crf, hints=hints, reference=one, references=given[1:] if one else given,
        scene_references=scenes,
    )  # fmt: skip


def forget_parts(services: Services) -> int:
    """Delete what is left of films whose jobs have ended; returns of how many."""
    home = services.settings.folder / "films"
    folders = {folder.name: folder for folder in home.iterdir()} if home.is_dir() else {}
    if not folders:
        return 0
    with services.database.session() as session:
        going = set(session.scalars(select(Job.id).where(Job.state.in_(OPEN))))
    ended = [folder for name, folder in folders.items() if name not in going]
    for folder in ended:
        shutil.rmtree(folder, ignore_errors=True)
    return len(ended)


def in_words(seconds: float) -> str:
    """A time as people say it: 40 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class _Watch:
    """Passes on how far the film is, not too often, and stops it when the job is to stop; photos go before its steps.

    While photos of this process are in work or in line, a film works a sixth of the time: it never stands still.
    """

    def __init__(self, mine: Claim, gate: ConcurrencyLimiter, given_way: float = _GIVEN_WAY) -> None:
        self._mine, self._gate, self._given_way = mine, gate, given_way
        self._next = 0.0
        self._resumed = time.monotonic()
        self.done, self.total = 0, 0

    def tell(self, progress: Any) -> None:
        self.done, self.total = progress.frames, progress.total or 0
        self._gate.wait_idle(min(self._given_way, _GIVEN_WAY * (time.monotonic() - self._resumed)))
        self._resumed = time.monotonic()
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TELL_SECONDS
        self._mine.checkpoint()
        left = "" if progress.seconds_left is None else f", {in_words(progress.seconds_left)} left"
        self._mine.progress(self.done, total=self.total, note=f"{progress.rate:.1f} frames a second{left}")


def fetched(services: Services, key: str, folder: Path) -> Path:
    """The film on this machine, once and whole."""
    stored = services.storage.local_path(key)
    if stored is not None:
        return stored
    path = folder / Path(key).name
    if not path.exists():
        with replacing(path) as partial:
            services.storage.fetch(key, partial)
    return path
