"""The recipes have the numbers that the documents give."""

from functools import reduce
from typing import Any

import pytest

from tintype.models import SYSTEMS
from tintype.training.recipe import load_recipe


@pytest.mark.seed("S1-08", "S1-12", "S1-20", "S2-01", "S2-13", "S3-05", "S3-06", "S4-09", "S4-20", "S4-26")
@pytest.mark.parametrize(
    ("recipe", "key", "value"),
    [
        # Seed 0, of which the code has the numbers
        *(
            (recipe, key, value)
            for recipe in ("uvu", "uvu-sketch")
            for key, value in {
                "generator.width": 64,
                "generator.attention": "source",
                "critic.kind": "patch",
                "stages.0.gan": "vanilla",
                "stages.0.losses.l1": 100.0,
                "stages.0.lr": 2e-4,
                "stages.0.batch": 16,
                "stages.0.size": 256,
                "optimizer.beta1": 0.5,
                "optimizer.beta2": 0.999,
            }.items()
        ),
        # Seed 1
        ("pix2pix", "critic.kind", "patch"),
        ("pix2pix", "stages.0.kind", "adversarial"),
        ("pix2pix", "stages.0.gan", "vanilla"),
        ("pix2pix", "stages.0.losses.l1", 100.0),
        ("pix2pix", "stages.0.adversarial", 1.0),
        ("pix2pix", "stages.0.lr", 2e-4),
        ("pix2pix", "stages.0.schedule", "constant"),
        ("pix2pix", "stages.0.size", 256),
        ("pix2pix", "stages.0.batch", 16),
        ("pix2pix", "stages.0.images", 8_000 * 40),
        ("pix2pix", "data.flip", True),
        ("pix2pix", "optimizer.beta1", 0.5),
        ("pix2pix", "optimizer.beta2", 0.999),
        ("pix2pix", "optimizer.weight_decay", 0.0),
        # Seed 2
        ("driving", "stages.0.kind", "supervised"),
        ("driving", "stages.0.losses.l2", 1.0),
        ("driving", "stages.0.lr", 1e-3),
        ("driving", "stages.0.final_lr", 1 / 20),
        ("driving", "stages.0.schedule", "linear"),
        # Seed 3
        ("nogan", "critic.kind", "nogan"),
        ("nogan", "stages.4.gan", "hinge"),
        ("nogan", "stages.5.gan", "hinge"),
        ("nogan", "stages.5.lr", 2e-5),
        ("nogan", "stages.5.critic_lr", 5 * 2e-5),
        # Seed 4
        ("landscape", "generator.complexity", 72),
        ("landscape", "critic.complexity", 16),
        ("landscape", "stages.0.alpha", 0.1),
        ("landscape", "stages.0.losses.l1", 1.0),
        ("landscape", "stages.0.lr", 7e-5),
        ("landscape", "stages.0.batch", 16),
        ("landscape", "stages.0.size", 256),
        ("landscape", "stages.0.critic_every", 4),
        ("landscape", "stages.0.gan", "vanilla"),
    ],
)
def test_a_recipe_has_the_published_value(recipe: str, key: str, value: Any) -> None:
    values = load_recipe(recipe).model_dump()
    found = reduce(lambda place, step: place[int(step) if step.isdigit() else step], key.split("."), values)
    assert found == pytest.approx(value) if isinstance(value, float) else found == value


@pytest.mark.seed("S4-22")
def test_fourteen_epochs_of_the_coloured_landscapes() -> None:
    assert load_recipe("landscape").images == pytest.approx(14 * (4_319 - 104), rel=0.02)


@pytest.mark.seed("S1-12", "S4-04")
@pytest.mark.parametrize(
    ("system", "scale"), [("pix2pix", 110), ("driving", 110), ("nogan", 110), ("uvu", 110), ("landscape", 127)]
)
def test_each_system_has_its_own_unit_of_colour(system: str, scale: float) -> None:
    assert SYSTEMS[system].form.scale == scale
