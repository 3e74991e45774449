"""Build what is released and try it as a stranger would: the wheel alone, a fresh environment, an empty home.

    python packaging/release.py [--output dist] [--python 3.11 --python 3.13] [--all] [--built]

Builds the sdist and the wheel, checks them (twine, check-wheel-contents, size, what the wheel asks for), installs the
wheel for each Python, and runs README's lines on pictures out of the sdist. --all does the same once more for each
Python with the extra `all`; without it the lines that want an extra must say so in one line. Prints times and sizes.
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LARGEST_WHEEL = 40e6
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What a stranger with an empty machine cannot try: another registry, a network, a cluster, a GPU, a clone.
_NOT_HERE = ("make ", "pipx ", "uvx ", "uv ", "docker ", "pip install .", "s3://", "--engine ray")
_ENDLESS = "tintype serve"


def run(*command: str | Path, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run a command that must succeed; what it said is shown if it does not."""
    done = subprocess.run([str(one) for one in command], text=True, capture_output=True, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done


def build(output: Path) -> tuple[Path, Path]:
    """The wheel, made from the sdist, and the sdist."""
    shutil.rmtree(output, ignore_errors=True)
    run(sys.executable, "-m", "build", "--installer", "uv", "--outdir", output, ROOT)
    (wheel,), (sdist,) = output.glob("*.whl"), output.glob("*.tar.gz")
    return wheel, sdist


def check(wheel: Path, sdist: Path) -> None:
    """What registries and people ask of the files."""
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sdist)
    # W002: empty __init__.py are alike; W004: migrations are loaded by their files.
    run(sys.executable, "-m", "check_wheel_contents", wheel, "--ignore", "W002,W004")
    if wheel.stat().st_size > LARGEST_WHEEL:
        raise SystemExit(f"{wheel.name} has {wheel.stat().st_size / 1e6:.1f} MB, allowed are {LARGEST_WHEEL / 1e6:.0f}")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = Parser().parsestr(archive.read(next(one for one in names if one.endswith("/METADATA"))).decode())
    said = re.search(r'__version__ = "(.+)"', (ROOT / "src/tintype/version.py").read_text())
    if said is None or metadata["Version"] != said[1]:
        raise SystemExit(f"the wheel says {metadata['Version']}, version.py {said and said[1]}")
    asked = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
    if unwanted := [one for one in asked if re.match(r"torch|nvidia|opencv|onnx", one)]:
        raise SystemExit(f"the core asks for {unwanted}")
    for wanted in (
        "tintype/py.typed",
        "tintype/weights/tint.onnx",
        "tintype/server/static/index.html",
        "man1/tintype.1",
    ):
        if not any(name.endswith(wanted) for name in names):
            raise SystemExit(f"{wanted} is not in the wheel")


def processor_time(*command: str | Path, **options: object) -> float:
    """Seconds of processor time, the least of ten runs, which a busy machine does not change."""
    times = []
    for _ in range(10):
        before = os.times()
        run(*command, **options)
        after = os.times()
        times.append(sum(after[2:4]) - sum(before[2:4]))
    return min(times)


def lines_of(page: Path) -> list[str]:
    """The commands of a page's blocks without a language, with their remarks."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.strip() for block in _BLOCK.findall(text) for line in block.splitlines() if line.strip()]


def furnish(place: Path, sdist: Path, tintype: Path, environment: dict[str, str]) -> None:
    """The files that README's lines name, made of the pictures in the sdist."""
    with tarfile.open(sdist) as archive:
        members = [one for one in archive.getmembers() if "/examples/" in one.name and one.name.endswith(".jpg")]
        archive.extractall(place / "sdist", members, filter="data")
    pictures = sorted((place / "sdist").rglob("*.jpg"))
    for folder in ("scans", "portraits", "more"):
        (place / folder).mkdir()
        for picture in pictures[:3]:
            shutil.copy(picture, place / folder)
    for folder in ("photos", "holidays"):  # pictures in colour
        run(tintype, "colorize", *pictures[:3], "-o", place / folder, env=environment)
    for name in ("grandmother.jpg", "grey.jpg", "photo.jpg"):
        shutil.copy(pictures[0], place / name)
    for picture in (place / "more").iterdir():
        run(tintype, "colorize", picture, "-o", picture.with_suffix(".tif"), "--strength", "0", env=environment)
        picture.unlink()
    run(tintype, "colorize", place / "grey.jpg", "-o", place / "drawing.png", "--strength", "0", env=environment)


