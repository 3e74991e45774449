"""Geodesic distances in a picture, and the kernel that hints spread by."""

import heapq

import numpy as np
import pytest

from tintype.hints.geodesic import _costs, geodesic_distances
from tintype.hints.propagate import ADDED, GuidanceMaps, distances_from, nearness, propagate


def cells(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_on_an_even_picture_ways_are_as_long_as_on_a_chessboard_of_eight_directions() -> None:
    found = geodesic_distances(np.zeros((30, 40), np.float32), cells(0), cells(0))[0]
    assert found[0, 0] == 0
    assert found[0, 39] == pytest.approx(39 / 50, rel=1e-4)
    assert found[29, 29] == pytest.approx(29 * np.sqrt(2) / 50, rel=1e-4)


def dijkstra(lightness: np.ndarray, row: int, column: int) -> np.ndarray:
    cost = _costs(lightness)
    found = np.full(cost.shape, np.inf)
    found[row, column] = 0
    waiting = [(0.0, row, column)]
    while waiting:
        length, y, x = heapq.heappop(waiting)
        if length > found[y, x]:
            continue
        for v in range(max(0, y - 1), min(cost.shape[0], y + 2)):
            for u in range(max(0, x - 1), min(cost.shape[1], x + 2)):
                step = (cost[y, x] + cost[v, u]) / 2 * np.hypot(v - y, u - x)
                if length + step < found[v, u]:
                    found[v, u] = length + step
                    heapq.heappush(waiting, (length + step, v, u))
    return found


def test_ways_are_those_of_dijkstra() -> None:
    rng = np.random.default_rng(3)
    lightness = np.kron(rng.uniform(-1, 1, (6, 9)), np.ones((4, 4))).astype(np.float32)
    rows, columns = cells(0, 13, 23), cells(5, 17, 35)
    for index, found in enumerate(geodesic_distances(lightness, rows, columns)):
        exact = dijkstra(lightness, int(rows[index]), int(columns[index]))
        assert (found >= exact - 1e-4).all()
        assert np.quantile(found - exact, 0.99) < 0.01  # sweeps may miss distances that wind to and fro


def test_a_way_goes_round_a_wall() -> None:
    lightness = np.zeros((40, 40), np.float32)
    lightness[:30, 19:21] = 1
    found = geodesic_distances(lightness, cells(5), cells(10))[0]
    assert found[5, 30] > 1.3 * found[25, 10]
    assert found[35, 30] < found[35, 10] + 20 * np.sqrt(2) / np.hypot(40, 40)


def one_hint(guidance: GuidanceMaps, shape: tuple[int, int], row: float, column: float) -> np.ndarray:
    grey = np.zeros((*shape, 2), np.float32)
    wanted, sure = np.array([[40, 20]], np.float32), np.ones(1, np.float32)
    return propagate(grey, guidance, np.array([[row, column]], np.float32), wanted, sure)[..., 0]


def test_texture_takes_a_hint_evenly_and_another_thing_of_the_same_light_does_not() -> None:
    rng = np.random.default_rng(0)
    light = rng.normal(-0.4, 0.08, (48, 64)).astype(np.float32)  # cloth, left and right of a white door
    light[:, 28:36] = 0.9
    spread = one_hint(GuidanceMaps.of(light), light.shape, 24.5, 10.5)
    cloth = spread[14:34, 2:20]
    assert cloth.min() > 0.5 * 40
    assert cloth.std() < 0.15 * 40
    assert spread[:, 44:].max() < 0.5 * cloth.mean()
    assert spread[:, 29:35].max() < 0.15 * 40


def test_what_the_encoder_tells_apart_is_kept_apart() -> None:
    light = np.zeros((48, 64), np.float32)
    features = np.zeros((12, 16, 8), np.float32)
    features[:, :8, 0] = features[:, 8:, 1] = 3
    same = one_hint(GuidanceMaps.of(light), light.shape, 24, 26)
    apart = one_hint(GuidanceMaps.of(light, features), light.shape, 24, 26)
    assert apart[24, 20] > 0.9 * same[24, 20]
    assert apart[24, 44] < 0.6 * same[24, 44]


def test_large_answers_find_ways_on_a_coarser_grid_and_say_the_same() -> None:
    small = np.zeros((60, 80), np.float32)
    small[:, 40:] = 1
    large = np.kron(small, np.ones((5, 5), np.float32))
    guidance = GuidanceMaps.of(large)
    assert guidance.coarse.shape == (60, 80)
    fine, coarse = one_hint(guidance, large.shape, 150, 100), one_hint(GuidanceMaps.of(small), small.shape, 30, 20)
    np.testing.assert_allclose(fine[2::5, 2::5][:, :38], coarse[:, :38], atol=1)


def test_hints_that_contradict_each_other_on_a_wild_picture_stay_bounded() -> None:
    rng = np.random.default_rng(1)
    light = rng.uniform(-1, 1, (32, 32)).astype(np.float32)
    points = rng.uniform(0, 32, (80, 2)).astype(np.float32)
    points[:20] = points[0]
    wanted = rng.uniform(-60, 60, (80, 2)).astype(np.float32)
    met = propagate(np.zeros((32, 32, 2), np.float32), GuidanceMaps.of(light), points, wanted, np.ones(80, np.float32))
    assert np.abs(met).max() < 250
    rows, columns = points[20:].astype(int).T
    assert np.median(np.linalg.norm(met[rows, columns] - wanted[20:], axis=-1)) < 25


def test_what_is_far_by_the_ways_is_not_near() -> None:
    light = np.zeros((20, 30), np.float32)
    guidance, points = GuidanceMaps.of(light), np.array([[10, 5]], np.float32)
    distances = distances_from(guidance, points)
    grey = np.zeros((20, 30, 2), np.float32)
    near = nearness(grey, guidance, points, distances)
    assert near[10, 5] > 0.99
    assert nearness(grey, guidance, points, distances + 10).max() < 0.03
    assert ADDED.distance > distances.max() / 4
