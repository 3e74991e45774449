"""What goes into the bundle: the distributions that some extras ask for, and no other that happens to be installed."""

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
# `all` but for addresses: pyarrow alone would be a third of the bundle.
PHOTOS = ("heif", "pdf", "raw", "server")
EXTRAS = (*PHOTOS, "video")
# Of OpenVINO: tintype asks for the processor, and reads ONNX. The cache is that of the plugin for GPUs.
_NOT_OF_OPENVINO = re.compile(
    r"openvino_(intel_gpu|intel_npu|auto|hetero)\w*_plugin|openvino_auto_batch|openvino_c\b|cache\.json$"
    r"|openvino_(tensorflow|tensorflow_lite|pytorch|paddle|jax|gguf)_frontend|tbbmalloc_proxy"
)
# OpenCV's own copy of FFmpeg, which it opens on Windows when asked for a film; tintype reads films by PyAV.
_NOT_OF_OPENCV = re.compile(r"opencv_videoio_ffmpeg\w*\.dll$")


def distributions(extras: Iterable[str] = EXTRAS) -> set[str]:
    """The names, in small letters and with hyphens, of all that tintype and these extras ask for and is installed."""
    from packaging.requirements import Requirement

    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(one for extra in extras for one in project["optional-dependencies"][extra])]
    found: set[str] = set()
    waiting = [Requirement(line) for line in asked]
    while waiting:
        requirement = waiting.pop()
        name = _normal(requirement.name)
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another system, or left out by whoever installed
        if name in found and not requirement.extras:
            continue
        found.add(name)
        for one in map(Requirement, lines):
            is_asked = one.marker is None or any(
                one.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            )
            if is_asked and (_normal(one.name) not in found or one.extras):
                waiting.append(one)
    return found


def modules_of_others(wanted: set[str]) -> list[str]:
    """The top-level modules that are installed here and belong to none of the wanted distributions."""
    owners = metadata.packages_distributions()
    others = {name for name, of in owners.items() if name.isidentifier() and not wanted & {_normal(one) for one in of}}
    return sorted(others - {"tintype", "PyInstaller", "pkg_resources", "setuptools"} - set(sys.stdlib_module_names))


def is_wanted(path: str) -> bool:
    """Whether a library or a data file of a wanted distribution is of use to tintype."""
    path = path.replace("\\", "/")
    return not (_NOT_OF_OPENVINO.search(path) or _NOT_OF_OPENCV.search(path) or "/tests/" in f"/{path}")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
