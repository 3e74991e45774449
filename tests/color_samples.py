"""Colours for the tests of colour."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

# No deadline: the time an example takes says nothing about the colour, and machines are busy.
unhurried = settings(deadline=None, max_examples=60)

unit = st.floats(0, 1, width=32)


def arrays(low: float, high: float, last: int = 3) -> st.SearchStrategy[NDArray[np.float32]]:
    shapes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(last))
    return hnp.arrays(np.float32, shapes, elements=st.floats(low, high, width=32))


def some_rgb(count: int = 4000, power: float = 1.0) -> NDArray[np.float32]:
    return np.asarray(np.random.default_rng(7).random((count, 3)) ** power, dtype=np.float32)


def corners() -> NDArray[np.float32]:
    steps = np.array([0, 1e-3, 0.04045, 0.5, 0.999, 1], dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
