"""Files at addresses (s3://, gs://, https://, memory:// and whatever else fsspec knows) beside those on this machine.

A local file is a path and is handled where it lies. One at an address is fetched into a temporary folder, worked on
there, and put in place whole. fsspec is loaded when the first address is met, and not before.
"""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tintype.errors import InputError, MissingExtra, OutputError, TintypeError, one_line

from .atomic import write_whole
from .locations import _SCHEME, is_url, is_web, name_of

# Stores in which an object appears when its upload is complete; elsewhere a result is renamed into place.
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "memory"})
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs"}
# What listings call the thing that changes with a file's bytes, the surest first.
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "checksum", "mtime", "LastModified", "last_modified", "created")


def filesystem(place: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the path in it. Listings are not cached: others write too.

    Raises:
        MissingExtra: fsspec, or what it needs for this kind of address, is not installed.
        TintypeError: no such kind of address.
    """
    found = _SCHEME.match(place)
    scheme = found[1].lower() if found else "file"
    try:
        import fsspec

        files, path = fsspec.core.url_to_fs(place, use_listings_cache=False)
    except ImportError as error:
        extra = f"urls,{_EXTRAS[scheme]}" if scheme in _EXTRAS else "urls"
        raise MissingExtra(f"{place}: to open such addresses: pip install 'tintype[{extra}]' ({error})") from error
    except ValueError as error:
        raise TintypeError(f"{place}: no address of this kind is known ({one_line(error)})") from error
    return files, str(path)


def stamp_of(facts: dict[str, Any]) -> str:
    """What tells this version of a file from another, out of a listing; "" where the store says nothing of it."""
    version = next((str(facts[name]) for name in _VERSIONS if facts.get(name)), "")
    return f"{facts.get('size')}:{version}" if version else ""


def find(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path inside the folder, what the store tells of it) of every file in a folder at an address, in order of name;
    nothing where there is none.

    Raises:
        InputError: the store cannot be asked.
    """
    if is_web(folder):
        raise InputError(f"{folder}: a web server's folders cannot be listed; name the files, or a list: @list.txt")
    files, root = filesystem(folder)
    root = root.rstrip("/")
    try:
        found = files.find(root, detail=True)
    except FileNotFoundError:
        return
    except Exception as error:  # stores raise what they like
        raise InputError(f"{folder}: cannot be listed: {one_line(error)}") from error
    for path in sorted(found):
        if path != root and not path.endswith("/"):
            yield path[len(root) :].lstrip("/"), found[path]


def names_in(folder: str) -> list[str]:
    """The paths inside a folder, local or at an address, of all files in it, in order; none where there is no folder.

    Raises:
        InputError: the store cannot be asked.
    """
    if is_url(folder):
        return [inside for inside, _ in find(folder)]
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def matching(pattern: str) -> list[tuple[str, dict[str, Any]]]:
    """(address, what the store tells of it) of every file that a pattern such as s3://scans/**/*.jpg means.

    Raises:
        InputError: the store cannot be asked.
    """
    files, path = filesystem(pattern)
    found = _SCHEME.match(pattern)
    assert found is not None
    try:
        matches: dict[str, dict[str, Any]] = files.glob(path, detail=True)
    except Exception as error:  # as above
        raise InputError(f"{pattern}: cannot be searched: {one_line(error)}") from error
    return [(found[0] + name.lstrip("/"), matches[name]) for name in sorted(matches) if matches[name]["type"] == "file"]


def stamp_at(place: str) -> str:
    """What tells this version of a file at an address from another; "" where the store says nothing, or has none.

    Raises:
        InputError: the store cannot be asked.
    """
    try:
        files, path = filesystem(place)
        return stamp_of(files.info(path))
    except FileNotFoundError:
        return ""
    except TintypeError:
        raise
    except Exception as error:  # as above
        raise InputError(f"{place}: cannot be looked at: {one_line(error)}") from error


def size_of(place: str) -> int | None:
    """The bytes of a file, None if it is not there.

    Raises:
        InputError: the store cannot be asked.
    """
    try:
        if not is_url(place):
            return os.stat(place).st_size if os.path.exists(place) else None
        files, path = filesystem(place)
        return int(files.info(path).get("size") or 0)
    except FileNotFoundError:
        return None
    except TintypeError:
        raise
    except Exception as error:  # as above
        raise InputError(f"{place}: cannot be looked at: {one_line(error)}") from error


def read(place: str) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    try:
        if not is_url(place):
            return Path(place).read_bytes()
        files, path = filesystem(place)
        data: bytes = files.cat_file(path)
        return data
    except TintypeError:
        raise
    except FileNotFoundError:
        raise InputError(f"{place}: no such file") from None
    except Exception as error:  # as above
        raise InputError(f"{place}: cannot be read: {one_line(error)}") from error


def write(place: str, data: bytes, *, overwrite: bool) -> None:
    """Write a file that appears whole or not at all; its folder is made.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    if is_url(place):
        with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
            made = Path(folder) / name_of(place)
            made.write_bytes(data)
            publish(made, place, overwrite=overwrite)
    else:
        make_folder(place)
        write_whole(Path(place), lambda: data, overwrite=overwrite)


def publish(made: Path, target: str, *, overwrite: bool) -> None:
    """Put a finished local file in place at an address, whole or not at all.

    Without ``overwrite`` the store itself is asked to refuse if there is one already (If-None-Match and its kin),
    where it can; where it cannot, we look first.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    if is_web(target):
        raise OutputError(f"{target}: nothing can be written to a web address; name a folder or a bucket")
    files, path = filesystem(target)
    protocols = {files.protocol} if isinstance(files.protocol, str) else set(files.protocol)
    try:
        if protocols & _WHOLE:
            files.put_file(os.fspath(made), path, mode="overwrite" if overwrite else "create")
            return
        if not overwrite and files.exists(path):
            raise FileExistsError
        folder, _, name = path.rpartition("/")
        partial = f"{folder}/.{name[:100]}.{secrets.token_hex(4)}.part"
        files.makedirs(folder, exist_ok=True)
        try:
            files.put_file(os.fspath(made), partial)
            files.mv(partial, path)
        finally:
            with contextlib.suppress(Exception):
                if files.exists(partial):
                    files.rm_file(partial)
    except Exception as error:  # as above
        if not overwrite and (isinstance(error, FileExistsError) or size_of(target) is not None):
            raise OutputError(f"{target} exists: choose another name or allow overwriting") from error
        raise OutputError(f"{target} cannot be written: {one_line(error)}") from error


def put(made: Path, target: str, *, overwrite: bool) -> None:
    """Put a finished local file in place, at an address or in a folder of the same disk, whole or not at all.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    if is_url(target):
        publish(made, target, overwrite=overwrite)
        return
    make_folder(target)
    try:
        if overwrite:
            os.replace(made, target)
            return
        try:
            os.link(made, target)  # refuses where there is one
        except OSError as error:
            if os.path.exists(target):
                raise FileExistsError from error
            os.replace(made, target)  # a disk that knows no links
    except FileExistsError as error:
        raise OutputError(f"{target} exists: choose another name or allow overwriting") from error
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror or error}") from error


def remove_folder(folder: str) -> None:
    """Remove a folder, local or at an address, with all that is in it; nothing where there is none.

    Raises:
        OutputError: it cannot be removed.
    """
    try:
        if not is_url(folder):
            if os.path.isdir(folder):
                shutil.rmtree(folder)
            return
        files, path = filesystem(folder)
        if files.exists(path):
            files.rm(path, recursive=True)
    except FileNotFoundError:
        return
    except TintypeError:
        raise
    except Exception as error:  # as above
        raise OutputError(f"{folder} cannot be removed: {one_line(error)}") from error


@contextlib.contextmanager
def staged(source: str, target: str, *, overwrite: bool) -> Iterator[tuple[str, str]]:
    """Local stand-ins for a source and a target; those that are local already stand for themselves.

    What was made under the name of the target is put in place at the end, unless an error comes out. Errors name
    the addresses, not the stand-ins.

    Raises:
        InputError: the source cannot be fetched.
        OutputError: the target cannot be written.
    """
    if not (is_url(source) or is_url(target)):
        yield source, target
        return
    with tempfile.TemporaryDirectory(prefix="tintype-") as folder:
        near_source, near_target = source, target
        if is_url(source):
            near_source = os.path.join(folder, "in", name_of(source).name[-120:] or "file")
            fetch(source, near_source)
        if is_url(target):
            near_target = os.path.join(folder, "out", name_of(target).name)
        try:
            yield near_source, near_target
        except TintypeError as error:
            raise type(error)(str(error).replace(near_source, source).replace(near_target, target)) from error
        if is_url(target):
            publish(Path(near_target), target, overwrite=overwrite)


def make_folder(target: str) -> None:
    """Make the folder that a local file is to lie in.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{target}: the folder cannot be made ({error.strerror or error})") from error


def fetch(source: str, near: str) -> None:
    """Copy a file from an address to this machine.

    Raises:
        InputError: there is none, or it cannot be read.
    """
    files, path = filesystem(source)
    os.makedirs(os.path.dirname(near), exist_ok=True)
    try:
        files.get_file(path, near)
    except FileNotFoundError:
        raise InputError(f"{source}: no such file") from None
    except Exception as error:  # as above
        raise InputError(f"{source} cannot be read: {one_line(error)}") from error
    if not os.path.isfile(near):
        raise InputError(f"{source} is a folder: give a file")
