"""What time, cameras and copying do to a print, drawn at random for training.

Modern photographs made grey teach a network to read clean pictures only. Old ones were taken on film that does not see
red, faded unevenly, were scratched, printed through a screen, photographed again and compressed. Every sample gets a
few of these at random strengths; its colours stay what they were.
"""

import copy
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from tintype.imaging.color import KB, KG, KR

Luma = NDArray[np.float32]  # (S, S), 0 to 255
Rng = np.random.Generator

LUMA_WEIGHTS = np.array([KR, KG, KB])  # BT.601
# Film before about 1925 sees blue and some green, almost no red (orthochromatic; the oldest plates blue alone).
EMULSIONS = np.array([[0.05, 0.45, 0.50], [0.02, 0.18, 0.80], [0.25, 0.45, 0.30]])


def emulsion(rgb: NDArray[np.uint8], rng: Rng) -> Luma:
    """The luma (S, S) of RGB (S, S, 3) as another film sees it, somewhere between BT.601 and an old emulsion."""
    share = rng.random()
    weights = share * EMULSIONS[rng.integers(len(EMULSIONS))] + (1 - share) * LUMA_WEIGHTS
    return np.asarray(cv2.transform(rgb, weights[None]), np.float32)


def blur(luma: Luma, rng: Rng) -> Luma:
    """Out of focus, or enlarged from something small: a Gaussian of up to 1.5 pixels."""
    return np.asarray(cv2.GaussianBlur(luma, (0, 0), rng.uniform(0.3, 1.5)), np.float32)


def fade(luma: Luma, rng: Rng) -> Luma:
    """Blacks turn grey, whites yellow (grey, here), middle tones move."""
    low, high, gamma = rng.uniform(0, 90), rng.uniform(150, 255), np.exp(rng.normal(0, 0.3))
    faded: Luma = (low + (high - low) * (luma.clip(0, 255) / 255) ** gamma).astype(np.float32)
    return faded


def harden(luma: Luma, rng: Rng) -> Luma:
    """Copied on hard paper: shadows and lights are cut off."""
    low, high = rng.uniform(0, 50), rng.uniform(190, 255)
    return ((luma - low) * (255 / (high - low))).astype(np.float32)


def stain(luma: Luma, rng: Rng) -> Luma:
    """Uneven fading and the spots of old paper, broad and soft."""
    cells = rng.normal(1, rng.uniform(0.02, 0.12), (int(rng.integers(2, 7)),) * 2).astype(np.float32)
    return np.multiply(luma, cv2.resize(cells, luma.shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def vignette(luma: Luma, rng: Rng) -> Luma:
    """Corners darker, or lighter, as in portraits of the time."""
    axis = np.linspace(-1, 1, luma.shape[0], dtype=np.float32)
    radius = (axis[:, None] ** 2 + axis[None] ** 2) / 2
    edge = rng.uniform(0, 255) if rng.random() < 0.3 else 0.0
    share = np.float32(rng.uniform(0.2, 0.8)) * radius
    return (luma * (1 - share) + edge * share).astype(np.float32)


def grain(luma: Luma, rng: Rng) -> Luma:
    """Noise of a drawn coarseness, strongest in middle tones."""
    noise = rng.standard_normal(luma.shape, np.float32)
    if rng.random() < 0.6:
        coarse = rng.uniform(0.4, 1.2)
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), coarse), np.float32) * np.float32(1 + 2.2 * coarse)
    middle = 1 - 0.6 * np.abs(luma.clip(0, 255) / 127.5 - 1)
    return (luma + rng.uniform(2, 13) * noise * middle).astype(np.float32)


def scratch(luma: Luma, rng: Rng) -> Luma:
    """Lines and specks, light or dark."""
    size = luma.shape[0]
    damage = np.zeros(luma.shape, np.uint8)
    for _ in range(int(rng.integers(1, 7))):
        start = rng.random(2) * size
        steps = rng.normal(0, size * 0.08, (4, 2)) + rng.normal(0, size * 0.15, 2)
        points = np.vstack([start, start + steps.cumsum(0)]).round().astype(np.int32)
        cv2.polylines(damage, [points], False, int(rng.integers(90, 256)), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 12))):
        centre = (int(rng.random() * size), int(rng.random() * size))
        cv2.circle(damage, centre, int(rng.integers(0, 3)), int(rng.integers(90, 256)), -1, cv2.LINE_AA)
    share = damage.astype(np.float32) / 255
    tone = np.float32(255 if rng.random() < 0.7 else 0)
    return np.asarray(luma * (1 - share) + tone * share, np.float32)


def halftone(luma: Luma, rng: Rng) -> Luma:
    """The dots of a printed page, blurred by the scan."""
    size = luma.shape[0]
    period, angle = rng.uniform(2.2, 4.5), rng.uniform(0, np.pi / 2)
    y, x = np.mgrid[:size, :size].astype(np.float32) * np.float32(2 * np.pi / period)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    screen = (np.cos(c * x + s * y) + np.cos(c * y - s * x)) * np.float32(rng.uniform(10, 45))
    return np.asarray(cv2.GaussianBlur(luma + screen, (0, 0), rng.uniform(0.3, 0.8)), np.float32)


