"""The models that others publish: where they are, how they are told, and on which terms."""

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Entry:
    """One published file.

    Attributes:
        name: what `tintype models pull NAME` calls it, and `--model NAME` after that.
        contract: the interface that it is published with; "" lets the file tell.
        url: its address; several mirrors have it in the order in which they are tried.
        size: in bytes; 0 if nobody has published it.
        sha256: in hexadecimal; "" if nobody has published it: the first download's is then kept.
        licence, training_data, authors: as its authors state them.
        working_size: short side, in pixels, that it is best used at; 0: that of its contract.
    """

    name: str
    contract: str
    url: str
    licence: str
    training_data: str
    authors: str
    size: int = 0
    sha256: str = ""
    version: str = ""
    working_size: int = 0
    note: str = ""


@cache
def catalogue() -> dict[str, Entry]:
    """Every published file that is known, by name."""
    text = (resources.files("tintype.network") / "catalogue.toml").read_text(encoding="utf-8")
    known = {field.name for field in fields(Entry)}
    table = tomllib.loads(text)
    families = table.pop("family")
    found = {}
    for name, values in table.items():
        shared = families[values.pop("family")]
        found[name] = Entry(name=name, **{key: value for key, value in (shared | values).items() if key in known})
    return found


def entry_of(sha256: str) -> Entry | None:
    """The published file of that hash."""
    return next((entry for entry in catalogue().values() if entry.sha256 and entry.sha256 == sha256), None)
