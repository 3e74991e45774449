"""The examples in docstrings are true."""

import doctest
from importlib import import_module

import numpy as np
import pytest


@pytest.mark.parametrize(
    "module",
    ["tintype.colorizer.colorizer", "tintype.colorizer.many", "tintype.cli.words", "tintype.doctor.folders"],
)
def test_examples(module: str) -> None:
    found = doctest.testmod(import_module(module), extraglobs={"np": np})
    assert found.failed == 0
    assert module.endswith("many") or found.attempted
