"""Code blocks of the documents: every page's is run, or parsed where running it takes hours or another machine.

A block that is run nowhere stands below a remark <!-- not run: why -->. What pages on training, clusters and servers
say is parsed here against the command line, and run by the tests that `ELSEWHERE` names, or not, for the reason given.
"""

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image

import foreign_graphs
from docs.pages import DOCS
from tintype.cli import VERBS, command_of
from tintype.cli.words import ALIASES
from tintype.training import load_recipe

ROOT = DOCS.parent
_FENCE = re.compile(r"(?P<why><!-- not run: [^>]+ -->\s*)?^( *)```(?P<kind>\w*)\n(?P<body>.*?)^\2```$", re.M | re.S)

# Pages whose blocks are run here, in a folder that has what they name.
RUN = (
    "quickstart.md", "hints.md", "sketches.md", "tutorial/first-album.md", "guides/archive.md",
    "evaluations.md", "guides/developer.md", "guides/family.md", "guides/film.md", "guides/operator.md",
    "guides/researcher.md", "reference/configuration.md", "video.md",
)  # fmt: skip
# Pages whose blocks are run, or why not, elsewhere.
ELSEWHERE = {
    "cluster.md": "tests/cluster/test_page.py",
    "data.md": "gathering and training work on large data sets: parsed; scan, split and pack are run here (QUICK)",
    "design.md": "a drawing of the rooms, no commands",
    "deploy.md": "tests/server/test_nginx.py, tests/docs/test_scale_pages.py",
    "distributed.md": "tests/docs/test_distributed_page.py",
    "measures.md": "--full fetches published weights from a registry: parsed; the plain measures are run here (QUICK)",
    "models.md": "published files come from their authors: tests/network/test_store.py; the rest is run here (QUICK)",
    "page-views.md": "Node and a browser take the pictures, for minutes",
    "reference/formats.md": "JSON, read by test_json_blocks",
    "scale.md": "tests/docs/test_scale_pages.py",
    "systems.md": "training takes hours: its recipes are resolved; compare is run here with a small budget (SMALLER)",
    "systems/ddcolor.md": "training takes hours: its recipes are resolved here",
    "systems/driving.md": "training takes hours: its recipes are resolved here",
    "systems/landscape.md": "training takes hours: its recipes are resolved here",
    "systems/nogan.md": "training takes hours: its recipes are resolved here",
    "systems/pix2pix.md": "training takes hours: its recipes are resolved here",
    "systems/restore.md": "training takes hours: its recipes are resolved here",
    "systems/tint.md": "training takes hours: its recipes are resolved here",
    "systems/uvu.md": "training takes hours: its recipes are resolved here",
    "training.md": "training takes hours: all of it is run here with a small budget (SMALLER)",
    "tuning.md": "training takes hours: parsed",
    "web.md": "Node builds the page: .ci/run",
}
# Of pages whose other commands take hours or published weights: those that are run here, by how they begin.
QUICK = {
    "data.md": ("tintype data scan", "tintype data split", "tintype data pack"),
    "measures.md": ("tintype evaluate --model tint ", "tintype evaluate --model tint-small"),
    "models.md": ("tintype models import", "tintype models path", "tintype models rm"),
}
# Pages of training whose commands are run from end to end, with what makes them small enough for a test: the line as it
# stands, and these words after it; of a key that is named twice the last value counts.
SMALLER = {
    "training.md": {"tintype train": "--set stages.*.images=8 --set stages.*.size=64 --set stages.*.batch=4"}
    | dict.fromkeys(("tintype export", "tintype colorize", "tintype evaluate", "tintype report"), ""),
    "systems.md": {"tintype compare": "--images 8 --seeds 1"},
}
# Lines that ask for what a test must not do, by how they begin.
_NOT_HERE = {
    "pipx ": "a registry", "python3 -m venv": "a registry", ".venv/bin/pip": "a registry", "pip ": "a registry",
    "curl ": "the network", "tintype serve": "goes on until it is stopped; tests/server", "python benchmarks": "long",
}  # fmt: skip


