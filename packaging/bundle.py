"""Make a folder and an archive that run without Python: `tintype` for a terminal, and the page on a double click.

    python -m pip install '.[all,bundle]' && python packaging/bundle.py [--output dist] [--photos]

PyInstaller bundles for the system that it runs on: a zip is made on Windows, and on macOS and Linux a tar.gz, which
keeps links and rights. (A zip of the same folder has every shared library twice.)
"""

import argparse
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = """tintype {version}

Double-click "tintype" (Windows: tintype.exe): a page opens in your browser.
Drop photographs on it. Close the black window to stop.

In a terminal:    tintype colorize grandmother.jpg      tintype help      tintype doctor

Nothing leaves this machine. The colours are a plausible guess; every coloured file says so.
"""


def version() -> str:
    """What version.py says."""
    found = re.search(r'__version__ = "(.+)"', (HERE.parent / "src/tintype/version.py").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def bundle(output: Path, photos: bool = False) -> tuple[Path, Path]:
    """The folder, and the archive of it; with ``photos`` without films, which are 40 % of it."""
    output.mkdir(parents=True, exist_ok=True)
    kind = "photos" if photos else "all"
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", str(output)]
        command += ["--workpath", work, str(HERE / "tintype.spec")]
        subprocess.run(command, check=True, env=os.environ | {"TINTYPE_BUNDLE": kind})
    folder = output / "tintype"
    if sys.platform == "linux" and shutil.which("strip"):
        without_symbols(folder)
    (folder / "README.txt").write_text(README.format(version=version()), encoding="utf-8", newline="\r\n")
    of = f"{'-photos' if photos else ''}-{version()}-{platform.system().lower()}-{platform.machine().lower()}"
    if sys.platform == "win32":
        return folder, Path(shutil.make_archive(str(output / f"tintype{of}"), "zip", output, "tintype"))
    archive = output / f"tintype{of}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as packed:
        packed.add(folder, "tintype")
    return folder, archive


def without_symbols(folder: Path) -> None:
    """Take the symbols for debuggers out of Python's library and PyAV's modules, which bring 40 MB of them."""
    inner = folder / "_internal"
    for library in (*inner.glob("libpython*.so*"), *(inner / "av").rglob("*.so")):
        if not library.is_symlink():
            subprocess.run(["strip", "--strip-unneeded", str(library)], check=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE.parent / "dist")
    parser.add_argument("--photos", action="store_true", help="without what films need: half of the size")
    given = parser.parse_args()
    for path in bundle(given.output, given.photos):
        print(path)


if __name__ == "__main__":
    main()
