"""What the inputs of a batch stand for, and where each result goes; said before any work is done."""

import contextlib
import glob
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urlsplit

from tintype.errors import InputError, OutputError
from tintype.files import locations, stores
from tintype.photo.camera_raw import SUFFIXES as RAW
from tintype.photo.photo import SUFFIXES

from .job import STREAM, Job, Record

# Masters that are read and not written become TIFF, which keeps their bits; of two pictures in one, MPO, one a JPEG.
MASTERS = {
    ".jp2": ".tif", ".j2k": ".tif", ".j2c": ".tif", ".jpc": ".tif", ".jpx": ".tif", ".jpf": ".tif", ".psd": ".tif",
    ".pgm": ".tif", ".ppm": ".tif", ".pbm": ".tif", ".pnm": ".tif", ".mpo": ".jpg",
}  # fmt: skip
# What a folder may hold beside pictures is taken where it is named, or where the extra that reads it is installed.
NAMED = dict.fromkeys((".pdf", *RAW), ".tif")
READABLE = frozenset(
    {
        *SUFFIXES,
        *MASTERS,
        ".gif",
        ".avif",
        ".heic",
        ".heif",
        ".jxl",
        ".tga",
        ".pcx",
        *(RAW if find_spec("rawpy") else ()),
    }
)
COLOURED = "-color"
LIST = "@"


@dataclass(frozen=True)
class _Found:
    """An input picture: ``inside`` is its place below the output folder."""

    source: str
    inside: PurePosixPath
    error: str | None = None
    stamp: str = ""


