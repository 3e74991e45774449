"""Photos kept open at preview size, so that a hint costs one run of the decoder."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from tintype.colorizer.open_photo import OpenPhoto
from tintype.colorizer.provenance import read_record
from tintype.photo.photo import Photo
from tintype.photo.shrink import shrink

from .model_registry import ModelRegistry
from .problems import ProblemError
from .settings import Settings
from .storage import Storage
from .stored import read_small
from .tables import Picture, shown_result

_FRESH = 16  # small copies of files that came last, about 2 MB each


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: OpenPhoto | None = None


class OpenPictures:
    """Pictures at preview size, decoded and prepared, so that a hint costs one run of the network."""

    def __init__(self, registry: ModelRegistry, storage: Storage, settings: Settings) -> None:
        self._registry, self._storage, self._settings = registry, storage, settings
        self._most = max(1, settings.open_pictures)
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self._fresh: OrderedDict[str, Photo] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, picture: Picture, model: str | None) -> OpenPhoto:
        """The picture, open, for that model. Raises ProblemError, 404, if its file has gone."""
        colorizer = self._registry.get(model)
        key = (picture.id, colorizer.model.sha256)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.opened is None:
                self.misses += 1
                entry.opened = OpenPhoto(colorizer.network, self._small(picture.key).grey())
            else:
                self.hits += 1
            return entry.opened

    def has(self, picture: Picture, sha256: str) -> bool:
        """Whether the picture is open for the model with that hash."""
        with self._lock:
            entry = self._entries.get((picture.id, sha256))
        return entry is not None and entry.opened is not None

    def reference(self, picture: Picture | None, model: str | None) -> OpenPhoto | None:
        """A picture in colour that others take colours from, opened; its shown result if it is grey itself.

        Raises ProblemError: 404, its file has gone; 422, it is in no colour.
        """
        if picture is None:
            return None
        return OpenPhoto(self._registry.get(model).network, self.coloured(picture))

    def coloured(self, picture: Picture) -> Photo:
        """A picture in colour at preview size; its shown result if it is grey itself.

        Raises ProblemError: 404, its file has gone; 422, it is in no colour.
        """
        small, shown = self._small(picture.key), shown_result(picture)
        if small.chroma is None and shown is not None:
            small = self._small(shown.key)
        if small.chroma is None:
            raise ProblemError(422, "the picture has no colour; give a photograph in colour")
        return small

    def small(self, picture: Picture) -> Photo:
        """A picture at preview size. Raises ProblemError, 404, if its file has gone."""
        return self._small(picture.key)

    def keep(self, key: str, photo: Photo) -> None:
        """Keep what was decoded to look at a file that has just come, at preview size: its page asks for that next, and
        whoever sends many is about to have them coloured. Results of tintype, which their metadata tell, are not kept.
        """
        if read_record(photo.meta) is not None:
            return
        small = shrink(photo, self._settings.preview_pixels)
        with self._lock:
            self._fresh[key] = small
            while len(self._fresh) > _FRESH:
                self._fresh.popitem(last=False)

    def kept(self, key: str) -> Photo | None:
        """The file's picture at preview size, if it has come lately."""
        with self._lock:
            return self._fresh.get(key)

    def _small(self, key: str) -> Photo:
        if (fresh := self.kept(key)) is not None and self._storage.exists(key):
            return fresh
        side = self._settings.preview_pixels
        return shrink(read_small(self._storage, key, side, self._settings.max_pixels), side)

    def forget(self, picture_id: str) -> None:
        with self._lock:
            for file in [one for one in self._fresh if one.startswith(f"pictures/{picture_id}/")]:
                del self._fresh[file]
            for key in [key for key in self._entries if key[0] == picture_id]:
                del self._entries[key]
