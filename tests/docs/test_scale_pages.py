"""docs/scale.md and the part of docs/deploy.md on several machines: their commands run."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from docs.pages import DOCS, blocks, commands

ROOT = DOCS.parent
PAGE = (DOCS / "scale.md").read_text(encoding="utf-8")
SCALE = [command for block in blocks("scale.md") for command in commands(block)]


def words(command: str) -> list[str]:
    """The command for this interpreter, whatever is installed."""
    first, *rest = shlex.split(command)
    return [sys.executable, *rest] if first == "python" else [sys.executable, "-m", first, *rest]


def test_the_page_has_commands() -> None:
    assert {shlex.split(one)[1] for one in SCALE} == {"benchmarks/scale_costs.py", "benchmarks/scale_model.py"}


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in SCALE if "scale_model" in one])
def test_the_model_runs_as_the_page_says(command: str) -> None:
    few = ["--machines", "1", "4"] if "--machines" not in command else []
    run = subprocess.run([*words(command), *few], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    ratios = [float(one) for one in re.findall(r"\| (\d\.\d\d) \| \d\.\d+%", run.stdout)]
    assert ratios
    assert all(0.8 < ratio < 1.2 for ratio in ratios), "the simulation says something else than the formula"


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in SCALE if "scale_costs" in one])
def test_the_costs_are_measured_as_the_page_says(command: str, tmp_path: Path) -> None:
    kept = [*words(command), "--output", str(tmp_path / "costs.jsonl")]
    run = subprocess.run(kept, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "costs.jsonl").read_text().count('"part"') >= 1


@pytest.mark.slow
def test_the_processes_of_several_machines_start_as_the_page_says(tmp_path: Path) -> None:
    """The block with two web servers and two workers, line by line, on PostgreSQL, Redis and S3 of its own."""
    pytest.importorskip("fastapi", reason="the extra server is not installed")
    from server.cluster import cluster
    from server.serving import free_port, stopping, until

    (block,) = [one for one in blocks("deploy.md") if "tintype serve --port 8001" in one]
    with cluster(tmp_path, apps=0, workers=0) as parts, contextlib.ExitStack() as stack:
        environment = os.environ | parts.environment | {"TINTYPE_MIGRATE": "false"}
        ports = []
        for number, command in enumerate(commands(block)):
            given = words(command)
            if "--port" in given:  # others may use those of the page
                ports.append(free_port())
                given[given.index("--port") + 1] = str(ports[-1])
            own = environment | {"TINTYPE_FOLDER": str(tmp_path / str(number))}
            if "migrate" in command:
                subprocess.run(given, env=own, check=True, timeout=120, stdout=subprocess.DEVNULL)
                continue
            process: Any = subprocess.Popen(given, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.enter_context(stopping(process))
        for port in ports:
            until(lambda port=port: answers(port))
        with httpx2.Client(base_url=f"http://127.0.0.1:{ports[0]}", timeout=60) as visitor:
            photo = (ROOT / "examples" / "coffee.jpg").read_bytes()
            sent = visitor.post("/api/pictures", files={"files": ("a.jpg", photo)}).json()["pictures"][0]
            job = visitor.post("/api/jobs", json={"kind": "colorize", "pictures": [sent["id"]]}).json()
            with httpx2.Client(base_url=f"http://127.0.0.1:{ports[1]}", timeout=60, cookies=visitor.cookies) as other:
                until(lambda: other.get(f"/api/jobs/{job['id']}").json()["state"] == "done")


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/ready", timeout=20).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.slow
def test_the_predictor_starts_as_the_page_says(tmp_path: Path) -> None:
    """A token, `ray start --head` and `tintype predictor`, the page's own words; the printed address answers."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    from server.serving import free_port, until
    from tintype.server.predictor.client import Predictor

    (block,) = [one for one in blocks("deploy.md") if "ray start --head" in one]
    _, token, variables, start, deploy = commands(block)
    environment = os.environ | {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0"}
    environment |= dict(pair.split("=") for pair in shlex.split(variables)[1:])
    ports = [free_port() for _ in range(2)]
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    subprocess.run([*ray, *shlex.split(token)[1:]], env=environment, check=True, timeout=120, capture_output=True)
    assert (tmp_path / ".ray" / "auth_token").stat().st_size >= 32
    extra = ["--port", str(ports[0]), "--node-ip-address=127.0.0.1", "--include-dashboard=false", "--num-cpus=2"]
    extra += ["--object-store-memory=100000000", "--block"]
    head = subprocess.Popen(
        [*ray, *shlex.split(start)[1:], *extra], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        command = [*words(deploy), "--port", str(ports[1])]
        made = until(lambda: deployed(command, environment | {"RAY_ADDRESS": f"127.0.0.1:{ports[0]}"}), 400)
        predictor = Predictor(made.replace("0.0.0.0", "127.0.0.1"), 60)
        assert [offer.name for offer in predictor.offers().values()] == ["sketch", "tint-small", "tint"]
        predictor.close()
    finally:
        os.killpg(head.pid, signal.SIGTERM)
        head.wait(60)


def deployed(command: list[str], environment: dict[str, str]) -> str:
    """What the command prints; nothing while the cluster is not there yet."""
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
    found = re.search(r"^TINTYPE_PREDICTOR=(\S+)$", run.stdout, re.MULTILINE)
    return found[1] if found else ""


def test_machines_that_die_cost_what_the_formula_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every minute instead of every three months: the simulation agrees, and repeats what was lost."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import scale_model as model

    work = model.Work(cpu=0.3, bytes_in=2e6, bytes_out=2e6, commits=6, gets=2)
    limits = model.Limits(cores=8, years_between_failures=60 / model.YEAR, repair=20)
    expected, least = model.formula(work, limits, 4)
    found = model.simulate(work, limits, 4, each=800)
    assert least == "workers"
    assert found["rate"] == pytest.approx(expected, rel=0.1)
    assert 0.003 < found["again"] < 0.02


def test_the_table_on_the_page_is_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import scale_model as model

    work = model.cases()["12 MP"]
    rows = re.findall(r"^\| ([\d,]+) \| ([\d,]+) \| ([a-z' ]+) \| [\d,]+ \| [\d.]+ \| [\d.,]+ \|$", PAGE, re.MULTILINE)
    assert len(rows) == len(model.MACHINES)
    for machines, rate, least in rows:
        found, part = model.formula(work, model.Limits(), int(machines.replace(",", "")))
        assert (rate, least) == (f"{found:,.0f}", part)
