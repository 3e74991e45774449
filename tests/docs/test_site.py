"""The documentation site: built strictly, offline, with every page in its navigation and every link alive."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("mkdocs", reason="the extra docs is not installed")
pytest.importorskip("material", reason="the extra docs is not installed")

ROOT = Path(__file__).parents[2]


class Links(HTMLParser):
    """What a page loads, where it leads, and the places in it that can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: set[str] = set()
        self.leads: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if place := values.get("id") or values.get("name"):
            self.places.add(place)
        if tag in ("script", "img") and values.get("src"):
            self.loaded.add(str(values["src"]))
        if tag == "link" and values.get("rel") in ("stylesheet", "icon"):
            self.loaded.add(str(values["href"]))
        if tag == "a" and values.get("href"):
            self.leads.add(str(values["href"]))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(made)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return made


@pytest.mark.slow
def test_it_is_whole_and_needs_no_network(site: Path) -> None:
    """Strict is mkdocs' own word for its own links; these are all of them, as a browser finds them."""
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 30
    for path, page in pages.items():
        for address in page.loaded:
            assert not urlsplit(address).scheme, f"{path.name} loads {address}"
        if path.name == "404.html":  # its links are for a server's root
            continue
        for address in page.loaded | page.leads:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert target.exists(), f"{path.relative_to(site)} leads to {address}"
            if parts.fragment and target.suffix == ".html":
                assert unquote(parts.fragment) in pages[target].places | {"__codelineno-0-1"}, f"{path.name}: {address}"


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / "web/node_modules/playwright-core").exists(), reason="npm ci was not run in web/")
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_a_browser_shows_it_from_a_disk_on_a_desk_and_on_a_phone(site: Path) -> None:
    """Every page: nothing is wider than the window, nothing is asked of a network, and the search finds."""
    command = ["node", "scripts/site.mjs", str(site)]
    ran = subprocess.run(command, cwd=ROOT / "web", capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.slow
def test_the_reference_is_the_code(site: Path) -> None:
    from tintype import __all__ as names
    from tintype.cli import VERBS

    commands = (site / "reference/commands.html").read_text(encoding="utf-8")
    assert all(f'id="tintype-{verb}"' in commands for verb in VERBS)
    python = (site / "reference/python.html").read_text(encoding="utf-8")
    assert all(f'id="tintype.{name}"' in python for name in names if name != "__version__")
    recipes = (site / "reference/recipes.html").read_text(encoding="utf-8")
    for path in (ROOT / "src/tintype/training/recipes").glob("*.toml"):
        assert f'id="{path.stem}"' in recipes


def test_the_reference_names_all_that_is_public() -> None:
    from tintype import __all__ as names

    page = (ROOT / "docs/reference/python.md").read_text(encoding="utf-8")
    assert {*re.findall(r"^::: tintype\.(\w+)$", page, re.MULTILINE), "__version__"} == set(names)


def test_every_page_has_its_place() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2]
    named = set(re.findall(r"([\w/-]+\.md)$", navigation, re.MULTILINE))
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert there <= named