def pages() -> list[str]:
    return sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """(language, text) of the blocks that are to be run."""
    for match in _FENCE.finditer((DOCS / page).read_text(encoding="utf-8")):
        if not match["why"]:
            yield match["kind"], re.sub(rf"^{match[2]}", "", match["body"], flags=re.M)


def lines(page: str) -> list[str]:
    """The commands of a page's blocks without a language."""
    joined = [body.replace("\\\n", " ") for kind, body in blocks(page) if kind in ("", "sh", "bash", "console")]
    texts = [line.partition(" #")[0].strip() for body in joined for line in body.splitlines()]
    return [line for line in texts if line and not line.startswith("#")]


def test_every_page_with_blocks_is_run_or_says_why_not() -> None:
    with_blocks = {page for page in pages() if any(True for _ in blocks(page))}
    assert with_blocks - {"api.md", "settings.md"} <= {*RUN, *ELSEWHERE}
    assert not set(RUN) & set(ELSEWHERE)
    for why in ELSEWHERE.values():
        for test in re.findall(r"tests/[\w/]+\.py", why):
            assert (ROOT / test).is_file(), test


COMMANDS = [
    (page, line)
    for page in ["../README.md", *pages()]
    for line in lines(page)
    if re.match(r"([A-Z_]+=\S+ )*tintype ", line) and "$" not in line and "..." not in line
]


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=[f"{page}:{line[:60]}" for page, line in COMMANDS])
def test_every_command_anywhere_is_one_that_the_command_line_takes(page: str, line: str) -> None:
    simple = re.split(r" (?:[<>|&;]|2>|&&) ?", re.sub(r"^([A-Z_]+=\S+ )+", "", line))[0].rstrip("&; ")
    _, verb, *words = shlex.split(simple)
    if verb.startswith("-"):
        return
    verb = ALIASES.get(verb, verb)
    assert verb in VERBS
    command = command_of(verb)
    if hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    if not {"-h", "--help"} & set(words):
        command.make_parser(typer.Context(command)).parse_args(list(words))


