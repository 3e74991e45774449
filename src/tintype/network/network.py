"""Run a model file: OpenVINO on CPUs, ONNX Runtime on NVIDIA GPUs.

This module knows nothing of pictures: planes in, planes out. The arithmetic that is used is always stated,
since OpenVINO by itself picks bf16 where the CPU has it, which shifts colours by a little (see `tintype
info`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from tintype.errors import MissingExtra, TintypeError, WeightsError, last_line
from tintype.imaging.types import Planes

from .contracts import CONTRACTS
from .contracts.engine import ContractEngine
from .engine import Device, Engine, Precision
from .foreign import interface_of
from .model_file import ModelFile, find_model
from .onnxruntime import OnnxRuntime, has_gpu_extra
from .openvino import OpenVino

_BOTH: tuple[Precision, Precision] = ("bf16", "f32")


COMPANION = "tint"  # shows what its encoder finds, for networks that do not


class Network:
    """A model ready to run, on one device at one stated precision.

    Args:
        model_file: what `find_model` returned.
        device: "cpu", "cuda", or "auto": a GPU if the extra gpu is installed and one answers, else the CPU.
        precision: "f32", "bf16" (CPUs that have it), or "auto": bf16 where the CPU has it, else f32.
        threads: CPU threads to use; all of them when None.
        streams: how many threads will call `run` at once; the CPU threads are divided among them.
        engine: runs the graph; when None, OpenVINO or ONNX Runtime, as the other arguments say.

    Raises:
        WeightsError: the graph cannot be loaded, or lacks the inputs and outputs of a tintype model.
        MissingExtra: device "cuda" without the extra `gpu`.
        TintypeError: the device or precision is not to be had on this machine.
    """

    def __init__(
        self,
        model_file: ModelFile,
        device: Device = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
        streams: int = 1,
        *,
        engine: Engine | None = None,
    ) -> None:
        _check_choice("device", device, get_args(Device))
        _check_choice("precision", precision, get_args(Precision))
        if threads is not None and threads < 1:
            raise TintypeError(f"threads is {threads}, the least is 1; leave it out to use every core")
        self.model_file, self.threads = model_file, threads
        if engine is None:
            engine = _open_engine(model_file, device, precision, threads, streams)
            if model_file.contract:
                engine = _speaking(model_file, engine, device, precision, threads, streams)
        self._engine = engine
        if "restored_lightness" in self._engine.outputs:
            raise WeightsError(
                f"{model_file.path}: it takes damage out of light and colours nothing; --restore "
                f"auto={model_file.path} asks it"
            )
        if "lightness" not in self._engine.inputs or "ab" not in self._engine.outputs:
            raise WeightsError(
                f"{model_file.path}: the graph goes from {', '.join(self._engine.inputs)} to "
                f"{', '.join(self._engine.outputs)}, a tintype model from lightness to ab; export it again"
            )

    @property
    def engine(self) -> str:
        """The inference engine and its version."""
        return self._engine.name

    @property
    def device(self) -> str:
        """The device in use: "cpu" or "cuda"."""
        return self._engine.device

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the graph takes: "lightness", and maybe "hints"."""
        return tuple(self._engine.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the graph can answer with: "ab", and maybe "distribution" or "painted_lightness"."""
        return tuple(self._engine.outputs)

    @property
    def features(self) -> tuple[str, ...]:
        """What `encode` finds beside the planes themselves; empty of a network that cannot be split."""
        return self._engine.features

    @property
    def precision(self) -> str:
        """The arithmetic in use, as the engine itself states it: "f32" or "bf16"."""
        return self._engine.precision

    def weighed(self, share: float) -> "Network":
        """The same network with another share among several that answer together."""
        return Network(replace(self.model_file, share=share), threads=self.threads, engine=self._engine)

    def encode(self, lightness: Planes) -> dict[str, Planes]:
        """What `decode` needs of a batch of lightness planes, as for `run`: what the network found in the pictures, so
        that other hints cost less; the planes themselves, of a network that cannot be split.

        Raises:
            TintypeError: the planes have the wrong shape.
            WeightsError: the network fails.
        """
        feed = {"lightness": self._checked(lightness)}
        return feed | (self._answer(feed, self._engine.features) if self._engine.features else {})

    def decode(
        self, encoded: Mapping[str, Planes], hints: Planes | None = None, *, outputs: Sequence[str] = ("ab",)
    ) -> dict[str, Planes]:
        """Colour what `encode` gave; hints, answers and errors are those of `run`."""
        count, _, height, width = encoded["lightness"].shape
        return self._answer({**encoded, **self._hints(hints, (count, 3, height, width))}, tuple(outputs))

    def run(
        self, lightness: Planes, hints: Planes | None = None, *, outputs: Sequence[str] = ("ab",)
    ) -> dict[str, Planes]:
        """Colour a batch of lightness planes. Safe to call from several threads.

        Args:
            lightness: (N, 1, H, W) float32, L*/50 - 1, of a photograph, or of a drawing where the model is one for
                drawings; H and W multiples of the model's ``size_multiple``.
            hints: (N, 3, H, W) float32: a/110, b/110 and a mask of 0 and 1; no hints when None.
            outputs: which of `Network.outputs` to compute and hand back.

        Returns:
            "ab" (N, 2, h, w) in CIE units, h and w as the network likes; "distribution" (N, Q, h, w), logits over
            the colour bins; "painted_lightness" (N, 1, h, w), L*/50 - 1, of a network that paints the whole picture.

        Raises:
            TintypeError: a plane has the wrong shape.
            WeightsError: the network fails, or answers with something that is not a number.
        """
        return self.decode({"lightness": self._checked(lightness)}, hints, outputs=outputs)

    def _checked(self, lightness: Planes) -> Planes:
        multiple, fixed = self.model_file.info.size_multiple, self.model_file.fixed
        if fixed is not None and lightness.shape[1:] != (1, *fixed):
            raise TintypeError(
                f"lightness is {lightness.shape}; this network takes (N, 1, {fixed[0]}, {fixed[1]}) alone"
            )
        if lightness.ndim != 4 or lightness.shape[1] != 1 or any(s % multiple or not s for s in lightness.shape[2:]):
            raise TintypeError(
                f"lightness is {lightness.shape}; wanted is (N, 1, H, W), H and W multiples of {multiple}"
            )
        return np.ascontiguousarray(lightness, dtype=np.float32)

    def _hints(self, hints: Planes | None, shape: tuple[int, ...]) -> dict[str, Planes]:
        """The entry for hints of `shape`, where the graph has one."""
        if "hints" not in self._engine.inputs:
            if hints is not None:
                raise WeightsError(f"{self.model_file.path}: this model takes no hints")
            return {}
        if hints is None:
            return {"hints": np.zeros(shape, np.float32)}
        if hints.shape != shape:
            raise TintypeError(f"hints are {hints.shape}; wanted is {shape}")
        told = np.array(hints, dtype=np.float32, order="C")
        told[:, :2] *= told[:, 2:]  # what stands beside the mask would be taken for part of a hint
        return {"hints": told}

    def _answer(self, feed: Mapping[str, Planes], wanted: tuple[str, ...]) -> dict[str, Planes]:
        if unknown := [name for name in wanted if name not in (*self.outputs, *self.features)]:
            raise WeightsError(f"{self.model_file.path}: this model has no output {unknown[0]!r}")
        try:
            results = self._engine.run(feed, wanted)
        except TintypeError:  # an engine that is elsewhere says itself what is wrong
            raise
        except Exception as error:  # the engines raise bare RuntimeErrors of many lines
            raise WeightsError(f"{self.model_file.path}: the network failed ({last_line(error)})") from error
        answer = dict(zip(wanted, results, strict=True))
        if not all(planes.size for planes in results):  # OpenVINO's, when memory ran out inside
            raise WeightsError(f"{self.model_file.path}: the network answered with nothing; it may need more memory")
        if not all(np.isfinite(planes).all() for planes in results):
            raise WeightsError(f"{self.model_file.path}: the network answered with NaN or infinity; weights are broken")
        return answer


def _open_engine(
    model_file: ModelFile, device: Device, precision: Precision, threads: int | None, streams: int
) -> Engine:
    if device == "cpu" or (device == "auto" and (precision == "bf16" or not has_gpu_extra())):
        return OpenVino(model_file, precision, threads, streams)
    if not has_gpu_extra():
        raise MissingExtra("the device cuda needs ONNX Runtime for GPUs: pip install 'tintype[gpu]'")
    if precision == "bf16":
        raise TintypeError("bf16 is for CPUs; on the device cuda use the precision f32 or auto")
    try:
        return OnnxRuntime(model_file)
    except TintypeError:
        if device == "cuda":
            raise
        return OpenVino(model_file, precision, threads, streams)


def _speaking(
    model_file: ModelFile, engine: Engine, device: Device, precision: Precision, threads: int | None, streams: int
) -> Engine:
    """The engine of somebody else's network, as one of tintype's own."""

    def companion() -> Engine:
        return _open_engine(find_model(COMPANION), device, precision, threads, streams)

    interface = interface_of(model_file.path)
    return ContractEngine(engine, CONTRACTS[model_file.contract], interface, companion)


def _check_choice(what: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise TintypeError(f"{what} is {value!r}; choose one of {', '.join(allowed)}")


def bf16_difference(model_file: ModelFile) -> tuple[float, float]:
    """Mean and largest difference in ab (CIE units) between bf16 and f32, for a fixed picture, on this CPU.

    Raises:
        TintypeError: the CPU cannot compute in bf16.
        WeightsError: the network fails.
    """
    picture = _test_picture(model_file.info.size_multiple * -(-256 // model_file.info.size_multiple))
    rough, exact = (Network(model_file, "cpu", precision).run(picture)["ab"] for precision in _BOTH)
    difference = np.abs(rough - exact)
    return float(difference.mean()), float(difference.max())


def _test_picture(side: int) -> Planes:
    """A lightness plane with what photographs have: a gradient, an edge, texture, a round object."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plane = np.where(y < 0.45, 0.7 - 0.6 * y, 0.05 - 0.5 * y)
    texture = np.random.default_rng(0).normal(0, 0.15, (side, side)).astype(np.float32)
    plane += texture * (y >= 0.45)
    disc = (x - 0.6) ** 2 + (y - 0.55) ** 2 < 0.03
    plane[disc] = 0.4 + (x - y)[disc]
    bounded: Planes = np.clip(plane, -1, 1).astype(np.float32)
    return bounded[None, None]
