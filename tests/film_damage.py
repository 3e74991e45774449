"""Damage that old film has, made on clean frames (H, W) uint8: each kind by itself, the same for the same seed."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]


def flicker(frames: Sequence[Luma], seed: int = 0) -> list[Luma]:
    """Gain and offset of each frame at random."""
    rng = np.random.default_rng(seed)
    gains, offsets = rng.normal(1, 0.07, len(frames)), rng.normal(0, 5, len(frames))
    return [_samples(frame * gain + offset) for frame, gain, offset in zip(frames, gains, offsets, strict=True)]


def dust(frames: Sequence[Luma], seed: int = 0, specks: float = 1e-4) -> list[Luma]:
    """Dark and bright specks, blobs and hairs, in one frame each; so many for each pixel."""
    rng = np.random.default_rng(seed)
    made = []
    for frame in frames:
        height, width = frame.shape
        strength = np.zeros(frame.shape, np.float32)
        values = np.zeros(frame.shape, np.float32)
        for _ in range(max(2, round(specks * frame.size))):
            x, y = int(rng.integers(width)), int(rng.integers(height))
            layer = np.zeros(frame.shape, np.uint8)
            if rng.random() < 0.8:
                axes = tuple(int(v) for v in rng.integers(1, 4, 2))
                cv2.ellipse(layer, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
            else:
                points = np.cumsum(rng.integers(-4, 5, (5, 2)), axis=0) + np.array([x, y])
                cv2.polylines(layer, [points.astype(np.int32)], False, 255, 1)
            soft = cv2.GaussianBlur(layer, (3, 3), 0.6).astype(np.float32) / 255
            values[soft > strength] = 250 if rng.random() < 0.6 else 8
            strength = np.maximum(strength, soft)
        made.append(_samples(frame + (values - frame) * strength))
    return made


def scratches(frames: Sequence[Luma], seed: int = 0, count: int = 3) -> list[Luma]:
    """Vertical lines over the whole height that wander by fractions of a pixel."""
    rng = np.random.default_rng(seed)
    height, width = frames[0].shape
    lines = [
        (rng.uniform(0.1, 0.9) * width, rng.choice([-1, 1]) * rng.uniform(15, 45), rng.uniform(0.7, 1.4))
        for _ in range(count)
    ]
    made = []
    x = np.arange(width, dtype=np.float32)
    for frame in frames:
        off = np.zeros((height, width), np.float32)
        for i, (place, depth, wide) in enumerate(lines):
            place += float(rng.normal(0, 0.15))
            lines[i] = (place, depth, wide)
            along = 1 + 0.25 * np.sin(np.arange(height, dtype=np.float32) / 23 + i)[:, None]
            off += depth * along * np.exp(-((x - place) ** 2) / (2 * wide**2))
        made.append(_samples(frame + off))
    return made


def weave(frames: Sequence[Luma], seed: int = 0, pixels: float = 1.5) -> list[Luma]:
    """Every frame shifted at random, by so many pixels of deviation."""
    rng = np.random.default_rng(seed)
    made = []
    for frame in frames:
        x, y = rng.normal(0, pixels, 2).clip(-3 * pixels, 3 * pixels)
        matrix = np.array([[1, 0, x], [0, 1, y]])
        size = frame.shape[1], frame.shape[0]
        made.append(cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    return made


def grain(frames: Sequence[Luma], seed: int = 0, deviation: float = 9.0) -> list[Luma]:
    """Noise as soft as that of film, strongest in the middle tones."""
    rng = np.random.default_rng(seed)
    made = []
    for frame in frames:
        field = cv2.GaussianBlur(rng.standard_normal(frame.shape, np.float32), (0, 0), 0.6)
        field *= deviation / field.std()
        level = frame.astype(np.float32) / 255
        made.append(_samples(frame + field * np.sqrt(4 * level * (1 - level) + 0.05)))
    return made


DAMAGE: dict[str, Callable[..., list[Luma]]] = {
    "deflicker": flicker, "dust": dust, "scratches": scratches, "stabilize": weave, "grain": grain,
}  # fmt: skip


def _samples(values: NDArray[np.float64] | NDArray[np.float32]) -> Luma:
    return np.rint(values).clip(0, 255).astype(np.uint8)
