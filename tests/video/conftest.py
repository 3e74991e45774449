"""A colorizer with a tiny network, and films coloured by it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tintype.colorizer.colorizer import Colorizer
from tintype.video import FilmOptions, FilmReport, colorize_film

pytest.importorskip("av", reason="the extra video is not installed")
pytest.importorskip("cv2", reason="the extra video is not installed")

Colour = Callable[..., FilmReport]


@pytest.fixture(scope="session")
def tiny(model_path: Path) -> Colorizer:
    return Colorizer(model_path, precision="f32", threads=1)


@pytest.fixture
def colour(tiny: Colorizer) -> Colour:
    """Colour a film with the tiny network; keywords are those of `FilmOptions`."""

    def run(source: Path | str, target: Path, overwrite: bool = False, **options: object) -> FilmReport:
        chosen = FilmOptions(**options)  # type: ignore[arg-type]
        return colorize_film(str(source), str(target), tiny, chosen, overwrite=overwrite)

    return run
