"""Versions, and which extras are installed."""

import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec

from tintype.version import __version__

from .finding import Finding

# What is imported of an extra, and the distribution that brings it.
EXTRAS: dict[str, dict[str, str]] = {
    "heif": {"pillow_heif": "pillow-heif", "pillow_jxl": "pillow-jxl-plugin"},
    "raw": {"rawpy": "rawpy"},
    "pdf": {"pypdfium2": "pypdfium2"},
    "video": {"av": "av", "cv2": "opencv-python-headless"},
    "server": {
        "alembic": "alembic", "fastapi": "fastapi", "huey": "huey", "multipart": "python-multipart",
        "prometheus_client": "prometheus-client", "pydantic_settings": "pydantic-settings", "sqlalchemy": "sqlalchemy",
        "structlog": "structlog", "uvicorn": "uvicorn",
    },
    "oidc": {"authlib": "authlib", "httpx": "httpx", "itsdangerous": "itsdangerous"},
    "otel": {
        "opentelemetry.sdk": "opentelemetry-sdk",
        "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    },
    "postgres": {"psycopg": "psycopg"},
    "redis": {"redis": "redis"},
    "urls": {"fsspec": "fsspec", "pyarrow": "pyarrow"},
    "s3": {"s3fs": "s3fs"},
    "gcs": {"gcsfs": "gcsfs"},
    "gpu": {"onnxruntime": "onnxruntime-gpu"},
    "train": {
        "cv2": "opencv-python-headless", "lightning_fabric": "lightning-fabric", "onnx": "onnx",
        "onnxruntime": "onnxruntime", "onnxscript": "onnxscript", "pydantic": "pydantic", "plotly": "plotly",
        "safetensors": "safetensors", "tensorboard": "tensorboard", "torch": "torch", "torchmetrics": "torchmetrics",
        "webdataset": "webdataset",
    },
    "metrics": {"cv2": "opencv-python-headless", "torch": "torch", "torchmetrics": "torchmetrics"},
    "tune": {"filelock": "filelock", "optuna": "optuna", "sqlalchemy": "sqlalchemy"},
    "ray": {"filelock": "filelock", "ray": "ray"},
}  # fmt: skip
CORE = ("numpy", "openvino", "pillow", "pyvips", "rich", "simplejpeg", "typer")


def version_of(distribution: str) -> str | None:
    """The installed version of a distribution, None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def is_there(module: str) -> bool:
    """Whether a module can be imported; what it is a part of may be missing too."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # find_spec imports the parent of a dotted name
        return False


def versions() -> Iterator[Finding]:
    """tintype, Python, the system, and what the core is made of."""
    yield Finding("versions", "tintype", "ok", __version__)
    frozen = " (bundled)" if getattr(sys, "frozen", False) else ""
    yield Finding(
        "versions", "Python", "ok", f"{platform.python_version()}, {platform.python_implementation()}{frozen}"
    )
    yield Finding("versions", "system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")
    for name in CORE:
        found = version_of(name)
        yield Finding(
            "versions", name, "ok" if found else "wrong", found or "missing", "" if found else f"pip install {name}"
        )
    import pyvips  # its library has a version of its own

    parts = ".".join(str(pyvips.version(part)) for part in range(3))
    yield Finding("versions", "libvips", "ok", parts)


def extras() -> Iterator[Finding]:
    """Each extra: there, or the line that installs it."""
    for extra, modules in EXTRAS.items():
        lacking = [
            name
            for module, name in modules.items()
            if not is_there(module) or (extra == "gpu" and not version_of(name))
        ]
        line = f"pip install 'tintype[{extra}]'"
        if not lacking:
            shown = {name: version_of(name) for name in modules.values()}
            yield Finding(
                "extras", extra, "ok", ", ".join(f"{name} {version}" for name, version in shown.items() if version)
            )
        elif len(lacking) < len(modules):
            yield Finding("extras", extra, "absent", f"lacks {', '.join(lacking)}", line)
        else:
            yield Finding("extras", extra, "absent", "not installed", line)
