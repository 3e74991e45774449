"""Which of the inputs of `tintype colorize` are films, and where each result goes."""

import contextlib
import glob
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from tintype.batch.job import STREAM, Job, Record
from tintype.batch.plan import (
    COLOURED,
    LIST,
    READABLE,
    Listing,
    beside_what_is_there,
    is_file_name,
    is_many,
    read_list,
    whole_path,
)
from tintype.errors import InputError
from tintype.files import locations, stores

from .codecs import CONTAINERS
from .pictures import PICTURES
from .sniff import ANIMATED, FILM_SUFFIXES, is_film, is_sequence


class _Film(NamedTuple):
    """A film among the inputs: ``inside`` is its place below the output folder."""

    source: str
    inside: PurePosixPath
    stamp: str = ""


def split(inputs: Sequence[str], output: str | None, *, listing: Listing | None = None) -> tuple[list[Job], list[str]]:
    """Jobs for the films among the inputs, and the inputs that are left for pictures.

    Inputs are files, folders, patterns or "-", as for pictures. A result goes beside its film as NAME-color.EXT; films
    in a container that cannot keep every timestamp (.avi, .mpg and others) become .mkv, which holds any sound.
    ``listing`` is asked for films at addresses, which are known by their suffix; without it addresses are left alone.

    Raises:
        InputError: a store cannot be asked.
    """
    films: list[_Film] = []
    rest: list[str] = []
    for text in inputs:
        if text.startswith(LIST) and not Path(text).exists():
            found, left = _in_list(text, output, listing)
        else:
            found, left = _sorted(text, output, listing)
        films += found
        rest += left
    single = len(films) == 1 and not rest
    jobs: list[Job] = []
    taken: dict[str, str] = {}
    for film in films:
        job = _job(film, output, single, listing)
        if job.target is not None and job.target in taken:
            other = taken[job.target]
            job = Job(film.source, None, f"{film.source}: its result would be {job.target}, as that of {other}")
        elif job.target is not None:
            taken[job.target] = film.source
        jobs.append(job)
    return jobs, rest


def _sorted(text: str, output: str | None, listing: Listing | None) -> tuple[list[_Film], list[str]]:
    """The films that an input means, and what is left of it for pictures."""
    path = Path(text)
    if text == STREAM:
        return [], [text]
    if locations.is_url(text):
        return ([], [text]) if listing is None else _at_address(text, output, listing)
    if path.is_dir():
        inside = [file for file in _walk(path) if not _is_result(file)]
        found = [_Film(os.fspath(file), PurePosixPath(file.relative_to(path).as_posix())) for file in inside]
        return found, [text] if not found or _has_pictures(path) else []
    if is_sequence(text) or path.is_file():
        return ([_named(text)], []) if is_film(path) else ([], [text])
    if glob.has_magic(text):
        matches = sorted(match for match in glob.glob(text, recursive=True) if Path(match).is_file())
        found = [_named(match) for match in matches if is_film(match)]
        return found, [text] if not matches else [match for match in matches if not is_film(match)]
    if path.suffix.lower() in FILM_SUFFIXES:
        return [_named(text)], []  # missing: opening it says so
    return [], [text]


def _in_list(text: str, output: str | None, listing: Listing | None) -> tuple[list[_Film], list[str]]:
    """The films that a list names, and the list itself where it names something else as well."""
    films: list[_Film] = []
    others = False
    for line in (lines := read_list(text[len(LIST) :])):
        found, rest = _sorted(line, output, listing)
        films += found if is_many(line) else [film._replace(inside=whole_path(film.source)) for film in found]
        others = others or bool(rest)
    return films, [text] if others or not lines else []


def checked(
    jobs: Sequence[Job],
    *,
    overwrite: bool = False,
    listing: Listing | None = None,
    record: Record | None = None,
    also: str = "",
) -> list[Job]:
    """The jobs of `split`, skipped where ``record`` says that they are done, with an error where a result lies already.

    ``also`` are the films' options, as text, for the record.

    Raises:
        InputError: a store cannot be asked.
    """
    there = listing or Listing()

    def look(job: Job) -> Job:
        if job.error is not None or job.target is None:
            return job
        return beside_what_is_there(replace(job, also=also), there, overwrite=overwrite, record=record)

    return [look(job) for job in jobs]


