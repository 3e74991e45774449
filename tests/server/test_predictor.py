"""Networks that run elsewhere: how planes travel, how requests become batches, and a real Ray Serve behind the API."""

import contextlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

import tintype
from server.serving import Visitor, free_port, serving, stopping, until
from server.test_jobs import frames
from tintype.errors import TintypeError, WeightsError
from tintype.network.model_file import find_model
from tintype.network.network import Network
from tintype.server.colouring import predict
from tintype.server.predictor.address import PredictorAwayError, http_address
from tintype.server.predictor.client import Predictor
from tintype.server.predictor.replica import Networks, PredictionRequest, batches, read
from tintype.server.predictor.wire import pack, unpack
from tintype.server.schemas.common import ColourOptions
from tintype.server.settings import Settings

AWAY = "ray://127.0.0.1:9/tint"


def planes(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def test_planes_come_back_as_they_went() -> None:
    sent = {"lightness": planes(2, 1, 8, 16), "hints": planes(2, 3, 8, 16)}
    back = unpack(pack(sent))
    assert back.keys() == sent.keys()
    for name, plane in sent.items():
        np.testing.assert_array_equal(back[name], plane)


class Trap:
    def __reduce__(self) -> Any:
        return (print, ("this ran",))


def zipped(**arrays: Any) -> bytes:
    target = io.BytesIO()
    np.savez(target, **arrays)
    return target.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nothing",
        pickle.dumps(Trap()),
        zipped(lightness=np.array([Trap()], object)),
        zipped(lightness=np.zeros((1, 1, 8, 8))),
        zipped(lightness=np.zeros((8, 8), np.float32)),
        pack({"lightness": planes(1, 1, 8, 8)})[:-40],
    ],
    ids=["nothing", "text", "a pickle", "a pickle inside", "doubles", "two axes", "cut"],
)
def test_what_is_no_planes_is_refused(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TintypeError):
        unpack(data)
    assert "this ran" not in capsys.readouterr().out


def test_requests_name_their_planes() -> None:
    with pytest.raises(TintypeError, match="wanted are the planes lightness"):
        read("a", pack({"weights": planes(1, 1, 8, 8)}), "ab")


def test_requests_of_one_shape_make_a_batch_and_not_too_large_a_one() -> None:
    def ask(height: int, width: int, outputs: str = "ab", hints: bool = False) -> PredictionRequest:
        fed = {"lightness": planes(1, 1, height, width)}
        return PredictionRequest("a", fed | ({"hints": planes(1, 3, height, width)} if hints else {}), (outputs,))

    mixed = [ask(8, 8), ask(8, 16), ask(8, 8), ask(8, 8, "distribution"), ask(8, 8, hints=True), ask(8, 8)]
    assert batches(mixed) == [[0, 2, 5], [1], [3], [4]]
    assert batches([ask(2048, 1024)] * 5) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("model", ["tint", "hinted"])
def test_a_batch_answers_as_each_alone(model: str, small_models: None) -> None:
    networks = Networks([model], "cpu", 1)
    sha256 = find_model(model).sha256
    asks = [PredictionRequest(sha256, {"lightness": planes(1, 1, 64, 96, seed=n)}, ("ab",)) for n in range(3)]
    asks.append(PredictionRequest(sha256, {"lightness": planes(1, 1, 64, 64)}, ("ab",)))
    alone = Network(find_model(model), device="cpu", threads=1)
    for ask, answer in zip(asks, networks.run(asks), strict=True):
        assert isinstance(answer, dict)
        np.testing.assert_allclose(answer["ab"], alone.run(ask.planes["lightness"])["ab"], atol=1e-2 * 110)
    assert networks.largest == 3


def test_a_bad_request_costs_its_batch_nothing(small_models: None) -> None:
    networks = Networks(["tiny"], "cpu", 1)
    sha256 = find_model("tiny").sha256
    good = PredictionRequest(sha256, {"lightness": planes(1, 1, 32, 32)}, ("ab",))
    poison = PredictionRequest(sha256, {"lightness": np.full((1, 1, 32, 32), 3e38, np.float32)}, ("ab",))
    first, second, third = networks.run([good, poison, good])
    assert isinstance(first, dict)
    assert isinstance(second, WeightsError)
    assert isinstance(third, dict)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        ("ray://head:8100/tint", "http://head:8100/tint"),
        ("https://colour.example.org/predict/", "https://colour.example.org/predict"),
    ],
)
def test_addresses(address: str, wanted: str) -> None:
    assert http_address(address) == wanted


@pytest.mark.parametrize("address", ["head:8100", "ftp://head/x", "ray://head:8100", "ray://", "elsewhere"])
def test_addresses_that_make_no_sense(address: str) -> None:
    with pytest.raises(TintypeError, match="TINTYPE_PREDICTOR"):
        http_address(address)
    with pytest.raises(ValueError, match="predictor"):
        Settings(predictor=address)


