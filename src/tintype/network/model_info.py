"""Model metadata: what a model file says about itself, as JSON."""

import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from tintype.errors import WeightsError

FORMAT = 1
CONDITIONS = ("lightness", "sketch")
TARGETS = ("distribution", "ab", "lab", "rgb", "light")


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself.

    ``size`` is the short side in pixels that the network likes best, ``size_multiple`` what both sides must
    be a multiple of; ``bins`` are the colours (a, b), in CIE units, that its distribution is over; ``hints``
    is "trained", "untrained", "none", or "spread" where the network knows nothing of hints and colours are spread over
    its answer. ``chroma_gain`` is what the mean of the distribution is multiplied by, inside the
    graph, ``warm_gain`` what at the hue of skin, where it is not the same, and ``skin_gain`` what where a probe in the
    graph finds skin; None without one. ``light_gain`` is what colours of lights in dark pictures are
    multiplied by, None where it is as elsewhere, and ``shade_gain`` what all gains are multiplied by in the dark.
    ``skin_odds`` is the power of the odds by which colours of skin are made likelier where that probe finds skin.
    ``graph_sha256`` is the hash of the graph with its weights (`graph_digest`): a file whose bits have changed is
    refused.

    ``condition`` is what it colours: "lightness", photographs, or "sketch", black lines on white paper. ``target`` is
    what the network was trained to answer: "distribution" over ``bins``, "ab", or the whole picture as "lab" or
    "rgb"; with the last two ``bins`` is empty and the graph has the output ``painted_lightness``. ``ab_scale`` is the
    number of CIE units that 1 stood for in training; the graph's ``ab`` is in CIE units whatever it is.
    ``generator`` holds the options of the network's shape that are not the system's defaults.
    ``recipe`` is the name of the recipe that it was trained by, ``recipe_sha256`` the hash of its resolved TOML.
    ``calibration`` tells what the entropy of its distribution is worth (`tintype.network.confidence`); empty if never
    measured.
    """

    name: str
    version: str
    system: str
    size: int
    size_multiple: int
    temperature: float
    bins: tuple[tuple[float, float], ...]
    training_data: str
    licence: str
    metrics: dict[str, Any]
    checkpoint_sha256: str
    images_seen: int
    hints: str
    created: str
    format: int = FORMAT
    chroma_gain: float = 1.0
    warm_gain: float | None = None
    skin_gain: float | None = None
    light_gain: float | None = None
    shade_gain: float = 1.0
    skin_odds: float = 0.0
    graph_sha256: str = ""
    condition: str = "lightness"
    target: str = "distribution"
    ab_scale: float = 1.0
    calibration: tuple[tuple[float, float], ...] = ()
    generator: dict[str, Any] = field(default_factory=dict)
    recipe: str = ""
    recipe_sha256: str = ""

    @classmethod
    def from_json(cls, text: str | bytes) -> "ModelInfo":
        """Parse the metadata entry; keys of later versions are ignored.

        Raises:
            WeightsError: not JSON, a key is missing or has an impossible value, or the format is too new.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise WeightsError(f"the metadata is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise WeightsError("the metadata is not a JSON object")
        if values.get("format") != FORMAT:
            raise WeightsError(
                f"its metadata has the format {values.get('format')!r}, known is {FORMAT}; update tintype"
            )
        names = {each.name for each in fields(cls)}
        required = {each.name for each in fields(cls) if each.default is each.default_factory is MISSING}
        if missing := sorted(required - values.keys()):
            raise WeightsError(f"its metadata lacks {', '.join(missing)}; export the model again")
        known = {name: value for name, value in values.items() if name in names}
        try:
            known["bins"] = tuple((float(a), float(b)) for a, b in known["bins"])
            known["calibration"] = tuple((float(x), float(y)) for x, y in known.get("calibration", ()))
            known["size"], known["size_multiple"] = int(known["size"]), int(known["size_multiple"])
            known["ab_scale"] = float(known.get("ab_scale", 1.0))
            known["generator"] = dict(known.get("generator", {}))
        except (TypeError, ValueError) as error:
            raise WeightsError(f"its metadata has an impossible value ({error}); export the model again") from error
        if known["size"] < 1 or known["size_multiple"] < 1:
            raise WeightsError("its metadata gives a size below 1 pixel; export the model again")
        for name, choices in (("condition", CONDITIONS), ("target", TARGETS)):
            if known.get(name, choices[0]) not in choices:
                raise WeightsError(
                    f"its metadata has the {name} {known[name]!r}, known are {', '.join(choices)}; update tintype"
                )
        return cls(**known)

    def to_json(self) -> str:
        """The metadata entry, as `from_json` reads it."""
        return json.dumps(asdict(self), sort_keys=True)
