"""A node for ComfyUI that colours pictures with tintype. Copy this folder into ComfyUI's custom_nodes/.

An IMAGE is a float tensor (batch, height, width, 3) of 0 to 1. The light of every pixel is kept; colours are a guess.
"""

from functools import lru_cache
from typing import Any

import numpy as np

import tintype


@lru_cache(maxsize=2)
def _colorizer(model: str) -> tintype.Colorizer:
    return tintype.Colorizer(model)


class TintypeColourise:
    """Colour a batch of pictures."""

    CATEGORY = "image/tintype"
    DESCRIPTION = "Colours black-and-white pictures. The brightness of every pixel is kept."
    RETURN_TYPES = ("IMAGE",)
    FUNCTION = "colourise"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        """The sockets and widgets, as ComfyUI asks for them."""
        models = [model.info.name for model in tintype.list_models() if model.info.condition == "lightness"]
        return {
            "required": {
                "image": ("IMAGE",),
                "model": (models, {"default": "tint"}),
                "saturation": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 3.0, "step": 0.05}),
                "strength": ("FLOAT", {"default": 1.0, "min": 0.0, "max": 1.0, "step": 0.05}),
            },
            "optional": {"reference": ("IMAGE",)},
        }

    def colourise(
        self, image: Any, model: str, saturation: float, strength: float, reference: Any = None
    ) -> tuple[Any]:
        """The batch in colour."""
        colorizer = _colorizer(model)
        taste = tintype.Taste(saturation=saturation, strength=strength)
        like = None if reference is None else _pixels(reference[0])
        done = [colorizer.colorize(_pixels(one), taste=taste, reference=like).rgb() for one in image]
        stacked = np.stack(done).astype(np.float32) / 255
        made = image.new_tensor(stacked) if hasattr(image, "new_tensor") else stacked
        return (made,)


def _pixels(tensor: Any) -> np.ndarray:
    """One picture of a batch as (H, W, 3) uint8; grey and alpha channels are understood."""
    array = np.asarray(tensor.cpu() if hasattr(tensor, "cpu") else tensor, dtype=np.float32)
    array = array[..., :3] if array.shape[-1] >= 3 else np.repeat(array[..., :1], 3, axis=-1)
    return np.asarray((array.clip(0, 1) * 255).round(), np.uint8)


NODE_CLASS_MAPPINGS = {"TintypeColourise": TintypeColourise}
NODE_DISPLAY_NAME_MAPPINGS = {"TintypeColourise": "Colourise (tintype)"}
