"""The whole examination."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from .finding import Finding


def examine(settings: Path) -> Iterator[Finding]:
    """Look at everything, one finding after the other. Nothing in them is private: no names, no paths outside of ~.

    settings: where the file with the user's options is looked for.
    """
    from . import codecs, extras, folders, machine, selftest

    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        extras.versions,
        machine.processor,
        machine.engines,
        machine.gpus,
        extras.extras,
        codecs.pictures,
        codecs.films,
        partial(folders.folders, settings),
        selftest.selftest,
    )
    for part in parts:
        try:
            yield from part()
        except Exception as error:  # a part that fails is what the doctor is for
            name = getattr(part, "__name__", "folders")
            yield Finding(name, "examination", "wrong", " ".join(f"{type(error).__name__}: {error}".split()))