def test_json_blocks() -> None:
    for page in pages():
        for kind, body in blocks(page):
            if kind == "json" and "..." not in body:
                assert json.loads(body)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, examples: list[Path]) -> Path:
    """The folder of somebody who follows the pages."""
    folder = tmp_path_factory.mktemp("reader")
    grey = [Image.open(path).convert("L") for path in examples]
    small = [image.resize((max(64, image.width // 2), max(64, image.height // 2))) for image in grey]
    for name in ("grandmother.jpg", "grey.jpg", "wedding.jpg", "faded.jpg", "street-1932.jpg", "poster.jpg", "a.jpg"):
        grey[0].resize((512, 560)).save(folder / name)
    small[1].save(folder / "harbour.tif")
    small[2].convert("RGB").point(lambda value: value).save(folder / "sepia.jpg")
    colour = Image.merge("RGB", [image.resize((300, 300)) for image in small[:3]])
    for name in ("living-room.jpg", "street-in-colour.jpg", "party.jpg", "harbour.jpg", "street.jpg"):
        colour.save(folder / name)
    for name in ("album", "scans", "more", "incoming", "drawings", "portraits"):
        (folder / name).mkdir()
        for number, image in enumerate(small[:3]):
            image.save(folder / name / f"{number}.jpg")
    (folder / "photos").mkdir()  # what is learned from, and measured on, has colour
    for number in range(len(small)):
        bands = [small[(number + band) % len(small)].resize((300, 300)) for band in range(3)]
        Image.merge("RGB", bands).save(folder / "photos" / f"{number}.jpg")
    for name in ("other-photos", "holidays"):
        shutil.copytree(folder / "photos", folder / name)
    foreign_graphs.deoldify(folder / "ColorizeArtistic.onnx", white=255.0)
    small[0].save(folder / "more" / "a.tif")
    small[1].save(folder / "scans" / "scan-001.tif")
    Image.fromarray(np.where(np.asarray(small[0]) > 90, 255, 0).astype(np.uint8)).save(folder / "drawing.png")
    for name in ("drawing.jpg", "head.png", "portrait.jpg"):
        Image.open(folder / "drawing.png").save(folder / name)
    (folder / "list.txt").write_text("scans/0.jpg\nscans/1.jpg\n")
    (folder / "wedding.json").write_text('[{"x": 412, "y": 530, "color": "#7a1f2b"}]')
    (folder / "hints.json").write_text('[{"x": 412, "y": 530, "color": "#7a1f2b"}]')
    for name, number, form in (("frames", 8, "{:02d}.jpg"), ("scans", 4, "{:05d}.png"), ("long", 52, "{:02d}.jpg")):
        (folder / name).mkdir(exist_ok=True)
        for frame in range(number):
            moved = small[3].transform(small[3].size, Image.Transform.AFFINE, (1, 0, frame, 0, 1, 0))
            moved.resize((160, 120)).save(folder / name / form.format(frame + 1))
    programs = folder / "bin"
    programs.mkdir()
    for name, does in (("tintype", "-m tintype"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {does} "$@"\n')
        (programs / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def environment(place: Path) -> dict[str, str]:
    return os.environ | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "HOME": str(place / "home"),
        "XDG_CONFIG_HOME": str(place / "home"), "XDG_DATA_HOME": str(place / "home"), "COLUMNS": "100",
    }  # fmt: skip


@pytest.fixture(scope="module")
def mine(place: Path, environment: dict[str, str]) -> None:
    """A model of the reader's own, by the name that pages give it."""
    shutil.copy(ROOT / "src/tintype/weights/tint-small.onnx", place / "own.onnx")
    command = ["tintype", "models", "import", "own.onnx", "--name", "mine"]
    subprocess.run(command, cwd=place, env=environment, check=True, timeout=300, capture_output=True)


@pytest.fixture(scope="module")
def films(place: Path, environment: dict[str, str]) -> None:
    """Films of the names that pages use: grey ones, and two that tintype has coloured."""
    pytest.importorskip("av", reason="the extra video is not installed")
    from little_films import Recipe, make

    frames = (Image.open(path).convert("L").resize((480, 360)) for path in sorted((place / "long").glob("*.jpg")))
    grey = [np.asarray(frame) / 255 for frame in frames]
    make(place / "reel.mp4", grey, Recipe(rate=4, audio=None))
    for name in ("clip.mp4", "reel.mov"):
        shutil.copy(place / "reel.mp4", place / name)
    for name in ("coloured.mp4", "coloured.mkv"):
        command = ["tintype", "colorize", "reel.mp4", "-o", name, "--model", "tint-small"]
        subprocess.run(command, cwd=place, env=environment, check=True, timeout=300, capture_output=True)
    (place / "scan").mkdir()
    dpx = ["tintype", "colorize", "frames/%02d.jpg", "--rate", "4", "-o", "scan/%07d.dpx"]
    subprocess.run(dpx, cwd=place, env=environment, check=True, timeout=300, capture_output=True)


def until_it_has_worked(line: str, place: Path, environment: dict[str, str]) -> int:
    """Run what goes on until it is stopped, and stop it by Ctrl-C when its folder has results; its status."""
    words = shlex.split(line)
    target = place / words[words.index("--output") + 1]
    process = subprocess.Popen(words, cwd=place, env=environment, stderr=subprocess.PIPE, text=True)
    ends = time.monotonic() + 120
    while time.monotonic() < ends and process.poll() is None and not list(target.glob("*.jpg")):
        time.sleep(0.5)
    assert list(target.glob("*.jpg")), f"{line}: nothing came"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return process.returncode


def with_a_person(line: str, place: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a line at a terminal where somebody says yes to all questions."""
    ours, theirs = pty.openpty()
    os.write(ours, b"y\n" * 20)
    try:
        return subprocess.run(
            ["bash", "-c", line], cwd=place, env=environment, stdin=theirs, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page(page: str, place: Path, environment: dict[str, str], films: None, mine: None) -> None:
    """In their order, as somebody types them; results of other pages make way."""
    for line in lines(page):
        if line.startswith(tuple(_NOT_HERE)) or re.match(r"[A-Z_]+=", line):
            continue
        for name in re.findall(r"(?:-o|--output)\s+(\S+)", line):
            target = place / name
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        for old in [*place.glob("*-color.*"), *place.glob("home/tintype/config.toml")]:
            if not line.startswith("tintype info"):
                old.unlink()
        if "--watch" in line:
            assert until_it_has_worked(line, place, environment) == 0
            continue
        ran = with_a_person(line, place, environment)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"


TRAININGS = [(page, line) for page, line in COMMANDS if "tintype train " in line and "&&" not in line]


@pytest.mark.parametrize(("page", "line"), TRAININGS, ids=[f"{page}:{line[:70]}" for page, line in TRAININGS])
def test_every_recipe_that_is_trained_anywhere_resolves(page: str, line: str) -> None:
    """Keys, values and what goes with what: as `tintype train --dry-run` sees them, without the data."""
    words = shlex.split(line)
    changes = [value for name, value in pairwise(words) if name == "--set"]
    recipe = words[words.index("--recipe") + 1] if "--recipe" in words else "tint"
    if not recipe.endswith(".toml"):
        assert load_recipe(recipe, changes).stages


@pytest.mark.slow
@pytest.mark.parametrize("page", QUICK)
def test_the_quick_commands_of_a_page(page: str, place: Path, environment: dict[str, str]) -> None:
    """In their order, those of them that end within seconds."""
    chosen = [line for line in lines(page) if line.startswith(QUICK[page])]
    assert len(chosen) == len(QUICK[page])
    for line in chosen:
        for name in re.findall(r"--json (\S+)", line):
            (place / name).unlink(missing_ok=True)
        ran = with_a_person(line, place, environment)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", SMALLER)
def test_the_trainings_of_a_page_with_a_small_budget(page: str, place: Path, environment: dict[str, str]) -> None:
    """In their order, with all that comes after them: what is trained is exported, used, measured and reported."""
    budgets = SMALLER[page]
    for path in sorted((place / "photos").glob("?.jpg")):  # enough to be divided into three parts
        for left, upper in ((0, 0), (150, 0), (0, 150), (150, 150)):
            part = Image.open(path).crop((left, upper, left + 150, upper + 150)).resize((200, 200))
            part.save(path.with_name(f"{path.stem}-{left}-{upper}.jpg"))
    ran: set[str] = set()
    for line in lines(page):
        begun = next((beginning for beginning in budgets if line.startswith(beginning)), None)
        if begun is None:
            assert line.startswith(("pip ", "python benchmarks")) or page == "systems.md", line
            continue
        if "--run " not in line:
            shutil.rmtree(place / "runs" / "tint", ignore_errors=True)  # of another recipe
        if "runs/small-*" in line:
            for name in ("small-0", "large-0"):
                shutil.copytree(place / "runs" / "mine", place / "runs" / name)
        for old in place.glob("*-color.*"):
            old.unlink()
        ran.add(begun)
        done = with_a_person(f"{line} {budgets[begun]}", place, environment)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert ran == set(budgets)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in RUN if any(kind == "python" for kind, _ in blocks(page))])
def test_the_python_of_a_page(page: str, place: Path, environment: dict[str, str], films: None) -> None:
    for old in [*place.glob("*-color.*"), *place.glob("coloured.mkv")]:  # what the pages' Python writes
        old.unlink()
    (place / "api-out").mkdir(exist_ok=True)
    for kind, body in blocks(page):
        if kind == "python":
            ran = subprocess.run(
                [sys.executable, "-c", body], cwd=place, env=environment, capture_output=True, text=True, check=False
            )
            assert ran.returncode == 0, f"{body}\n{ran.stderr}"
