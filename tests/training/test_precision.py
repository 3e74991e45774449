"""The precision of a run fits the machine: bfloat16 where the processor has it, 32 bits elsewhere."""

import pytest
import torch
from torch import nn

from tintype.training import precision
from tintype.training.precision import choose_precision, cpu_has_bf16
from tintype.training.recipe import load_recipe, recipe_names


@pytest.fixture(params=[True, False], ids=["with bf16", "without bf16"])
def has_bf16(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """This machine, with the instructions that oneDNN may use limited as on a CPU without bfloat16, or not."""
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "ALL" if request.param else "AVX2")
    if request.param and not cpu_has_bf16():
        pytest.skip("this CPU has no bfloat16")
    return bool(request.param)


@pytest.mark.seed("S0-22")
@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_takes_what_is_fast_on_this_cpu(name: str, has_bf16: bool) -> None:
    chosen = choose_precision(load_recipe(name).precision, "cpu")
    assert chosen.arithmetic == ("bf16-mixed" if has_bf16 else "32-true")
    assert str(chosen).startswith("bfloat16 (this CPU has" if has_bf16 else "32 bits (this CPU lacks")


def test_what_is_asked_for_by_name_is_taken_with_a_remark(has_bf16: bool) -> None:
    assert choose_precision("32-true", "cpu").arithmetic == "32-true"
    asked = choose_precision("bf16-mixed", "cpu")
    assert asked.arithmetic == "bf16-mixed"
    assert ("precision=auto is faster" in asked.reason) == (not has_bf16)


def test_gpus_without_bf16_compute_in_32_bits() -> None:
    assert choose_precision("auto", "mps").arithmetic == "32-true"
    if not torch.cuda.is_available():
        assert choose_precision("auto", "cuda").arithmetic == "32-true"


def test_bf16_really_is_what_the_choice_says() -> None:
    """The chosen name is one that Lightning knows, and a step in it leaves gradients."""
    from lightning_fabric import Fabric

    chosen = precision.choose_precision("auto", "cpu").arithmetic
    fabric = Fabric(accelerator="cpu", devices=1, precision=chosen)
    layer = nn.Conv2d(1, 2, 3)
    with fabric.autocast():
        output = layer(torch.randn(1, 1, 8, 8))
    assert output.dtype == (torch.bfloat16 if chosen == "bf16-mixed" else torch.float32)
