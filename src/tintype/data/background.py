"""Which part of a picture is its subject: a foreground mask by GrabCut, or by U²-Net-p where its file is at hand.

GrabCut needs nothing but OpenCV. U²-Net-p is a network for salient objects; no weights come with tintype: the
environment variable TINTYPE_U2NETP names its ONNX file (u2netp.onnx, 4.6 MB) if there is one.

Sources: Rother, Kolmogorov and Blake, "GrabCut", SIGGRAPH (2004); Qin et al., "U²-Net: going deeper with nested
U-structure for salient object detection", Pattern Recognition 106 (2020).
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from tintype.errors import TintypeError, WeightsError
from tintype.network.no_telemetry import import_openvino

Method = Literal["auto", "u2netp", "grabcut"]
Mask = NDArray[np.uint8]

U2NETP_VARIABLE = "TINTYPE_U2NETP"

# GrabCut looks at the picture at this short side: finer masks take ten times as long and are not better.
_SIDE, _ROUNDS = 64, 3
_SPECK = 0.02  # parts and holes of less than this share of the picture are noise
_LEAST = 8  # pixels; there is no background to be found in a picture narrower than this

_U2NETP_SIDE = 320
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet, which it was trained to expect
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


def foreground(rgb: NDArray[np.uint8], method: Method = "auto") -> Mask:
    """The subject of a picture: uint8 (H, W), 255 inside, 0 outside, soft at the border.

    rgb: uint8 (H, W, 3). "grabcut" takes what is in the middle, reaching down to the lower edge, for the subject, as
    in a portrait; "u2netp" finds it anywhere; "auto" is u2netp if its file is at hand, else grabcut. The same picture
    gives the same mask every time.

    Raises TintypeError when u2netp is asked for and there is no file, WeightsError when the file is not it.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise ValueError(f"rgb must be uint8 (H, W, 3) and not empty, not {rgb.dtype} {rgb.shape}")
    height, width = rgb.shape[:2]
    small = _u2netp(rgb) if choose_method(method) == "u2netp" else _grabcut(rgb)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def choose_method(method: Method) -> Literal["u2netp", "grabcut"]:
    """What `method` comes to on this machine.

    Raises TintypeError for an unknown one, or for u2netp without its file.
    """
    if method not in ("auto", "u2netp", "grabcut"):
        raise TintypeError(f"method is {method!r}; choose one of auto, u2netp, grabcut")
    path = os.environ.get(U2NETP_VARIABLE)
    if method == "grabcut" or (method == "auto" and not path):
        return "grabcut"
    if not path:
        raise TintypeError(f"the method u2netp needs its network: name the file u2netp.onnx in {U2NETP_VARIABLE}")
    if not Path(path).is_file():
        raise TintypeError(f"{U2NETP_VARIABLE} is {path}, and there is no such file; correct it, or use grabcut")
    return "u2netp"


def _grabcut(rgb: NDArray[np.uint8]) -> Mask:
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / min(height, width), 4 * _SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    if min(size) < _LEAST:
        return np.full(small.shape[:2], 255, np.uint8)
    labels = _first_guess(*small.shape[:2])
    background, subject = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # its colour clusters start from random pixels
    cv2.grabCut(small, labels, (0, 0, 1, 1), background, subject, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    inside = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0).astype(np.uint8)
    inside = 255 - _without_specks(255 - _without_specks(inside))
    return np.asarray(cv2.GaussianBlur(inside, (0, 0), 1.0), np.uint8)


def _first_guess(height: int, width: int) -> NDArray[np.uint8]:
    """GrabCut's labels before it looks: an upright figure in the middle, of which head and chest are certain.

    Only the upper corners are certainly background. Of the photographs tried, those that a face fills lost hair and
    forehead with any more than that.
    """
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = (2 * y + 1) / height - 1, (2 * x + 1) / width - 1
    likely = ((x / 0.8) ** 2 + (y / 0.95) ** 2 < 1) | ((np.abs(x) < 0.8) & (y > 0))
    certain = (x / 0.5) ** 2 + ((y - 0.05) / 0.7) ** 2 < 1
    corners = ((x / 1.15) ** 2 + (y / 1.25) ** 2 > 1) & (y < 0)
    labels = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    labels[likely], labels[certain], labels[corners] = cv2.GC_PR_FGD, cv2.GC_FGD, cv2.GC_BGD
    return labels


def _without_specks(mask: Mask) -> Mask:
    count, parts, figures, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    kept = np.zeros(count, np.uint8)
    kept[1:] = np.where(figures[1:, cv2.CC_STAT_AREA] >= _SPECK * mask.size, 255, 0)
    return np.asarray(kept[parts], np.uint8)


def _u2netp(rgb: NDArray[np.uint8]) -> Mask:
    """The network's saliency, (320, 320), stretched to the whole range as its authors do."""
    network = _open_u2netp(os.environ[U2NETP_VARIABLE])
    side = _U2NETP_SIDE
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    planes = ((small / max(1.0, float(small.max())) - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]
    request = network.create_infer_request()  # one for each call: several threads may ask at once
    saliency = np.array(request.infer([np.ascontiguousarray(planes)])[network.output(0)], np.float32).reshape(
        side, side
    )
    low, high = float(saliency.min()), float(saliency.max())
    if not np.isfinite(saliency).all():
        raise WeightsError(f"{os.environ[U2NETP_VARIABLE]}: the network answered with NaN or infinity; it is broken")
    if high - low < 1e-3:  # nothing stands out
        return np.full((side, side), 255, np.uint8)
    return np.round((saliency - low) * np.float32(255 / (high - low))).astype(np.uint8)


@lru_cache(maxsize=1)
def _open_u2netp(path: str) -> Any:
    openvino = import_openvino()
    core = openvino.Core()
    try:
        graph = core.read_model(path)
        graph.reshape({graph.input(0): [1, 3, _U2NETP_SIDE, _U2NETP_SIDE]})
        shape = list(graph.output(0).shape)
        if shape != [1, 1, _U2NETP_SIDE, _U2NETP_SIDE]:
            raise WeightsError(f"{path}: its first output is {shape}, that of u2netp is [1, 1, 320, 320]")
        return core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    except RuntimeError as error:
        raise WeightsError(f"{path}: not the network u2netp ({str(error).strip().splitlines()[-1]})") from error
