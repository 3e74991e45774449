"""Photos are made ready for hints in quiet moments alone, and what was decoded once is not decoded again."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from server.serving import until
from tintype.server.app import create_app
from tintype.server.gate import ConcurrencyLimiter
from tintype.server.preparing import BREATH, Preparation
from tintype.server.services import Services
from tintype.server.settings import Settings
from tintype.server.tables import Picture


def test_nothing_is_prepared_while_anybody_is_in_work_and_work_that_comes_goes_before_the_next_step() -> None:
    gate = ConcurrencyLimiter(2, 2, 60)
    preparation = Preparation(gate, threading.Event())
    done: list[int] = []
    go_on = threading.Event()

    def steps() -> Iterator[None]:
        done.append(1)
        assert go_on.wait(60)
        yield
        done.append(2)

    with gate.pass_through():
        preparation.ask("photo", 0, steps)
        time.sleep(BREATH + 0.5)
        assert done == []
    until(lambda: done == [1], 60)
    with gate.pass_through():  # somebody comes in the middle of a step
        go_on.set()
        until(lambda: gate.inside == 1, 60)
        time.sleep(0.5)
        assert done == [1]
    until(lambda: done == [1, 2], 60)
    until(lambda: gate.wait_idle(0), 60)


def test_a_server_that_stops_prepares_nothing_more() -> None:
    stopping, done = threading.Event(), []
    stopping.set()

    def steps() -> Iterator[None]:
        done.append(1)
        yield

    Preparation(ConcurrencyLimiter(2, 2, 60), stopping).ask("photo", 0, steps)
    time.sleep(BREATH + 0.3)
    assert not done


def test_what_was_decoded_at_the_door_gives_the_same_answers_as_the_file(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:1100, 0:1500]
    bands = [rows % 251, columns % 241, (rows + columns) % 239]
    path = tmp_path / "colours.png"
    Image.fromarray(np.stack(bands, -1).astype(np.uint8)).save(path)
    services = Services.start(Settings(folder=tmp_path / "site", workers=0))
    answers = []
    with TestClient(create_app(services.settings, services), base_url="http://localhost") as client:
        for is_kept in (True, False):
            with path.open("rb") as file:
                (picture,) = client.post("/api/pictures", files={"files": file}).json()["pictures"]
            with services.database.session() as session:
                key = session.get_one(Picture, picture["id"]).key
            assert services.opened.kept(key) is not None
            if not is_kept:
                services.opened.forget(picture["id"])
                assert services.opened.kept(key) is None
            base = f"/api/pictures/{picture['id']}"
            shown = (
                client.get(f"{base}/preview"),
                client.get(f"{base}/preview?grey=true"),
                client.post(f"{base}/predict", json={}),
            )
            answers.append([one.content for one in shown])
            result = client.post(f"{base}/results", json={}).json()
            assert services.storage.exists(f"results/{result['id']}/320.jpg"), "lists need not decode the whole result"
    assert answers[0] == answers[1]
