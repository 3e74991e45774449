"""Pictures inside a git repository's history: every blob that was ever committed, without a work tree."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tintype.errors import DataError

from .sources import Picture, is_picture


def git_directory(path: Path) -> Path | None:
    """The git directory of `path`; None when there is none."""
    for candidate in (path, path / ".git"):
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            return candidate
    return None


def list_blobs(path: Path, under: str = "") -> list[tuple[str, str]]:
    """(object id, path) of each picture ever committed whose path begins with `under`, every blob once.

    The order is that of `git rev-list --objects --all` and is the same each time, so that reading can be resumed.
    Raises DataError when git cannot read the repository.
    """
    objects = _git(path, "rev-list", "--objects", "--all", "--missing=allow-any").splitlines()
    seen: dict[str, str] = {}
    for line in objects:
        identity, _, name = line.partition(" ")
        if name.startswith(under) and is_picture(name):
            seen.setdefault(identity, name)
    return list(seen.items())


def read_blobs(path: Path, blobs: list[tuple[str, str]], source: str) -> Iterator[Picture]:
    """The pictures of `blobs`, in their order, read through one `git cat-file --batch`.

    A blob that the repository lacks (a partial copy has such) comes with no bytes.
    """
    directory = git_directory(path)
    if directory is None:
        raise DataError(f"{path}: not a git directory")
    command = ["git", "-C", str(directory), "cat-file", "--batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            for start in range(0, len(blobs), 256):
                some = blobs[start : start + 256]
                process.stdin.write("".join(f"{identity}\n" for identity, _ in some).encode())
                process.stdin.flush()
                yield from _answers(process, process.stdout, some, source, path)
        finally:
            process.kill()


def _answers(
    process: "subprocess.Popen[bytes]", stdout: IO[bytes], blobs: list[tuple[str, str]], source: str, path: Path
) -> Iterator[Picture]:
    for identity, name in blobs:
        header = stdout.readline().split()
        if not header:
            raise DataError(f"{path}: git stopped while reading (status {process.poll()}); is the repository whole?")
        data = b""
        if header[-1] != b"missing":
            data = stdout.read(int(header[2]))
            stdout.read(1)
        yield Picture(f"{identity[:16]}-{Path(name).name}", source, data, path)


def _git(path: Path, *arguments: str) -> str:
    directory = git_directory(path)
    if directory is None:
        raise DataError(f"{path}: not a git directory")
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=True)
    except FileNotFoundError as error:
        raise DataError(f"{path}: reading a repository needs git; install it") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise DataError(f"{path}: git cannot read it ({reason[-1] if reason else error.returncode})") from error
    return done.stdout.decode(errors="replace")
