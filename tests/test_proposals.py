"""Other plausible colours: what a distribution holds, proposed as hints; colours from a reference; palettes."""

import numpy as np
import pytest

from tintype import TintypeError
from tintype.colorizer.palette import lock_palette
from tintype.hints.alternatives import cells_of, color_at, find_regions, modes, propose
from tintype.hints.transfer import describe, match
from tintype.imaging.ab_bins import ab_bins
from tintype.imaging.color import luma as luma_of
from tintype.imaging.color import srgb_to_lab

BINS = ab_bins()
RED, BLUE, GREEN = (50, 30), (10, -50), (-40, 40)


def towards(*colours: tuple[int, int], weights: tuple[float, ...] | None = None) -> np.ndarray:
    """Logits over the bins of a mixture of colours."""
    total = np.full(len(BINS), 1e-4)
    for colour, weight in zip(colours, weights or (1.0,) * len(colours), strict=True):
        total += weight * np.exp(-((BINS - colour) ** 2).sum(1) / (2 * 8.0**2))
    return np.log(total).astype(np.float32)


def probability(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum()


def test_the_modes_of_a_mixture_are_its_colours_the_likeliest_first() -> None:
    found = modes(probability(towards(RED, BLUE, GREEN, weights=(0.5, 0.3, 0.2))), BINS, 5)
    assert len(found) >= 3
    for mode, colour in zip(found, (RED, BLUE, GREEN), strict=False):
        np.testing.assert_allclose(mode.ab, colour, atol=4)
    assert [m.probability for m in found] == sorted((m.probability for m in found), reverse=True)
    assert len(modes(probability(towards(RED)), BINS, 5)) == 1


def scene() -> np.ndarray:
    """Logits (32, 48, Q): sure green grass below, above on the left an undecided thing, sure blue around it."""
    logits = np.empty((32, 48, len(BINS)), np.float32)
    logits[:16], logits[16:] = towards(BLUE), towards(GREEN)
    logits[:16, :16] = towards(RED, GREEN, weights=(0.6, 0.4))
    return logits


def test_what_is_undecided_in_one_way_is_one_region_and_comes_first() -> None:
    regions = find_regions(cells_of(scene()))
    expected = np.zeros((8, 12), bool)
    expected[:4, :4] = True
    assert np.array_equal(regions[0], expected) or regions[0].sum() > expected.sum()
    sizes = sorted(int(r.sum()) for r in regions)
    assert sizes == [16, 32, 48]


def test_proposals_ask_for_the_other_colour_where_the_network_is_undecided() -> None:
    luma = np.full((128, 192), 128, np.uint8)
    proposals = propose(scene(), BINS, luma, 3)
    assert 1 <= len(proposals) <= 3
    for hint in proposals[0]:
        assert hint.x < 64
        assert hint.y < 64
        lab = srgb_to_lab(np.array(hint.color, np.float32) / 255)
        assert np.linalg.norm(lab[1:] - GREEN) < 15
    assert len({tuple(proposal) for proposal in proposals}) == len(proposals)


def test_a_network_that_is_sure_proposes_nothing() -> None:
    logits = np.broadcast_to(towards(BLUE), (16, 16, len(BINS)))
    assert propose(logits, BINS, np.full((64, 64), 99, np.uint8), 3) == []


def test_a_colour_has_the_light_of_its_place() -> None:
    picture = np.full((10, 10), 60, np.uint8)
    picture[5:] = 200
    for y, level in ((2, 60), (8, 200)):
        rgb = np.array(color_at(picture, 3, y, (30, 20)), np.float32) / 255
        assert abs(float(luma_of(rgb)) * 255 - level) < 16
    assert color_at(picture, 0, 0, (0, 0)) == (60, 60, 60)


def test_places_are_found_again_in_another_picture() -> None:
    rng = np.random.default_rng(0)
    middle, deep = rng.normal(size=(8, 10, 24)).astype(np.float32), rng.normal(size=(4, 5, 40)).astype(np.float32)
    described = describe(middle, deep)
    np.testing.assert_allclose(np.linalg.norm(described, axis=-1), 1, atol=1e-5)
    mirrored = describe(middle[:, ::-1], deep[:, ::-1])
    found = match(described, mirrored, most=80)
    assert len(found) == 80
    assert all(m.other == (m.place[0], 9 - m.place[1]) for m in found)
    assert [m.likeness for m in found] == sorted((m.likeness for m in found), reverse=True)
    strange = describe(rng.normal(size=(8, 10, 24)).astype(np.float32), rng.normal(size=(4, 5, 40)).astype(np.float32))
    assert len(match(described, strange)) < 5


def test_a_locked_palette_holds_every_colour_and_grey() -> None:
    palette = [(180, 40, 30), (30, 60, 160)]
    wanted = srgb_to_lab(np.array(palette, np.float32) / 255)[:, 1:]
    ab = np.stack([wanted[0] + 6, wanted[1] - 6, np.zeros(2)]).astype(np.float32)[None]
    locked = lock_palette(ab, palette)[0]
    np.testing.assert_allclose(locked[:2], wanted, atol=0.5)
    np.testing.assert_allclose(locked[2], 0, atol=0.5)
    np.testing.assert_allclose(lock_palette(locked[None], palette)[0], locked, atol=0.5)


@pytest.mark.parametrize("count", [0, 33])
def test_a_palette_without_colours_or_with_too_many_is_refused(count: int) -> None:
    with pytest.raises(TintypeError, match="1 to 32"):
        lock_palette(np.zeros((2, 2, 2), np.float32), [(1, 2, 3)] * count)
