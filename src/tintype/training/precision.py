"""Numerical precision of training: bfloat16 mixed precision where the processor has it in hardware, else 32 bits.

A CPU without bfloat16 instructions computes it in software, 4 to 13 times slower than 32 bits.
"""

import os
from dataclasses import dataclass
from typing import Literal

import torch

from tintype.network.no_telemetry import import_openvino

openvino = import_openvino()

BF16, FP32 = "bf16-mixed", "32-true"
# oneDNN, which computes torch's convolutions on CPUs, may be told to leave instructions unused. These names of its
# limits include bfloat16; AVX2 and the others do not.
_ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_ISA_WITH_BF16 = ("BF16", "FP16", "AMX", "AVX10", "ALL", "DEFAULT")


@dataclass(frozen=True)
class Precision:
    """The `arithmetic` that a run uses, as Lightning names it, and the reason in words."""

    arithmetic: Literal["bf16-mixed", "32-true"]
    reason: str

    def __str__(self) -> str:
        return f"{'bfloat16' if self.arithmetic == BF16 else '32 bits'} ({self.reason})"


def choose_precision(wanted: str, accelerator: str = "auto") -> Precision:
    """What a recipe's `precision` ("auto", "bf16-mixed" or "32-true") means on this machine's `accelerator` ("auto",
    "cpu", "cuda" or "mps"). What is asked for by name is taken, with a remark where it is slow."""
    device = accelerator if accelerator != "auto" else _best_device()
    has = {"cpu": cpu_has_bf16, "cuda": _cuda_has_bf16}.get(device, lambda: False)()
    where = {"cpu": "this CPU", "cuda": "this GPU", "mps": "Apple's GPU"}.get(device, device)
    if wanted == "auto":
        has_it = f"{where} {'has' if has else 'lacks'} bfloat16 in hardware"
        return Precision("bf16-mixed" if has else "32-true", has_it)
    if wanted == BF16 and not has:
        return Precision("bf16-mixed", f"as the recipe says; {where} lacks it in hardware: precision=auto is faster")
    return Precision("bf16-mixed" if wanted == BF16 else "32-true", "as the recipe says")


def cpu_has_bf16() -> bool:
    """Does this machine's CPU have instructions for bfloat16, and may they be used?"""
    limit = next((os.environ[name].upper() for name in _ISA_LIMITS if name in os.environ), "ALL")
    if not any(part in limit for part in _ISA_WITH_BF16):
        return False
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _cuda_has_bf16() -> bool:
    return torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)


def _best_device() -> str:
    """The accelerator that Lightning takes when it is to choose."""
    if torch.backends.mps.is_available():
        return "mps"
    return "cuda" if torch.cuda.is_available() else "cpu"
