"""Which of the inputs of `tintype colorize` are films, and where each result goes."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from ..files import is_url
from ..jobs import STREAM, Job
from ..planning import COLOURED, LIST, READABLE
from .codecs import CONTAINERS
from .sniff import FILM_SUFFIXES, is_film, is_sequence


def split(inputs: Sequence[str], output: str | None, *, overwrite: bool = False) -> tuple[list[Job], list[str]]:
    """Jobs for the films among the inputs, and the inputs that are left for pictures.

    Inputs are files, folders, patterns or "-", as for pictures. A result goes beside its film as NAME-color.EXT; films
    in a container that cannot keep every timestamp (.avi, .mpg and others) become .mkv, which holds any sound.
    """
    films: list[tuple[str, Path]] = []
    rest: list[str] = []
    for text in inputs:
        path = Path(text)
        if text == STREAM or is_url(text) or (text.startswith(LIST) and not path.exists()):
            rest.append(text)
        elif path.is_dir():
            found = [file for file in _walk(path) if not _is_result(file)]
            films += [(os.fspath(file), file.relative_to(path)) for file in found]
            if not found or _has_pictures(path):
                rest.append(text)
        elif is_sequence(text) or path.is_file():
            (films.append((text, Path(path.name))) if is_film(path) else rest.append(text))
        elif glob.has_magic(text):
            matches = sorted(match for match in glob.glob(text, recursive=True) if Path(match).is_file())
            films += [(match, Path(Path(match).name)) for match in matches if is_film(match)]
            rest += [text] if not matches else [match for match in matches if not is_film(match)]
        elif path.suffix.lower() in FILM_SUFFIXES:
            films.append((text, Path(path.name)))  # missing: opening it says so
        else:
            rest.append(text)
    single = len(films) == 1 and not rest
    return [_job(source, inside, output, single, overwrite) for source, inside in films], rest


def _job(source: str, inside: Path, output: str | None, single: bool, overwrite: bool) -> Job:
    if output is not None and is_url(output):
        return Job(source, None, f"{source}: a film is written to this machine; name a local file or folder")
    if output == STREAM:
        return Job(source, None, f"{source}: a film cannot go to standard output; name a file or a folder")
    suffix = inside.suffix.lower() if inside.suffix.lower() in CONTAINERS else ".mkv"
    stem = _sequence_stem(Path(source)) if is_sequence(source) else inside.stem
    if output is None:
        target = Path(source).with_name(f"{stem}{COLOURED}{suffix}")
    elif single and not (Path(output).is_dir() or output.endswith(("/", os.sep)) or Path(output).suffix == ""):
        target = Path(output)
    else:
        target = Path(output) / inside.with_name(f"{stem}{suffix}")
        if target.resolve() == Path(source).resolve():
            target = target.with_name(f"{stem}{COLOURED}{suffix}")
    if target.suffix.lower() not in CONTAINERS:
        names = ", ".join(CONTAINERS)
        return Job(source, None, f"{target}: films are written as {names}; --output with one of these, or a folder")
    if target.exists() and not overwrite:
        return Job(source, None, f"{target}: exists already; add --overwrite to replace it")
    return Job(source, os.fspath(target))


def _sequence_stem(path: Path) -> str:
    """A name for numbered pictures: what stands before the number, or the folder's name."""
    return path.name.partition("%")[0].strip("-_. ") or path.resolve().parent.name or "film"


def _walk(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in FILM_SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and is_film(path)
    )


def _is_result(path: Path) -> bool:
    return path.stem.endswith(COLOURED)


def _has_pictures(folder: Path) -> bool:
    return any(path.suffix.lower() in READABLE for path in folder.rglob("*"))
