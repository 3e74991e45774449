"""One study on several machines: a real PostgreSQL, two commands that share it, and one that is killed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

pytest.importorskip("fastapi", reason="the extra server is not installed")
pytest.importorskip("psycopg", reason="the extra postgres is not installed")

from server.serving import postgres, until

COMMAND = """
import json, sys
from study_trainer import KnownTrainer
from tintype.tune import Sharing, tune
if __name__ == "__main__":
    options, trainer = json.loads(sys.argv[2]), json.loads(sys.argv[3])
    lr = "stages.0.lr=log:1e-5:1e-1"
    trials, sharing = options.pop("trials"), Sharing(**options)
    tune("tint", ["log.samples=100"], KnownTrainer(**trainer), sys.argv[1], [lr], trials, sharing=sharing)
"""
TRIALS = 8


def machine(folder: Path, url: str, **trainer: Any) -> subprocess.Popen[str]:
    options = {"trials": TRIALS, "storage": url, "study_name": "ours", "grace": 5}
    command = [sys.executable, "-c", COMMAND, str(folder), json.dumps(options), json.dumps(trainer)]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": path}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_machine_is_killed_and_another_finishes_the_study(tmp_path: Path) -> None:
    with postgres(tmp_path) as url:
        staying = machine(tmp_path / "staying", url, seconds=0.2)
        lost = machine(tmp_path / "lost", url, seconds=0.2)
        until(lambda: staying.poll() is not None or list(tmp_path.glob("lost/trial-*/stats.jsonl")), 180)
        lost.kill()
        lost.communicate()
        _, errors = staying.communicate(timeout=180)
        assert staying.returncode == 0, errors

        study = optuna.load_study(study_name="ours", storage=url.replace("postgresql", "postgresql+psycopg"))
        trials = study.get_trials(deepcopy=False)
        done = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
        assert len(done) == TRIALS  # not one more, although two machines asked for the last ones at once
        [left] = [trial for trial in trials if trial not in done]
        assert left.state == TrialState.FAIL
        assert left.params in [trial.params for trial in done]  # begun again, by the other machine
        assert "left by its machine" in (tmp_path / "staying/study.html").read_text()

        again = machine(tmp_path / "lost", url)
        _, errors = again.communicate(timeout=120)
        assert again.returncode == 0, errors
        assert len(study.get_trials(deepcopy=False)) == len(trials)  # nothing was left to do
        assert (tmp_path / "lost/best.toml").read_text() == (tmp_path / "staying/best.toml").read_text()
