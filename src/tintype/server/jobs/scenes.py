"""The scenes of a film: where its cuts are, and a picture of each scene, found once and kept beside the film."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tintype.photo.photo import Photo
from tintype.server.problems import not_found
from tintype.server.services import Services
from tintype.server.tables import Picture
from tintype.server.variants import THUMBNAIL_PIXELS, store_variant
from tintype.video.scenes import Scene, scenes_of

from .films import fetched
from .job_store import Claim

_TELL_SECONDS = 0.5


def scenes_key(picture: str) -> str:
    """Where the list of a film's scenes lies."""
    return f"pictures/{picture}/scenes.json"


def thumbnail_key(picture: str, number: int) -> str:
    """Where the picture of one scene lies."""
    return f"pictures/{picture}/scenes/{number}.jpg"


def find_scenes(services: Services, mine: Claim) -> None:
    """Read the payload's film once, and store its scenes and their pictures."""
    identity = mine.job.payload["picture"]
    with services.database.session() as session:
        film = session.get(Picture, identity)
    if film is None:
        raise not_found("film")
    watch = _Watch(mine)
    with tempfile.TemporaryDirectory(prefix="tintype-scenes-") as folder:
        source = fetched(services, film.key, Path(folder))
        found = list(scenes_of(str(source), watch.tell))
    for scene in found:
        upright = Photo.read(np.ascontiguousarray(scene.picture))
        store_variant(services, thumbnail_key(identity, scene.number), upright, THUMBNAIL_PIXELS)
    listed = [_plain(scene) for scene in found]
    services.storage.write(scenes_key(identity), json.dumps(listed).encode())
    mine.progress(max(1, watch.done), total=max(1, watch.done))


def _plain(scene: Scene) -> dict[str, Any]:
    return {"number": scene.number, "start": round(scene.start, 4), "end": round(scene.end, 4)}


class _Watch:
    """Passes on how many frames were read, not too often, and stops when the job is to stop."""

    def __init__(self, mine: Claim) -> None:
        self._mine, self._next, self.done = mine, 0.0, 0

    def tell(self, frames: int, total: int) -> None:
        self.done = frames
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _TELL_SECONDS
        self._mine.checkpoint()
        self._mine.progress(frames, total=total)
