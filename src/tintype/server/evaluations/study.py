"""A study made on the command line, from files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tintype.errors import InputError
from tintype.server.problems import ProblemError
from tintype.server.schemas.common import ColourOptions
from tintype.server.services import Services
from tintype.server.settings import names
from tintype.server.tables import Study

from .prepare import add_photo, contestant, create_study, open_study


def make_study(
    services: Services,
    photos: Sequence[Path],
    *,
    models: str,
    sizes: str,
    kind: str,
    name: str,
    listed: bool,
    checks: int = 0,
    done: Callable[[], None] = lambda: None,
) -> tuple[Study, list[str]]:
    """Make a study of these files and open it; returns it, and why any photo was left out.

    Raises:
        InputError: no photo could be used, models and sizes make no contestants, or attention is to be checked in a
            study of kind turing.
    """
    try:
        wanted: list[int | None] = [int(size) for size in names(sizes)] or [None]
        options = [ColourOptions(model=model, size=size) for model in names(models) for size in wanted]
        contestants = [contestant(services, one) for one in options]
        study = create_study(services, kind, name, "", contestants, owner="", listed=listed, checks=checks)
    except (ProblemError, ValueError) as error:
        raise InputError(str(error).splitlines()[0]) from None
    refused: list[str] = []
    for photo in photos:
        try:
            add_photo(services, study, photo.read_bytes(), photo.name)
        except (ProblemError, OSError) as error:
            refused.append(f"{photo}: {error}")
        done()
    if len(refused) == len(photos):
        raise InputError(refused[0] if refused else "no photographs there")
    open_study(services, study.id)
    return study, refused
