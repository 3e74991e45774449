"""Dockerfile, compose.yaml and the documents fit the settings and each other."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tintype.server.api_docs import as_markdown
from tintype.server.app import create_app
from tintype.server.settings import PREFIX, Settings
from tintype.server.settings import as_markdown as settings_markdown

ROOT = Path(__file__).parents[2]
KNOWN = {*(PREFIX + name.upper() for name in Settings.model_fields), "TINTYPE_MODELS"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text()))


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], " ".join(line.split(None, 1)[1].split())) for line in lines]


def everything() -> str:
    """The Dockerfile, the manifests and the document that says how to use them."""
    paths = [ROOT / "Dockerfile", ROOT / "docs/deploy.md", *sorted((ROOT / "deploy").rglob("*.yaml"))]
    return "\n".join(path.read_text() for path in paths)


def test_every_variable_anywhere_is_a_setting() -> None:
    manifests = [str(path.relative_to(ROOT)) for path in (ROOT / "deploy").rglob("*.yaml")]
    assert manifests
    for name in ("Dockerfile", "compose.yaml", "docs/deploy.md", "docs/evaluations.md", "docs/scale.md", *manifests):
        used = set(re.findall(r"TINTYPE_[A-Z_]+", (ROOT / name).read_text()))
        assert used <= KNOWN, name


def test_the_settings_in_compose_are_valid(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("app", "worker"):
        for name, value in compose["services"][service]["environment"].items():
            monkeypatch.setenv(name, re.sub(r"\$\{\w+(:-([^}]*)|:\?[^}]*)\}", r"\2", value))
        settings = Settings()
        assert settings.database.startswith("postgresql+psycopg://tintype:")
        assert settings.queue.startswith("postgresql://")
        assert settings.workers == 0


def test_services_depend_on_what_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert {"app", "worker", "database"} <= services.keys()
    for one in services.values():
        for other, how in one.get("depends_on", {}).items():
            assert "healthcheck" in services[other]
            assert how == {"condition": "service_healthy"}
        for volume in one.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]
    host = Settings(database_url=services["app"]["environment"]["TINTYPE_DATABASE_URL"]).database
    assert host.rpartition("@")[2].partition("/")[0] in services
    assert services["database"]["environment"]["POSTGRES_USER"] == "tintype"
    assert all(port.startswith("127.0.0.1:") for one in services.values() for port in one.get("ports", []))


@pytest.mark.seed("S1-33")
def test_the_container_is_small_and_has_no_rights(compose: dict[str, Any]) -> None:
    steps = instructions()
    kinds = [kind for kind, _ in steps]
    last = kinds[len(kinds) - kinds[::-1].index("FROM") - 1 :]
    assert "USER" in last
    assert "HEALTHCHECK" in last
    environment = dict(part.split("=", 1) for kind, text in steps if kind == "ENV" for part in text.split())
    port = environment["TINTYPE_PORT"]
    assert f":{port}/ready" in dict(steps)["HEALTHCHECK"]
    assert dict(steps)["EXPOSE"] == port
    assert compose["services"]["app"]["ports"][0].endswith(f":{port}")
    assert environment["TINTYPE_FOLDER"] == dict(steps)["VOLUME"]
    assert json.loads(dict(steps)["ENTRYPOINT"]) == ["tini", "--", "container-entry"]
    assert json.loads(dict(steps)["CMD"]) == ["tintype", "serve"]
    assert "torch" not in dict(steps)["RUN"]
    command = next(text for kind, text in steps if "pip install" in text)
    assert ".[${EXTRAS}]" in command
    assert dict(steps)["ARG"].startswith("EXTRAS=")
    built = [dict(steps)["ARG"], *re.findall(r"--build-arg (EXTRAS=\S+)", everything())]
    project = (ROOT / "pyproject.toml").read_text()
    for extra in {extra for one in built for extra in one.removeprefix("EXTRAS=").split(",")}:
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), extra


def test_what_the_image_copies_is_not_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for kind, text in instructions():
        if kind == "COPY" and "--from" not in text:
            for source in text.split()[:-1]:
                name = source.removeprefix("./").rstrip("/*")
                assert name.partition("/")[0] in allowed
                assert (ROOT / name).exists()


def test_the_documents_are_as_the_code() -> None:
    wanted = {"docs/api.md": as_markdown(create_app(Settings()).openapi()), "docs/settings.md": settings_markdown()}
    for name, text in wanted.items():
        module = "reference" if name == "docs/api.md" else "settings"
        assert (ROOT / name).read_text() == text, f"{name} is old: python -m tintype.server.{module} > {name}"


def test_the_page_was_made_for_this_api() -> None:
    kept = json.loads((ROOT / "web/openapi.json").read_text())
    assert kept == create_app(Settings()).openapi(), "web/openapi.json is old: see docs/web.md"


def test_the_built_page_names_only_files_that_are_there() -> None:
    static = ROOT / "src/tintype/server/static"
    named = re.findall(r'(?:src|href)="/([^"]+)"', (static / "index.html").read_text())
    assert len(named) >= 3
    assert all((static / name).is_file() for name in named)


def test_nginx_settings_in_the_document_name_real_addresses() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    paths = create_app(Settings()).openapi()["paths"]
    assert "/api/jobs/{job_id}/events" in paths
    assert "/metrics" in paths
    for location in re.findall(r"location ~ (\S+)", text):
        assert re.search(location, "/api/jobs/" + "A" * 22 + "/events")
