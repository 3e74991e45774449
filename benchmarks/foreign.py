"""Load time, time for a picture, and peak memory of networks of DDColor's published shapes, beside tint.

The weights are random, which costs the same: no published file is needed. Each network runs in a process of its own,
from the ONNX file that tintype exports of it, through the contract `ddcolor`; the second start reads what OpenVINO kept
of the first. One line for each goes into benchmarks/foreign.jsonl in place of the last call's, and a table into
docs/models.md.

python benchmarks/foreign.py [--encoder convnext-t] [--sides 256 512] [--precision f32]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from documents import markdown_table, replace_block

ROOT = Path(__file__).parents[1]
LINES = Path(__file__).with_suffix(".jsonl")


def measure(model: str, sides: list[int], precision: str) -> dict[str, object]:
    """What a process pays that loads a model and colours at these sides."""
    from tintype.evaluation.speed import peak_mib
    from tintype.network.model_file import find_model
    from tintype.network.network import Network

    file = find_model(model)  # looked through, and tried once if it is another's: not a part of every start
    started = time.perf_counter()
    network = Network(file, "cpu", precision)  # type: ignore[arg-type]
    first = np.zeros((1, 1, sides[0], sides[0]), np.float32)
    network.run(first)
    row: dict[str, object] = {"load_and_first_s": round(time.perf_counter() - started, 2)}
    for side in sides:
        scene = np.random.default_rng(0).uniform(-1, 1, (1, 1, side, side)).astype(np.float32)
        network.run(scene)
        seconds = []
        for _ in range(3):
            begun = time.perf_counter()
            network.run(scene)
            seconds.append(time.perf_counter() - begun)
        row[f"ms_{side}"] = round(1000 * min(seconds))
    return row | {"peak_mib": peak_mib(), "engine": network.engine, "precision": network.precision}


def export(encoder: str, path: Path) -> None:
    """A network of the published shape with random weights, as the ONNX file that is published of such."""
    import torch

    from tintype.models.ddcolor import DDColor, DDColorConfig
    from tintype.training.ddcolor_file import export_published

    torch.manual_seed(0)
    export_published(DDColor(DDColorConfig(encoder=encoder)).eval(), path)


def main() -> None:
    """Measure tint, then DDColor, twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="convnext-t", choices=["convnext-t", "convnext-l"])
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    parser.add_argument("--model", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.model:
        print(json.dumps(measure(options.model, options.sides, options.precision)))
        return
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        own = {"TINTYPE_MODELS": folder, "TINTYPE_CACHE": str(Path(folder) / "cache")}
        path = Path(folder) / f"ddcolor-{options.encoder}.onnx"
        export(options.encoder, path)
        for model, what in (("tint", "tint"), (str(path), path.stem), (str(path), f"{path.stem}, second start")):
            command = [sys.executable, __file__, "--model", model, "--precision", options.precision]
            command += ["--sides", *map(str, options.sides)]
            done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=True)
            row = json.loads(done.stdout.splitlines()[-1])
            size = round(path.stat().st_size / 1e6) if model != "tint" else None
            rows.append({"date": f"{datetime.now(UTC):%Y-%m-%d}", "model": what, "mb": size} | row)
            print(json.dumps(rows[-1]), flush=True)
    LINES.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    replace_block(ROOT / "docs/models.md", "foreign", table(rows, options.sides))


def table(rows: list[dict[str, object]], sides: list[int]) -> str:
    """The lines as a table, and what they were measured with."""
    heads = ["", "start and first picture, s", *(f"{side} px, ms" for side in sides), "peak, MiB"]
    keys = ["model", "load_and_first_s", *(f"ms_{side}" for side in sides), "peak_mib"]
    cells = [[str(row[key]) for key in keys] for row in rows]
    first = rows[0]
    said = f"{first['engine']}, {first['precision']}, random weights, one run of {first['date']} beside other work."
    return f"{markdown_table(heads, cells)}\n\n{said}"


if __name__ == "__main__":
    main()
