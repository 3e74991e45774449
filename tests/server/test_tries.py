"""What a stranger tries: the table in docs/deploy.md names for each try the test that refuses it; here are the rest."""

import ast
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, smooth
from server.serving import serving
from server.test_abuse import PHOTO, make_study
from server.test_films import film
from tintype.errors import InputError

ROOT = Path(__file__).parents[2]
TRIES = {
    "Memory",
    "Crowding",
    "Long films",
    "Forgetting",
    "Ranking",
    "Room",
    "Streams and connections",
    "A start",
    "Films that are none",
}


def tries() -> dict[str, list[tuple[str, str]]]:
    """By try the tests that are named: (file below tests/, function)."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = text.split("### What strangers tried", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| ") and "---" not in line]
    return {row[0].strip(): re.findall(r"`(server/test_\w+)\.(\w+)`", row[2]) for row in rows[1:]}


def test_each_try_names_tests_that_there_are() -> None:
    found = tries()
    assert set(found) == TRIES
    for what, named in found.items():
        assert named, f"{what}: no test is named"
        for place, name in named:
            tree = ast.parse((ROOT / "tests" / f"{place}.py").read_text(encoding="utf-8"))
            assert f"test_{name}" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
                what,
                name,
            )


def test_a_film_of_too_many_frames_or_pixels_is_refused_by_counting(tmp_path: Path) -> None:
    """Small files that would hold a worker for hours: counted as they come, before anything is coloured."""
    reel = film(tmp_path, 60)
    with serving(tmp_path / "a", model="tiny", max_film_frames=40) as site, site.visitor() as visitor:
        answer = visitor.post("/api/films", files={"file": ("long.mp4", reel)})
        assert (answer.status_code, "more than the 40 frames" in answer.json()["detail"]) == (413, True)
        assert not [key for key in site.stored() if "pictures/" in key]
    with serving(tmp_path / "b", model="tiny", max_film_pixels=5000) as site, site.visitor() as visitor:
        answer = visitor.post("/api/films", files={"file": ("wide.mp4", reel)})
        assert (answer.status_code, "96x64" in answer.json()["detail"]) == (413, True)


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    """A small file of zeros, 16 bits deep and larger than may be, is refused by its header."""
    target = io.BytesIO()
    Image.fromarray(np.zeros((4000, 4000), np.uint16)).save(target, "PNG", compress_level=9)
    assert len(target.getvalue()) < 100_000
    with serving(tmp_path, model="tiny", max_pixels=15_000_000) as site, site.visitor() as visitor:
        answer = visitor.post("/api/pictures", files={"files": ("bomb.png", target.getvalue())})
        assert answer.status_code == 413, answer.text
        assert visitor.upload(("a.png", PHOTO))


def test_the_owner_of_a_server_takes_back_what_strangers_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tintype.cli.arena import arena
    from tintype.cli.pictures import pictures

    monkeypatch.setenv("TINTYPE_FOLDER", str(tmp_path))
    monkeypatch.setenv("TINTYPE_MODEL", "tiny")
    with serving(tmp_path, model="tiny") as site, site.visitor() as stranger, site.visitor() as visitor:
        study = make_study(stranger, "BUY CHEAP PILLS", listed=True)
        (picture,) = stranger.upload(("rude.png", file_bytes(Image.fromarray(smooth(60, 80)), "PNG")))
        stranger.patch(f"/api/pictures/{picture['id']}", json={"shared": True})
        assert len(visitor.get("/api/gallery").json()["items"]) == 1
        pictures(shared=True)
        assert picture["id"] in capsys.readouterr().out
        pictures(unshare=picture["id"])
        assert visitor.get("/api/gallery").json()["items"] == []
        assert visitor.get(f"/api/pictures/{picture['id']}").status_code == 404
        assert stranger.get(f"/api/pictures/{picture['id']}").status_code == 200
        pictures(delete=picture["id"])
        assert stranger.get(f"/api/pictures/{picture['id']}").status_code == 404
        arena(show=True)
        assert study["id"] in capsys.readouterr().out
        arena(delete=study["id"])
        assert visitor.get(f"/api/studies/{study['id']}").status_code == 404
        for gone in ({"unshare": picture["id"]}, {"delete": picture["id"]}):
            with pytest.raises(InputError, match="no picture has the number"):
                pictures(**gone)
        with pytest.raises(InputError, match="no study has the number"):
            arena(delete=study["id"])