def jpeg(luma: Luma, rng: Rng) -> Luma:
    """Compressed, and not carefully."""
    quality = int(rng.integers(12, 70))
    _, data = cv2.imencode(".jpg", luma.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)


# In the order in which they happen to a picture, each with the share of samples that it happens to.
STEPS: tuple[tuple[Callable[[Luma, Rng], Luma], float], ...] = (
    (blur, 0.3),
    (harden, 0.2),
    (fade, 0.4),
    (stain, 0.25),
    (vignette, 0.25),
    (grain, 0.5),
    (scratch, 0.2),
    (halftone, 0.06),
    (jpeg, 0.3),
)
SMOOTH = (harden, fade, stain, vignette)  # what changes a print as a whole
EMULSION = 0.35
HANDLED, CLOSER = 0.4, 0.4  # shares of the prints that `handled_print` makes


def degrade(rgb: NDArray[np.uint8], rng: Rng) -> NDArray[np.uint8]:
    """RGB (S, S, 3) -> the luma (S, S) of an old print of it, uint8."""
    return old_print(rgb, rng)[1]


def old_print(rgb: NDArray[np.uint8], rng: Rng) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """RGB (S, S, 3) -> the luma (S, S), uint8, of an old print of it without its damage, and with it.

    What is smooth is no damage here: how the film saw things, fading, stains and vignettes are in both.
    """
    if rng.random() < EMULSION:
        luma = emulsion(rgb, rng)
    else:
        luma = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY).astype(np.float32)
    whole = luma
    for step, share in STEPS:
        if rng.random() < share:
            if step in SMOOTH:
                whole = step(whole, copy.deepcopy(rng))
            luma = step(luma, rng)
    return _whole(whole), _whole(luma)


def handled_print(
    rgb: NDArray[np.uint8], rng: Rng, damaged: bool = True
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """As `old_print`, of a print that was handled too, and is sometimes scanned finer than it is sharp.

    Unless ``damaged``, both are the photograph as it is: what a restorer has to leave alone, soft ones too.
    """
    if damaged:
        whole, print_ = old_print(rgb, rng)
        if rng.random() < HANDLED:
            print_ = _whole(wear(print_.astype(np.float32), rng))
    else:
        whole = print_ = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    return closer(whole, print_, rng) if rng.random() < CLOSER else (whole, print_)


def wear(luma: Luma, rng: Rng) -> Luma:
    """Hairs, dust, cracks and long scratches of a pixel up to five, lighter or darker than what they lie on."""
    size = luma.shape[0]
    for _ in range(int(rng.integers(1, 4))):
        mask = np.zeros(luma.shape, np.uint8)
        kind = rng.integers(3)
        for _ in range(int(rng.integers(1, 5)) if kind else int(rng.integers(3, 30))):
            width = int(rng.integers(1, 6)) if rng.random() < 0.4 else 1
            start = rng.random(2) * size
            if kind == 0:  # dust
                axes = (int(rng.integers(0, 4)), int(rng.integers(0, 3)))
                place = (int(start[0]), int(start[1]))
                cv2.ellipse(mask, place, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
                continue
            # Long scratches are nearly straight, hairs and cracks turn.
            steps = np.cumsum(rng.normal(0, 0.04 if kind == 1 else 0.6, 16)) + rng.uniform(0, 2 * np.pi)
            reach = size * (rng.uniform(0.03, 0.09) if kind == 1 else rng.uniform(0.01, 0.04))
            path = start + reach * np.cumsum(np.stack([np.cos(steps), np.sin(steps)], 1), 0)
            cv2.polylines(mask, [path.round().astype(np.int32)], False, 255, width, cv2.LINE_AA)
        share = mask.astype(np.float32) * np.float32(rng.uniform(0.3, 1) / 255)
        if rng.random() < 0.5:
            share = np.asarray(cv2.GaussianBlur(share, (0, 0), rng.uniform(0.3, 1.0)), np.float32)
        tone = np.float32(rng.uniform(170, 255) if rng.random() < 0.65 else rng.uniform(0, 70))
        luma = np.asarray(luma * (1 - share) + tone * share, np.float32)
    return luma


def closer(
    whole: NDArray[np.uint8], damaged: NDArray[np.uint8], rng: Rng
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A part of both, enlarged up to three times: a scan that has more pixels than the print has detail."""
    size = whole.shape[0]
    side = max(8, round(size / rng.uniform(1, 3)))
    y, x = (int(rng.integers(0, size - side + 1)) for _ in range(2))
    pair = [
        np.asarray(cv2.resize(part[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)
        for part in (whole, damaged)
    ]
    return pair[0], pair[1]


def _whole(luma: Luma) -> NDArray[np.uint8]:
    return (luma.clip(0, 255) + 0.5).astype(np.uint8)
