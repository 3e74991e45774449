"""The examination: it finds what is there, says what is missing and how to get it, and tells nothing private."""

import getpass
import json
import os
import platform
import re
import tomllib
from pathlib import Path

import pytest

from conftest import RunCli
from tintype import doctor
from tintype.cli.config_file import user_file
from tintype.doctor import codecs, extras, folders, selftest
from tintype.network.model_file import EMBEDDED

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=;, ]", one)[0] for one in requirements}


def test_the_extras_are_those_of_the_project() -> None:
    offered = PROJECT["optional-dependencies"]
    for extra, modules in extras.EXTRAS.items():
        wanted = set(offered[extra])
        nested = {other for one in wanted for other in re.findall(r"tintype\[(.+)\]", one)}
        wanted |= {one for other in nested for one in offered[other]}
        assert set(modules.values()) <= names(list(wanted)), extra
    words = {"all", "film", "web"}  # for several of them
    assert set(offered) - set(extras.EXTRAS) - words == {"bundle", "dev", "docs", "release"}
    assert set(extras.CORE) == names(PROJECT["dependencies"])


def test_the_codecs_go_there_and_back() -> None:
    states = {finding.name: finding.state for finding in codecs.pictures()}
    assert states.pop("HEIF, read") in {"ok", "absent"}
    assert states.pop("JXL, read") in {"ok", "absent"}
    assert set(states.values()) == {"ok"}


def test_a_codec_that_spoils_the_picture_is_found() -> None:
    assert {finding.state for finding in codecs.pictures(lambda name: 200.0) if "written" in finding.name} == {"wrong"}

    def breaks(name: str) -> float:
        raise OSError("encoder error -2\nwhen writing")

    assert {finding.value for finding in codecs.pictures(breaks) if "written" in finding.name} == {
        "OSError: encoder error -2 when writing"
    }


def test_every_embedded_model_has_its_known_answer() -> None:
    kept = json.loads(selftest.ANSWERS.read_text())
    for path in sorted(EMBEDDED.glob("*.onnx")):
        digest, found = selftest.answer(str(path))
        assert digest in kept, f"{path.name} has changed: python -m tintype.doctor.selftest writes its answer"
        assert found == pytest.approx(kept[digest], abs=selftest.NEAR)


def test_the_self_test_fails_when_the_model_answers_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {digest: [a + 1, b, c] for digest, (a, b, c) in json.loads(selftest.ANSWERS.read_text()).items()}
    other = tmp_path / "answers.json"
    other.write_text(json.dumps(kept))
    monkeypatch.setattr(selftest, "ANSWERS", other)
    states = {finding.name: finding.state for finding in selftest.selftest()}
    assert states == {"known answer": "wrong", "light": "ok", "took": "ok"}


def test_a_part_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise RuntimeError("no such property")

    for part in ("films", "pictures"):
        monkeypatch.setattr(codecs, part, breaks)
    monkeypatch.setattr(selftest, "selftest", breaks)
    wrong = [finding for finding in doctor.examine(user_file()) if finding.state == "wrong"]
    assert {finding.value for finding in wrong} >= {"RuntimeError: no such property"}


def test_an_extra_is_absent_where_not_even_its_namespace_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As opentelemetry.exporter is, without opentelemetry: to look for it raised."""
    monkeypatch.setattr(extras, "EXTRAS", {"some": {"nobody_has_this.part.of_it": "nobody-has-this", "numpy": "numpy"}})
    (found,) = extras.extras()
    assert (found.state, found.value) == ("absent", "lacks nobody-has-this")


def test_nothing_private_is_told(cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "secret-name"
    (home / "mine").mkdir(parents=True)
    (home / "mine" / "a.onnx").write_bytes(bytes(2000))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setattr(folders, "places", lambda: {"models": home / "mine"})
    said = {finding.name: finding.value for finding in folders.folders(home / "config.toml")}
    assert said["models"] == "~/mine, 2.0 kB"
    text = json.dumps([finding.as_dict() for finding in doctor.examine(user_file()) if finding.part != "self-test"])
    assert "secret-name" not in text
    assert str(tmp_path) not in text
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in text
    assert len(platform.node()) < 4 or platform.node() not in text


def test_the_command(cli: RunCli) -> None:
    result = cli("doctor", "--json")
    findings = json.loads(result.stdout)
    assert result.returncode == any(finding["state"] == "wrong" for finding in findings)
    assert {finding["part"] for finding in findings} == {
        "versions", "machine", "engine", "extras", "pictures", "films", "folders", "self-test"
    }  # fmt: skip
    assert os.environ.get("HOME", "/nowhere") + "/" not in result.stdout.decode()


def test_every_encoder_that_can_be_asked_for_goes_there_and_back() -> None:
    pytest.importorskip("av", reason="the extra video is not installed")
    from tintype.video.codecs import CODECS

    found = {finding.name: finding for finding in codecs.films()}
    assert set(found) == set(CODECS)
    assert {finding.state for finding in found.values()} == {"ok"}, found
