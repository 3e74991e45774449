"""Photos kept open at preview size, so that a hint costs one run of the decoder."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from tintype.colorizer.open_photo import OpenPhoto
from tintype.photo.photo import Photo

from .settings import Settings
from .shelf import Shelf
from .shrink import shrink
from .storage import Storage
from .stored import read_file
from .tables import Picture


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: OpenPhoto | None = None


class OpenPictures:
    """Pictures at preview size, decoded and prepared, so that a hint costs one run of the network."""

    def __init__(self, shelf: Shelf, storage: Storage, settings: Settings) -> None:
        self._shelf, self._storage, self._settings = shelf, storage, settings
        self._most = max(1, settings.open_pictures)
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, picture: Picture, model: str | None) -> OpenPhoto:
        """The picture, open, for that model. Raises ProblemError, 404, if its file has gone."""
        colorizer = self._shelf.get(model)
        key = (picture.id, colorizer.model.sha256)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.opened is None:
                self.misses += 1
                data = read_file(self._storage, picture.key)
                photo = Photo.read(data, max_pixels=self._settings.max_pixels).grey()
                small = shrink(photo, self._settings.preview_pixels)
                entry.opened = OpenPhoto(colorizer.network, small)
            else:
                self.hits += 1
            return entry.opened

    def forget(self, picture_id: str) -> None:
        with self._lock:
            for key in [key for key in self._entries if key[0] == picture_id]:
                del self._entries[key]
