"""The processor and what it can do, the engines, the GPUs."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tintype.network.no_telemetry import import_openvino
from tintype.parallel import cpu_name

from .finding import Finding

# Of the flags that Linux lists, those that change how fast or how exactly networks run.
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8", "asimd", "bf16", "sve")
_GPU_QUERY = ("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")


def cpu_flags() -> list[str]:
    """Which of the features that matter this processor has; none where the system does not list them in a file."""
    with suppress(OSError):
        for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if row.lower().startswith(("flags", "features")):
                there = set(row.partition(":")[2].split())
                return [flag for flag in _FLAGS if flag in there]
    return []


def memory() -> float | None:
    """Gibibytes of memory; None where the system does not tell."""
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return None


def processor() -> Iterator[Finding]:
    """Name, cores, memory, and features as Linux and as OpenVINO see them."""
    openvino = import_openvino()
    size = memory()
    told = f", {size:.1f} GiB of memory" if size else ""
    yield Finding("machine", "processor", "ok", f"{cpu_name()}, {os.cpu_count()} cores{told}")
    if flags := cpu_flags():
        yield Finding("machine", "features", "ok", ", ".join(flags))
    able = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    bf16 = "bf16" if "BF16" in able else "f32 (bf16 is not to be had)"
    yield Finding("machine", "arithmetic", "ok", f"{bf16}; OpenVINO names {', '.join(able)}")


def engines() -> Iterator[Finding]:
    """OpenVINO's devices, and ONNX Runtime's providers where it is installed."""
    openvino = import_openvino()
    core = openvino.Core()
    yield Finding("engine", "OpenVINO", "ok", ", ".join(core.available_devices))
    try:
        import onnxruntime
    except ImportError:
        yield Finding(
            "engine", "ONNX Runtime", "absent", "not installed; it is wanted for NVIDIA GPUs and for training"
        )
        return
    yield Finding(
        "engine", "ONNX Runtime", "ok", f"{onnxruntime.__version__}: {', '.join(onnxruntime.get_available_providers())}"
    )


def gpus() -> Iterator[Finding]:
    """NVIDIA's, as its own tool lists them."""
    tool = shutil.which(_GPU_QUERY[0])
    if tool is None:
        yield Finding("engine", "GPU", "absent", "no NVIDIA driver here; the processor is used")
        return
    ran = subprocess.run([tool, *_GPU_QUERY[1:]], capture_output=True, text=True, timeout=20, check=False)
    if ran.returncode:
        said = " ".join((ran.stdout + ran.stderr).split())
        yield Finding("engine", "GPU", "wrong", f"nvidia-smi fails: {said[:200]}")
    for number, row in enumerate(ran.stdout.strip().splitlines() if not ran.returncode else ()):
        yield Finding("engine", f"GPU {number}", "ok", row)
