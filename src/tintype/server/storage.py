"""Where files lie: a folder, or anything that fsspec can reach. Keys are made here, never from a user's name."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tintype.errors import MissingExtra, StorageFullError, TintypeError
from tintype.files.atomic import replacing
from tintype.files.stores import filesystem

_CHUNK = 1 << 20


class Storage:
    """Files by key, below one address such as file:///data or s3://bucket/prefix.

    Raises:
        TintypeError: the address makes no sense, or needs a package that is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = filesystem(url)
        except MissingExtra as error:
            raise MissingExtra(f"TINTYPE_STORAGE_URL: {str(error).removeprefix(url)[2:]}") from error
        except TintypeError as error:
            raise TintypeError(
                "TINTYPE_STORAGE_URL cannot be used; give a folder as file:///path, or s3://bucket"
            ) from error
        protocol = self._files.protocol
        self._is_local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)
        if self._is_local:
            try:
                Path(self._root).mkdir(parents=True, exist_ok=True)
            except OSError as error:
                why = error.strerror or type(error).__name__
                raise TintypeError(f"cannot write to {self._root} ({why}); name another by TINTYPE_FOLDER") from error

    def write(self, key: str, source: BinaryIO | bytes) -> int:
        """Put a file in place, complete or not at all; returns its bytes.

        Raises:
            OutputError: the disk is full, the bucket is gone.
        """
        try:
            if self._is_local:
                return self._write_local(key, source)
            return self._write_remote(key, source)
        except OSError as error:
            raise StorageFullError(
                f"the picture cannot be stored ({error.strerror or type(error).__name__})"
            ) from error

    def read(self, key: str) -> bytes:
        """Raises FileNotFoundError if there is no such file."""
        data: bytes = self._files.cat_file(self._path(key))
        return data

    def open(self, key: str) -> BinaryIO:
        """The file, to be read in pieces. Raises FileNotFoundError if there is no such file."""
        opened: BinaryIO = self._files.open(self._path(key), "rb")
        return opened

    def exists(self, key: str) -> bool:
        return bool(self._files.exists(self._path(key)))

    def size(self, key: str) -> int | None:
        """The file's bytes; None if there is no such file."""
        try:
            return int(self._files.size(self._path(key)))
        except FileNotFoundError:
            return None

    def chunks(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The file from byte ``start`` to before ``end``, in pieces. Raises FileNotFoundError at the first one."""
        with self._files.open(self._path(key), "rb") as source:
            source.seek(start)
            while piece := source.read(min(_CHUNK, end - start)):
                start += len(piece)
                yield piece

    def local_path(self, key: str) -> Path | None:
        """The file's own path if it lies on this machine."""
        return Path(self._path(key)) if self._is_local else None

    @property
    def folder(self) -> Path | None:
        """The folder that everything lies in, if it is on this machine."""
        return Path(self._root) if self._is_local else None

    def keys(self) -> Iterator[str]:
        """The keys of all whole files, in no order."""
        root = self._root.rstrip("/") + "/"
        for path in self._files.find(root):
            key = str(path).removeprefix(root)
            if not key.startswith("check/") and not key.endswith(".part"):
                yield key

    def names(self, folder: str) -> list[str]:
        """The names of the whole files that lie in a folder of keys."""
        try:
            found = self._files.ls(self._path(folder), detail=False)
        except FileNotFoundError:
            return []
        names = (str(path).rpartition("/")[2] for path in found)
        return sorted(name for name in names if name and not name.endswith(".part"))

    def fetch(self, key: str, target: Path) -> None:
        """Copy a file to this machine."""
        self._files.get_file(self._path(key), str(target))

    def delete_folder(self, folder: str) -> None:
        """Delete a folder of keys; one that is not there is no error."""
        try:
            self._files.rm(self._path(folder), recursive=True)
        except FileNotFoundError:
            return

    def check(self) -> None:
        """Raises if nothing can be written."""
        key = f"check/{secrets.token_hex(8)}"
        self.write(key, b"ok")
        self._files.rm_file(self._path(key))

    def _path(self, key: str) -> str:
        if not key or any(part in ("", ".", "..") for part in key.split("/")) or "\\" in key:
            raise ValueError(f"not a key: {key!r}")
        return f"{self._root}/{key}"

    def _write_local(self, key: str, source: BinaryIO | bytes) -> int:
        path = Path(self._path(key))
        with replacing(path) as partial, partial.open("wb") as target:
            return _pour(source, target)

    def _write_remote(self, key: str, source: BinaryIO | bytes) -> int:
        """Object stores show an object when its last part has come, and fsspec sends that even after an error."""
        if isinstance(source, bytes):
            self._files.pipe_file(self._path(key), source)
            return len(source)
        target = self._files.open(self._path(key), "wb")
        try:
            size = _pour(source, target)
        except BaseException:
            with contextlib.suppress(Exception):
                target.discard()
            target.closed = True  # else it would be sent when it is forgotten
            raise
        target.close()
        return size


def _pour(source: BinaryIO | bytes, target: BinaryIO) -> int:
    if isinstance(source, bytes):
        return target.write(source)
    start = target.tell()
    shutil.copyfileobj(source, target, _CHUNK)
    return target.tell() - start