def test_while_the_predictor_is_away_requests_are_told_and_jobs_wait(tmp_path: Path, small_models: None) -> None:
    with pytest.raises(PredictorAwayError):
        Predictor(AWAY, 1).check()
    with serving(tmp_path, model="tiny", predictor=AWAY) as site, site.visitor() as visitor:
        (picture,) = visitor.upload(*frames(1))
        for action in ("predict", "results"):
            refused = visitor.post(f"/api/pictures/{picture['id']}/{action}", json={})
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert refused.headers["content-type"] == "application/problem+json"
            assert "predictor does not answer" in refused.json()["detail"]
        ready = visitor.get("/ready")
        assert (ready.status_code, ready.json()["checks"]["predictor"]) == (503, "PredictorAwayError")
        job = visitor.job(kind="colorize", pictures=[picture["id"]])
        until(lambda: visitor.get(f"/api/jobs/{job['id']}").json()["attempts"])
        shown = visitor.get(f"/api/jobs/{job['id']}").json()
        assert shown["state"] in ("queued", "running")
        assert shown["outcomes"] == []  # the picture is not blamed
        assert visitor.get("/health").status_code == 200


@pytest.fixture(scope="module")
def cluster(small_models: None) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`tintype predictor` on a Ray cluster of its own; yields what it prints."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    command = [sys.executable, "-m", "tintype", "predictor", "--address", "local", "--port", str(free_port())]
    command += ["--model", "tiny", "--model", "hinted", "--model", "tint", "--most", "1", "--wait", "200"]
    patience = ("RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S", "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S")  # on a busy machine
    environment = os.environ | dict.fromkeys(patience, "120") | {"OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=environment, start_new_session=True, **pipes)
    try:
        with stopping(process):
            assert process.stdout is not None
            assert process.stderr is not None
            lines = iter(process.stdout.readline, "")
            found = next((line for line in lines if line.startswith("TINTYPE_PREDICTOR=")), None)
            assert found is not None, process.stderr.read()[-2000:]
            yield found.strip().partition("=")[2], process
    finally:
        with contextlib.suppress(ProcessLookupError):  # what Ray started for it
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def remote(cluster: tuple[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with serving(tmp_path_factory.mktemp("remote"), predictor=cluster[0], model="hinted", slots=8) as site:
        yield site


@pytest.fixture
def visitor(remote: Any) -> Iterator[Visitor]:
    with remote.visitor() as somebody:
        yield somebody


@pytest.mark.slow
def test_the_results_are_those_of_this_machine(visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)
    for model in ("tint", "hinted"):
        theirs = visitor.get(visitor.colorize(picture, model=model)["file_url"]).content
        assert theirs == tintype.Colorizer(model, threads=1).colorize(photo).encode()
    asked = {"model": "hinted", "hints": [{"x": 0.5, "y": 0.5, "color": "#c02030", "radius": 0.1}]}
    opened = tintype.Colorizer("hinted", threads=1).open(photo)
    ours = predict(opened, ColourOptions.model_validate(asked)).encode()
    theirs = visitor.get(visitor.colorize(picture, **asked)["file_url"]).content
    one, other = (tintype.Photo.read(data).rgb().astype(int) for data in (ours, theirs))
    assert np.abs(one - other).max() <= 2  # the encoder's findings stay there: the same sums in another order
    assert visitor.get("/ready").json()["checks"]["predictor"] == "ok"


@pytest.mark.slow
def test_requests_that_come_together_run_together(cluster: tuple[str, Any]) -> None:
    predictor = Predictor(cluster[0], 60)
    network = predictor.network(find_model("tiny"))
    here = Network(find_model("tiny"), threads=1)
    asked = [planes(1, 1, 64, 64, seed=n) for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(network.run, asked))
    for one, answer in zip(asked, answers, strict=True):
        np.testing.assert_allclose(answer["ab"], here.run(one)["ab"], atol=0.5)
    largest = json.loads(httpx2.get(f"{predictor.address}/batches").content)["largest"]
    assert largest >= 2
    predictor.close()


@pytest.mark.slow
def test_a_job_goes_through_it(visitor: Visitor) -> None:
    pictures = [one["id"] for one in visitor.upload(*frames(4))]
    ended = visitor.ended(visitor.job(kind="colorize", pictures=pictures, options={"size": 64}))
    assert (ended["state"], ended["done"]) == ("done", 4)


@pytest.mark.slow
def test_what_it_has_not_and_what_it_refuses(cluster: tuple[str, Any], tmp_path: Path) -> None:
    import tiny_model

    predictor = Predictor(cluster[0], 60)
    with pytest.raises(WeightsError, match="has not the model"):
        predictor.network(find_model(tiny_model.build(tmp_path / "other.onnx", seed=5)))
    offer = predictor.offers()[find_model("tiny").sha256]
    with pytest.raises(TintypeError, match="refuses"):
        predictor.run(offer, {"lightness": planes(1, 1, 7, 9)}, ("ab",))
    with pytest.raises(TintypeError, match="refuses"):
        predictor.run(offer, {"lightness": planes(1, 1, 8, 8)}, ("nonsense",))
    predictor.close()