def film(place: Path, tintype: Path, environment: dict[str, str]) -> None:
    """The films that README's lines name, of numbered pictures."""
    (place / "frames").mkdir()
    for number in range(8):
        shutil.copy(place / "grey.jpg", place / "frames" / f"{number:02d}.jpg")
    run(tintype, "colorize", place / "frames/%02d.jpg", "--rate", "4", "-o", place / "reel.mp4", env=environment)
    shutil.copy(place / "reel.mp4", place / "clip.mp4")


def try_line(line: str, place: Path, environment: dict[str, str], installed: set[str]) -> str:
    """Run one line of a page; what became of it."""
    command = line.partition(" #")[0].strip()
    wants = re.findall(r"extras? ([\w, ]+?)\)", line)
    lacking = {name for one in wants for name in re.split(r", | and ", one)} - installed
    if command.startswith(_NOT_HERE) or any(one in command for one in _NOT_HERE[-2:]) or command.startswith("pip "):
        return "not here"
    started = time.perf_counter()
    if command.startswith(_ENDLESS) and not lacking:
        return serves(shlex.split(command), place, environment)
    done = subprocess.run(command, shell=True, cwd=place, env=environment, text=True, capture_output=True, check=False)
    took = time.perf_counter() - started
    if lacking and installed and not done.returncode:  # OpenCV, which draws sketches, comes with films as well
        return f"{took:.1f} s, with what other extras brought"
    if lacking:
        said = done.stderr.strip().splitlines()
        if done.returncode != 1 or len(said) != 1 or "pip install 'tintype[" not in said[0]:
            raise SystemExit(f"{command}\nshould ask for the extra {lacking}, and said\n{done.stderr}")
        return f"asks for its extra: {said[0].rpartition('pip install ')[2]}"
    if done.returncode:
        raise SystemExit(f"{command}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return f"{took:.1f} s"


def serves(command: list[str], place: Path, environment: dict[str, str]) -> str:
    """Start a server, ask it for its page until it answers, and stop it as Ctrl-C does."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=place, env=environment | {"TINTYPE_PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    page, took = b"", 0.0
    while process.poll() is None and not page and (took := time.perf_counter() - started) < 120:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            page = answer.read()
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    if b"tintype" not in page or process.returncode not in (0, 130):
        raise SystemExit(f"{shlex.join(command)}\nended with {process.returncode}, its page was {page!r}\n{said}")
    return f"the page answered after {took:.1f} s"


def interpreter(wanted: str) -> str | None:
    """The interpreter of a version on this machine, as uv or pyenv has it; None without one. Nothing is fetched."""
    found = subprocess.run(
        [sys.executable, "-m", "uv", "python", "find", "--no-python-downloads", wanted],
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    if found.returncode == 0:
        return found.stdout.strip()
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    there = sorted(versions.glob(f"{wanted}*/bin/python"))  # those that no shim of pyenv is set to
    return str(there[-1]) if there else None


def from_the_wheel(wheel: Path, sdist: Path, python: str, extra: str, resolution: str = "highest") -> None:
    """Install the wheel for one Python, far from the repository, and run README's lines.

    A resolution of "lowest-direct" takes the lowest versions that pyproject.toml allows, and lists them. uv knows as
    direct what a source tree asks for, not what a wheel does: so it installs from the sources.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        venv, home = place / "venv", place / "home"
        home.mkdir()
        environment = {"HOME": str(home), "PATH": f"{venv / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
        uv = (sys.executable, "-m", "uv")
        started = time.perf_counter()
        run(*uv, "venv", "--quiet", "--python", python, venv)
        source = ROOT if resolution == "lowest-direct" else wheel.resolve()
        target = f"tintype{extra} @ {source.as_uri()}"
        run(*uv, "pip", "install", "--quiet", "--resolution", resolution, "--python", venv / "bin/python", target)
        took = time.perf_counter() - started
        size = int(run("du", "-sm", venv).stdout.split()[0])
        tintype = venv / "bin" / "tintype"
        version = run(venv / "bin/python", "--version").stdout.strip()
        print(f"{version}{extra}: installed in {took:.0f} s, {size} MB", flush=True)
        if resolution == "lowest-direct":
            found = run(*uv, "pip", "freeze", "--python", venv / "bin/python").stdout
            print(found.replace("\n", "  "), flush=True)
            (bound,) = re.findall(r'"numpy>=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
            if f"numpy=={bound}" not in found:
                raise SystemExit(f"these are not the lowest versions: numpy {bound} is allowed")
        furnish(place, sdist, tintype, environment)
        started = time.perf_counter()
        run(tintype, "colorize", "photo.jpg", cwd=place, env=environment)
        print(f"  tintype colorize photo.jpg, the first in a new environment: {time.perf_counter() - started:.1f} s")
        print(f"  tintype --help: {processor_time(tintype, '--help', env=environment):.2f} s, least of ten", flush=True)
        installed = {"heif", "pdf", "raw", "server", "urls", "video", "film", "web", "all"} if extra else set()
        if installed:
            film(place, tintype, environment)
        for line in lines_of(ROOT / "README.md"):
            print(f"  {line.partition(' #')[0].strip()}: {try_line(line, place, environment, installed)}", flush=True)
        said = subprocess.run(
            [tintype, "doctor"], cwd=place, env=environment, text=True, capture_output=True, check=False
        )
        if said.returncode:
            raise SystemExit(f"tintype doctor\n{said.stdout}{said.stderr}")
        if (left := [path for path in home.rglob("*") if path.is_file()]) and not installed:
            raise SystemExit(f"files were left in the home folder: {left}")


def lowest() -> None:
    """Install the lowest versions that pyproject.toml allows with the extra `all`, and run README's lines."""
    with tempfile.TemporaryDirectory() as name:
        wheel, sdist = build(Path(name))
        from_the_wheel(wheel, sdist, interpreter("3.11") or "3.11", "[all]", "lowest-direct")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--python", action="append", help="a version or interpreter; default: 3.11 and 3.13")
    parser.add_argument("--all", action="store_true", help="with the extra `all` as well")
    parser.add_argument("--only-all", action="store_true", help="with the extra `all`, and not without it")
    parser.add_argument("--built", action="store_true", help="try what lies in --output, without building it again")
    parser.add_argument("--lowest", action="store_true", help="only try the lowest versions that are allowed")
    given = parser.parse_args()
    if given.lowest:
        lowest()
        return
    if given.built:
        (wheel,), (sdist,) = given.output.glob("*.whl"), given.output.glob("*.tar.gz")
    else:
        wheel, sdist = build(given.output)
    for path in (wheel, sdist):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB", flush=True)
    check(wheel, sdist)
    pythons = {wanted: interpreter(wanted) for wanted in given.python or ("3.11", "3.13")}
    extras = [""] * (not given.only_all) + ["[all]"] * (given.all or given.only_all)
    for wanted, python in pythons.items():
        if python is None:
            print(f"Python {wanted} is not here: not tried", flush=True)
            continue
        for extra in extras:
            from_the_wheel(wheel, sdist, python, extra)
    if not any(pythons.values()):
        raise SystemExit("none of these Pythons is here; name one: --python 3.12")
    if os.environ.get("CI"):
        print("everything that is released was tried")


if __name__ == "__main__":
    main()
