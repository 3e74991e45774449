"""Models that answer together, as requests name them: `NAME*SHARE,NAME*SHARE`, of those on offer."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace

from tintype.network.model_file import ModelFile

from .problems import ProblemError

MOST = 4
_LONGEST = 100  # characters of the name that a result keeps
_PART = re.compile(r"(.*\S)\s*\*\s*(\d+\.?\d*|\.\d+)")


def is_blend(name: str, offered: Mapping[str, ModelFile]) -> bool:
    return "," in name and name not in offered


def parts_of(text: str, offered: Mapping[str, ModelFile]) -> dict[str, ModelFile]:
    """The models of a blend by name, with their shares: parts of 1, to a hundredth.

    Raises:
        ProblemError: 422, one is not on offer, named twice, without a share, or colours drawings.
    """
    found: dict[str, ModelFile] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = None if part in offered else _PART.fullmatch(part)
        name, share = (match[1], float(match[2])) if match else (part, 1.0)
        if name not in offered:
            raise ProblemError(422, f"no model is called {name[:100]!r} here; on offer are {', '.join(offered)}")
        if name in found:
            raise ProblemError(422, f"{name} stands twice in the mixture; give it one share")
        if not (share > 0 and math.isfinite(share)):
            raise ProblemError(422, f"{name} has a share of {share:g}; leave it out, or give it more than 0")
        info = offered[name].info
        if info.condition != "lightness" or info.target in ("lab", "rgb"):
            raise ProblemError(422, f"{name} cannot be mixed with others: only models that colour photographs can")
        found[name] = replace(offered[name], share=share)
    if not 2 <= len(found) <= MOST:
        raise ProblemError(422, f"a mixture has 2 to {MOST} models, this has {len(found)}")
    whole = sum(file.share for file in found.values())
    shares = {name: max(0.01, round(file.share / whole, 2)) for name, file in found.items()}
    return {name: replace(file, share=shares[name]) for name, file in found.items()}


def name_of(parts: Mapping[str, ModelFile]) -> str:
    """What a blend is called, however it was asked for. Raises ProblemError, 422: that is too long."""
    text = ",".join(f"{name}*{file.share:g}" for name, file in parts.items())
    if len(text) > _LONGEST:
        raise ProblemError(422, f"a mixture's name may have {_LONGEST} characters, this has {len(text)}")
    return text