def _named(text: str) -> _Film:
    return _Film(text, PurePosixPath(locations.name_of(text)))


def _at_address(text: str, output: str | None, listing: Listing) -> tuple[list[_Film], list[str]]:
    """The films that an address means, and what is left of it for pictures."""
    name = locations.name_of(text)
    if glob.has_magic(text) and not locations.is_web(text):
        matches = stores.matching(text)
        films = [_Film(a, locations.name_of(a), stores.stamp_of(facts)) for a, facts in matches if _is_film_name(a)]
        return films, [a for a, _ in matches if not _is_film_name(a)] if films else [text]
    if locations.is_web(text) or (name.suffix and not text.endswith("/")):
        if not _is_film_name(text):
            return [], [text]
        with contextlib.suppress(InputError):  # whoever fetches it tells why it cannot be
            return [_Film(text, name, stores.stamp_at(text))], []
        return [_Film(text, name)], []
    folder = text.rstrip("/")
    results = None if output is None else output.rstrip("/")
    listed = listing.listed(folder)
    films = []
    for inside, stamp in listed:
        place = PurePosixPath(inside)
        address = locations.join(folder, inside)
        hidden = any(part.startswith(".") for part in place.parts)
        in_results = results not in (None, folder) and address.startswith(f"{results}/")
        if _is_film_name(inside) and not (hidden or in_results or _is_result(place)):
            films.append(_Film(address, place, stamp))
    with_pictures = any(PurePosixPath(inside).suffix.lower() in READABLE for inside, _ in listed)
    return films, [text] if with_pictures or not films else []


def _is_film_name(place: str) -> bool:
    return locations.name_of(place).suffix.lower() in FILM_SUFFIXES


def _job(film: _Film, output: str | None, single: bool, listing: Listing | None) -> Job:
    """The job with its target."""
    source, inside = film.source, film.inside
    if output is not None and locations.is_url(output) and listing is None:
        return Job(source, None, f"{source}: a film is written to this machine; name a local place, or --engine ray")
    if output == STREAM:
        return Job(source, None, f"{source}: a film cannot go to standard output; name a file or a folder")
    if locations.is_web(source if output is None else output):
        return Job(source, None, f"{source}: nothing can be written to a web address; name a place with --output")
    suffix = inside.suffix.lower() if inside.suffix.lower() in CONTAINERS else ".mkv"
    stem = _sequence_stem(Path(source)) if is_sequence(source) else inside.stem
    if output is None:
        target = locations.with_name(source, f"{stem}{COLOURED}{suffix}")
    elif single and is_file_name(output):
        target = output
    else:
        target = locations.join(output, inside.with_name(f"{stem}{suffix}"))
        if target == source or (not locations.is_url(target) and Path(target).resolve() == Path(source).resolve()):
            target = locations.with_name(target, f"{stem}{COLOURED}{suffix}")
    kind = locations.name_of(target).suffix.lower()
    if is_sequence(target) and kind in PICTURES:
        if listing is not None:
            return Job(source, None, f"{target}: numbered pictures are written by this machine, without --engine ray")
        return Job(source, target, stamp=film.stamp)
    if kind not in CONTAINERS:
        names = ", ".join(CONTAINERS)
        return Job(
            source,
            None,
            f"{target}: films are written as {names}, or as numbered pictures (out/%07d.tif, .dpx, .png, .exr); "
            "--output with one of these, or a folder",
        )
    return Job(source, target, stamp=film.stamp)


def _sequence_stem(path: Path) -> str:
    """A name for numbered pictures: what stands before the number, or the folder's name."""
    return path.name.partition("%")[0].strip("-_. ") or path.resolve().parent.name or "film"


def _walk(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in FILM_SUFFIXES | ANIMATED
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and is_film(path)
    )


def _is_result(path: PurePath) -> bool:
    return path.stem.endswith(COLOURED)


def _has_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in READABLE for path in folder.rglob("*"))