class Listing:
    """Which files exist at addresses: folders are listed once, not asked for file by file."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._sizes: dict[str, int] = {}
        self._found: dict[str, list[tuple[str, str]]] = {}

    def listed(self, folder: str) -> list[tuple[str, str]]:
        """(path inside, stamp) of the files of a folder."""
        folder = folder.rstrip("/")
        if folder in self._found:
            return self._found[folder]
        found: list[tuple[str, str]] = []
        for inside, facts in stores.find(folder):
            self._sizes[locations.join(folder, inside)] = int(facts.get("size") or 0)
            found.append((inside, stores.stamp_of(facts)))
        self._folders.append(folder + "/")
        self._found[folder] = found
        return found

    def size(self, place: str) -> int | None:
        """The bytes of a file, None if it is not there."""
        if place in self._sizes:
            return self._sizes[place]
        if any(place.startswith(folder) for folder in self._folders):
            return None
        return stores.size_of(place)


def plan(
    inputs: Sequence[str],
    output: str | None = None,
    *,
    overwrite: bool = False,
    mark: str = COLOURED,
    suffix: str | None = None,
    marked: bool = False,
    journal: Record | None = None,
    listing: Listing | None = None,
    leave: Collection[str] = (),
) -> list[Job]:
    """Expand inputs into jobs, each with its target.

    An input is a file, a folder (searched to the bottom; hidden files and earlier results are left out), a
    glob pattern, an address that fsspec opens (s3://bucket/folder/, with a slash at its end if the folder's name has
    a suffix; https:// of one file), @FILE with one input a line, or "-". Without ``output`` a result goes beside its
    source as NAME-color.EXT: ``mark`` is that "-color", and ``suffix`` an EXT for all results in place of the
    source's own; ``marked``: results in an output folder get the mark too. ``output`` is a file if there is one input
    file and ``output`` has a suffix, else a folder, local or
    at an address, in which the structure of input folders is kept; what a list names keeps all of its path. An input
    that cannot be used, or a target that exists, becomes a job with an error. What ``journal`` says is done becomes a
    job to skip. ``listing``: of addresses, if somebody has asked for them already. Sources in
    ``leave`` are no pictures and left to others.

    Raises:
        InputError: "-" beside other inputs, no input at all, or a store that cannot be asked.
        OutputError: ``output`` is one file, or "-", and there is more than one picture; or it is on the web.
    """
    if not inputs:
        raise InputError("no input; name a file, a folder, a pattern such as '*.jpg', or - for standard input")
    inputs = [locations.plain(text) for text in inputs]
    output = None if output is None else locations.plain(output)
    there = listing or Listing()
    if STREAM in inputs:
        if len(inputs) > 1:
            raise InputError("- (standard input) must be the only input")
        return [_checked(Job(STREAM, output or STREAM), there, overwrite)]
    found = list(_expand(inputs, output if output != STREAM else None, mark, there))
    found = [one for one in found if one.source not in leave]
    single = len(inputs) == 1 and len(found) == 1 and not is_many(inputs[0])
    if output is not None and not single and is_file_name(output):
        raise OutputError(f"{output}: one file for {len(found)} pictures; name a folder")
    if output == STREAM:
        return [Job(one.source, None if one.error else STREAM, one.error, stamp=one.stamp) for one in found]
    if output is not None and locations.is_web(output):
        raise OutputError(f"{output}: nothing can be written to a web address; name a folder or a bucket")
    if output is not None and locations.is_url(output) and not single:
        there.listed(output)
    jobs: list[Job] = []
    taken: dict[str, str] = {}
    for one in found:
        job = _aimed(one, output, single, mark, suffix, marked)
        place = None if job.target is None else os.path.normcase(job.target)  # on Windows A.jpg is a.jpg
        if place is not None and place in taken:
            error = f"{job.source}: its result would be {job.target}, as that of {taken[place]}; do them apart"
            job = Job(job.source, None, error)
        elif place is not None:
            taken[place] = job.source
            job = _checked(job, there, overwrite, journal)
        jobs.append(job)
    return jobs


def _expand(inputs: Sequence[str], output: str | None, mark: str, there: Listing) -> Iterator[_Found]:
    """Each picture once."""
    seen: set[str | Path] = set()
    for text in inputs:
        for one in _expand_one(text, output, mark, there):
            if one.error is None:
                real = one.source if locations.is_url(one.source) else Path(one.source).resolve()
                if real in seen:
                    continue
                seen.add(real)
            yield one


def _expand_one(text: str, output: str | None, mark: str, there: Listing) -> Iterator[_Found]:
    path = Path(text)
    if locations.is_url(text):
        yield from _expand_url(text, output, mark, there)
    elif path.is_dir():
        found = list(_pictures(path, output, mark))
        if not found:
            yield _Found(text, PurePosixPath(text), _no_pictures(text))
        for file in found:
            yield _Found(os.fspath(file), PurePosixPath(file.relative_to(path)))
    elif text.startswith(LIST) and not path.exists():
        yield from _expand_list(text[len(LIST) :], output, mark, there)
    elif path.exists() or not glob.has_magic(text):
        # A file that is missing fails when it is read, with the reader's own message.
        yield _Found(text, PurePosixPath(path.name))
    else:
        matches = [Path(match) for match in sorted(glob.glob(text, recursive=True)) if Path(match).is_file()]
        if not matches:
            yield _Found(text, PurePosixPath(text), f"{text}: no file matches this pattern")
        for match in matches:
            yield _Found(os.fspath(match), PurePosixPath(match.name))


def _expand_url(text: str, output: str | None, mark: str, there: Listing) -> Iterator[_Found]:
    name = locations.name_of(text)
    if locations.is_web(text):
        yield _Found(text, name if name.name else PurePosixPath("index"))
    elif glob.has_magic(text):
        matches = stores.matching(text)
        if not matches:
            yield _Found(text, name, f"{text}: no file matches this pattern")
        for address, facts in matches:
            yield _Found(address, locations.name_of(address), stamp=stores.stamp_of(facts))
    elif name.suffix and not text.endswith("/"):
        yield _Found(text, name)
    else:
        folder = text.rstrip("/")
        results = None if output is None else output.rstrip("/")
        found = False
        for inside, stamp in there.listed(folder):
            place = PurePosixPath(inside)
            is_result = results not in (None, folder) and locations.join(folder, inside).startswith(f"{results}/")
            if not is_result and _is_picture(place, mark):
                found = True
                yield _Found(locations.join(folder, inside), place, stamp=stamp)
        if not found:
            yield _Found(text, name, _no_pictures(text))


def _expand_list(place: str, output: str | None, mark: str, there: Listing) -> Iterator[_Found]:
    """The inputs that a text file names; files keep all of their path, so that names do not clash."""
    texts = read_list(place)
    if not texts:
        yield _Found(place, PurePosixPath(place), f"{place}: the list is empty")
    for text in texts:
        for one in _expand_one(text, output, mark, there):
            yield one if is_many(text) else _Found(one.source, whole_path(one.source), one.error, one.stamp)


def read_list(place: str) -> list[str]:
    """The inputs that a text file names, one a line.

    Raises:
        InputError: it cannot be read, or is no text.
    """
    try:
        lines = stores.read(place).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{place}: a list of inputs is text in UTF-8, one input a line") from None
    return [locations.plain(line.strip()) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def whole_path(source: str) -> PurePosixPath:
    """A relative place that tells all of an address or path."""
    if not locations.is_url(source):
        return PurePosixPath(*(part for part in Path(source).parts if part not in ("..", ".", Path(source).anchor)))
    parts = urlsplit(source)
    rest = unquote(parts.path) if locations.is_web(source) else source.partition("://")[2].partition("/")[2]
    inside = PurePosixPath(parts.netloc, *(part for part in rest.split("/") if part not in ("", "..", ".")))
    if locations.is_web(source) and parts.query:
        inside = inside.with_name(f"{inside.stem}-{quote(parts.query, safe='=&')}{inside.suffix}")
    return inside


def is_many(text: str) -> bool:
    """Whether an input stands for any number of pictures: a folder, a list."""
    if locations.is_url(text):
        return not locations.is_web(text) and (text.endswith("/") or not locations.name_of(text).suffix)
    return Path(text).is_dir() or (text.startswith(LIST) and not Path(text).exists())


def _pictures(folder: Path, output: str | None, mark: str) -> Iterator[Path]:
    skipped = Path(output).resolve() if output and not locations.is_url(output) else None
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (here / name).resolve() != skipped)
        yield from (here / name for name in sorted(names) if _is_picture(PurePosixPath(name), mark))


def _is_picture(inside: PurePosixPath, mark: str) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and inside.suffix.lower() in READABLE and not inside.stem.endswith(mark)


def _no_pictures(text: str) -> str:
    return f"{text}: no pictures in this folder; looked for {', '.join(sorted(READABLE))}"


def _aimed(one: _Found, output: str | None, single: bool, mark: str, wanted: str | None, marked: bool) -> Job:
    """The job with its target."""
    if one.error is not None:
        return Job(one.source, None, one.error)
    name = locations.name_of(one.source)
    suffix = wanted or _suffix_for(one.source, name.suffix)
    if output is None and locations.is_web(one.source):
        return Job(one.source, None, f"{one.source}: nothing can be written beside it; name a place with --output")
    beside = locations.with_name(one.source, f"{name.stem}{mark}{suffix}")
    if output is None:
        target = beside
    elif single and is_file_name(output):
        target = output if locations.is_url(output) else os.fspath(Path(output))
    else:
        target = locations.join(output, one.inside.with_name(f"{one.inside.stem}{mark if marked else ''}{suffix}"))
        if _is_same(target, one.source):
            target = beside
    return Job(one.source, target, stamp=one.stamp)


def _suffix_for(source: str, suffix: str) -> str:
    """That of the result: the source's own where it is written, else PNG (a GIF holds 256 colours). A local file
    without a suffix is known by its first bytes."""
    if suffix.lower() in SUFFIXES:
        return suffix
    if suffix or locations.is_url(source) or not Path(source).is_file():
        return (MASTERS | NAMED).get(suffix.lower(), ".png")
    with contextlib.suppress(OSError), Path(source).open("rb") as file:
        head = file.read(4)
        return next((kind for magic, kind in _MAGIC if head.startswith(magic)), ".png")
    return ".png"


_MAGIC = ((b"\xff\xd8\xff", ".jpg"), (b"II*\0", ".tif"), (b"MM\0*", ".tif"), (b"RIFF", ".webp"), (b"BM", ".bmp"))


def _is_same(place: str, other: str) -> bool:
    if locations.is_url(place) or locations.is_url(other):
        return place == other
    return Path(place).resolve() == Path(other).resolve()


def is_file_name(output: str) -> bool:
    """Whether ``output`` means one file: a folder exists, ends in a slash, or has no suffix."""
    if locations.is_url(output):
        return not output.endswith("/") and locations.name_of(output).suffix != ""
    path = Path(output)
    return output == STREAM or not (path.is_dir() or output.endswith(("/", os.sep)) or path.suffix == "")


def _checked(job: Job, there: Listing, overwrite: bool, record: Record | None = None) -> Job:
    """The job, skipped if it is done, or with why its target cannot be."""
    source, target = job.source, job.target
    assert target is not None
    if target == STREAM:
        return job
    suffix = locations.name_of(target).suffix
    if suffix.lower() not in SUFFIXES:
        what = f"{suffix} is not a format to write" if suffix else "a format is missing"
        return Job(source, None, f"{target}: {what}; use .jpg, .png, .webp, .tif or .bmp")
    if not locations.is_url(target) and Path(target).is_dir():
        return Job(source, None, f"{target}: is a folder; name a file")
    return beside_what_is_there(job, there, overwrite=overwrite, record=record)


def beside_what_is_there(job: Job, there: Listing, *, overwrite: bool, record: Record | None) -> Job:
    """The job, skipped where ``record`` says that it is done, with an error where another result lies already."""
    target = job.target
    assert target is not None
    size = there.size(target) if locations.is_url(target) else stores.size_of(target)
    if size is None:
        return job
    if record is not None and record.is_done(job, overwrite=overwrite, size=size):
        return replace(job, skipped=True)
    if not overwrite:
        return Job(job.source, None, f"{target}: exists already; add --overwrite to replace it")
    return replace(job, replaces=True)
