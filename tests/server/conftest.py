"""Servers that several modules of tests visit: the same tests run on SQLite alone, and on PostgreSQL with Redis."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")

import anyio

import tiny_model
from server.cluster import cluster
from server.serving import Site, Visitor, postgres, redis, serving

# anyio imports this late, in a server's thread, where Python 3.11 may fail to compile what pytest rewrites (gh-106905).
assert anyio.open_file


@pytest.fixture(scope="package", autouse=True)
def small_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Two small models are on offer too: "tiny", with which a server starts quicker; "hinted" has all parts."""
    folder = tmp_path_factory.mktemp("small")
    tiny_model.build(folder / "tiny.onnx")
    knots = tuple((n / 10, 3.0 * n) for n in range(11))
    tiny_model.build(folder / "hinted.onnx", name="hinted", hints="trained", calibration=knots)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINTYPE_MODELS", str(folder))
        yield


@pytest.fixture(scope="package", params=["embedded", "services", pytest.param("cluster", marks=pytest.mark.slow)])
def site(
    request: pytest.FixtureRequest, small_models: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A server with the real model: all in one folder, or with its database in PostgreSQL and its queue in Redis, or
    two web servers and two workers that also share an object store, behind a balancer that alternates."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "cluster":
        with cluster(folder) as several:
            yield several.site
        return
    if request.param == "embedded":
        with serving(folder) as running:
            yield running
        return
    with (
        postgres(folder) as database,
        redis(folder) as queue,
        serving(folder, database_url=database, queue_url=queue) as running,
    ):
        yield running


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    with site.visitor() as somebody:
        yield somebody


@pytest.fixture
def stranger(site: Site) -> Iterator[Visitor]:
    with site.visitor() as somebody:
        yield somebody


@pytest.fixture(scope="session")
def photo() -> Path:
    return Path(__file__).parents[2] / "examples" / "migrant-mother-1936.jpg"


@pytest.fixture(scope="session")
def second_photo() -> Path:
    return Path(__file__).parents[2] / "examples" / "coffee.jpg"
