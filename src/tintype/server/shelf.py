"""The models on offer, each loaded once and kept."""

import threading
from collections import OrderedDict
from pathlib import Path

import numpy as np
import structlog

from ..colorizer import Colorizer
from ..errors import WeightsError
from ..weights import ModelFile, find_model, list_models
from .problems import ProblemError
from .settings import Settings


class Shelf:
    """Colorizers by name; at most ``loaded_models`` of them stay in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, Colorizer] = OrderedDict()
        self._offered: dict[str, ModelFile] | None = None

    @property
    def default(self) -> str:
        """The default model's name; of one that the settings give as a path, the file's, which tells no path."""
        name = self._settings.model
        return Path(name).stem if name.endswith(".onnx") else name

    def offered(self) -> dict[str, ModelFile]:
        """The models on offer by name, the default first.

        Raises:
            WeightsError: one of them is missing or corrupt.
        """
        if self._offered is None:
            named = self._settings.model_names
            files = [find_model(name) for name in named] if named else list_models()
            found = {file.path.stem: file for file in files}
            default = self.default
            if default not in found or default != self._settings.model:
                found[default] = find_model(self._settings.model)
            self._offered = {default: found.pop(default)} | found
        return self._offered

    def file(self, name: str | None) -> ModelFile:
        """The model of that name, the default when None.

        Raises:
            ProblemError: 422, it is not on offer.
        """
        offered = self.offered()
        wanted = name or self.default
        if wanted not in offered:
            raise ProblemError(422, f"no model is called {wanted[:100]!r} here; on offer are {', '.join(offered)}")
        return offered[wanted]

    def get(self, name: str | None) -> Colorizer:
        """The colorizer of that name, loaded if it is not yet.

        Raises:
            ProblemError: 422, it is not on offer.
        """
        file = self.file(name)
        key = file.path.stem
        with self._lock:
            colorizer = self._loaded.get(key)
            if colorizer is None:
                threads = self._settings.threads or None
                colorizer = Colorizer(file.path, device=self._settings.device, threads=threads)
                if colorizer.model.sha256 != file.sha256:
                    raise WeightsError(f"the model {key} changed while the server was running; start it again")
                self._loaded[key] = colorizer
                structlog.get_logger("tintype.server").info("model loaded", model=key)
            self._loaded.move_to_end(key)
            while len(self._loaded) > self._settings.loaded_models:
                self._loaded.popitem(last=False)
        return colorizer

    def warm(self) -> None:
        """Load the default model and colour a small picture, so that nobody's first picture waits for it."""
        self.get(None).colorize(np.full((64, 64), 128, np.uint8))
