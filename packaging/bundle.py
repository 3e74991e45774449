"""Make a folder and an archive that run without Python: `tintype` for a terminal, and the page on a double click.

    python -m pip install '.[all,bundle]' && python packaging/bundle.py [--output dist]

PyInstaller bundles for the system that it runs on: a zip is made on Windows, and on macOS and Linux a tar.gz, which
keeps links and rights. (A zip of the same folder has every shared library twice.)
"""

import argparse
import platform
import re
import shutil
import subprocess
import sys
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


def bundle(output: Path) -> tuple[Path, Path]:
    """The folder, and the archive of it."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", str(output)]
        subprocess.run([*command, "--workpath", work, str(HERE / "tintype.spec")], check=True)
    folder = output / "tintype"
    (folder / "README.txt").write_text(README.format(version=version()), encoding="utf-8", newline="\r\n")
    name = f"tintype-{version()}-{platform.system().lower()}-{platform.machine().lower()}"
    kind = "zip" if sys.platform == "win32" else "gztar"
    archive = shutil.make_archive(str(output / name), kind, output, "tintype")
    return folder, Path(archive)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE.parent / "dist")
    for path in bundle(parser.parse_args().output):
        print(path)


if __name__ == "__main__":
    main()
