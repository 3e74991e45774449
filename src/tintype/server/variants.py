"""Small pictures for the screen, made once and stored beside the whole one, and pictures kept open for hints."""

from tintype.photo.photo import Photo

from PIL import Image

from ..metadata import Metadata
from ..opened import OpenPhoto
from ..photo import Photo
from ..planes import Plane, as_plane, half_size
from .colouring import read_file, weight_of
from .intake import FILM_SUFFIXES, suffix_of_key
from .large import head_of, small_photo
from .problems import ProblemError, not_found
from .schemas.common import ColourOptions
from .services import Services
from .tables import Picture, Result, shown_result

THUMBNAIL_PIXELS = 320
FULL = 65_500  # the longest that a JPEG can be: with all pixels
_QUALITY = 88


def shrink(photo: Photo, side: int) -> Photo:
    """The photo as a JPEG for screens: at most ``side`` pixels long, over white, without metadata but its profile."""
    photo = photo.over_white()
    scale = min(1.0, side / max(photo.width, photo.height))
    width, height = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))

    def small(plane: Plane, size: tuple[int, int]) -> Plane:
        if plane.shape == size[::-1]:
            return plane
        return as_plane(Image.fromarray(plane).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0))

    chroma = photo.chroma
    meta = Metadata("JPEG", "RGB", icc=photo.meta.icc, quality=_QUALITY, subsampling="420")
    halves = None if chroma is None else tuple(small(plane, half_size(width, height)) for plane in chroma)
    return Photo(small(photo.luma, (width, height)), (halves[0], halves[1]) if halves else None, None, meta)


def variant(services: Services, row: Picture | Result, side: int, grey: bool = False) -> str:
    """The key of a JPEG of that size; made now if it is not there. Raises ProblemError, 404, if the file has gone."""
    folder = row.key.rpartition("/")[0]
    key = f"{folder}/{side}{'-grey' if grey else ''}.jpg"
    if not services.storage.exists(key):
        if suffix_of_key(row.key) in FILM_SUFFIXES:
            raise not_found("preview")
        with services.gate.pass_through(weight_of(services, row.key, "convert" if side == FULL else "look")):
            store_variant(services, key, read_small(services, row.key, side), side, grey)
    return key


def read_small(services: Services, key: str, side: int) -> Photo:
    """A stored picture; a large one at most ``side`` pixels long. Raises ProblemError, 404, if its file has gone."""
    data = read_file(services, key)
    head = head_of(data)
    if head is not None and head.is_streamed:
        return small_photo(data, head, side)
    return Photo.read(data, max_pixels=services.settings.max_pixels)


def store_variant(services: Services, key: str, photo: Photo, side: int, grey: bool = False) -> None:
    small = shrink(photo.grey() if grey else photo, side)
    services.storage.write(key, small.encode("JPEG", _QUALITY))


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    opened: OpenPhoto | None = None


class OpenPictures:
    """Pictures at preview size, decoded and prepared, so that a hint costs one run of the network."""

    def __init__(self, most: int) -> None:
        self._most = max(1, most)
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], _Entry] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, services: Services, picture: Picture, model: str | None) -> OpenPhoto:
        """The picture, open, for that model. Raises ProblemError, 404, if its file has gone."""
        colorizer = services.shelf.get(model)
        key = (picture.id, colorizer.model.sha256)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
        with entry.lock:
            if entry.opened is None:
                self.misses += 1
                side = services.settings.preview_pixels
                small = shrink(read_small(services, picture.key, side).grey(), side)
                entry.opened = OpenPhoto(colorizer.network, small)
            else:
                self.hits += 1
            return entry.opened

    def reference(self, services: Services, options: ColourOptions) -> OpenPhoto | None:
        """The picture in colour that the options take colours from, opened; its newest result if it is grey itself.

        Raises ProblemError: 404, it is not there; 422, it is in no colour.
        """
        if options.reference is None:
            return None
        with services.database.session() as session:
            picture = session.get(Picture, options.reference)
            shown = shown_result(picture) if picture is not None else None
        if picture is None:
            raise not_found("reference")
        side = services.settings.preview_pixels
        photo = read_small(services, picture.key, side)
        if photo.chroma is None and shown is not None:
            photo = read_small(services, shown.key, side)
        if photo.chroma is None:
            raise ProblemError(422, "the reference has no colour; give a photograph in colour")
        return OpenPhoto(services.shelf.get(options.model).network, shrink(photo, side))

    def has(self, picture: Picture, sha256: str) -> bool:
        """Whether the picture is open for the model with that hash."""
        with self._lock:
            entry = self._entries.get((picture.id, sha256))
        return entry is not None and entry.opened is not None

    def forget(self, picture_id: str) -> None:
        with self._lock:
            for key in [key for key in self._entries if key[0] == picture_id]:
                del self._entries[key]
