"""The models on offer, each loaded once and kept."""

import threading
from collections import OrderedDict

import numpy as np
import structlog

from tintype.colorizer.colorizer import Colorizer
from tintype.errors import WeightsError
from tintype.network.ensemble import as_one, combined
from tintype.network.model_file import ModelFile, find_model, list_models

from .blends import is_blend, name_of, parts_of
from .predictor.address import PredictorAwayError
from .predictor.client import Predictor
from .problems import ProblemError
from .settings import Settings

_BLENDS = 1000  # whose names are remembered


class ModelRegistry:
    """Colorizers by name; at most ``loaded_models`` of them stay in memory."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._loaded: OrderedDict[str, Colorizer] = OrderedDict()
        self._offered: dict[str, ModelFile] | None = None
        self._blends: OrderedDict[str, str] = OrderedDict()  # names by hash
        is_local = settings.predictor == "local"
        self.predictor = None if is_local else Predictor(settings.predictor, settings.predictor_seconds)

    @property
    def default(self) -> str:
        """The default model's name."""
        return next(iter(self.offered()))

    def offered(self) -> dict[str, ModelFile]:
        """The models on offer by name, the default first.

        A name is that of the file without its folder, which is nobody's business. Of several files with one name the
        first keeps it, the others carry the beginning of their hash: the same on every machine.

        Raises:
            WeightsError: one of them is missing or corrupt.
        """
        if self._offered is None:
            named = self._settings.model_names
            files = [find_model(name) for name in named] if named else list_models()
            found: dict[str, ModelFile] = {}
            for file in (find_model(self._settings.model), *files):
                if all(file.sha256 != one.sha256 or file.path.stem != one.path.stem for one in found.values()):
                    name = file.path.stem
                    found[name if name not in found else f"{name}-{file.sha256[:8]}"] = file
            self._offered = found
        return self._offered

    def name(self, file: ModelFile) -> str:
        """What a model on offer, or several together, are called here."""
        found = next((name for name, one in self.offered().items() if one == file), None)
        return found or self._blends.get(file.sha256) or file.path.stem

    def file(self, name: str | None) -> ModelFile:
        """The model of that name, the default when None; of several together what they are as one.

        Raises:
            ProblemError: 422, it is not on offer; 501, models are not mixed here.
        """
        offered = self.offered()
        wanted = name or self.default
        if is_blend(wanted, offered):
            return self._blend(wanted)[0]
        if wanted not in offered:
            raise ProblemError(422, f"no model is called {wanted[:100]!r} here; on offer are {', '.join(offered)}")
        return offered[wanted]

    def get(self, name: str | None) -> Colorizer:
        """The colorizer of that name, loaded if it is not yet; or one whose network the predictor runs.

        Raises:
            ProblemError: 422, it is not on offer.
            PredictorAwayError: its network is elsewhere, and nobody answers there.
        """
        if is_blend(name or "", self.offered()):
            return self._mixed(name or "")
        file = self.file(name)
        key = self.name(file)
        with self._lock:
            colorizer = self._loaded.get(key)
            if colorizer is None:
                colorizer = self._load(file)
                if colorizer.model.sha256 != file.sha256:
                    raise WeightsError(f"the model {key} changed while the server was running; start it again")
                self._loaded[key] = colorizer
                structlog.get_logger("tintype.server").info("model loaded", model=key)
            self._loaded.move_to_end(key)
            while len(self._loaded) > self._settings.loaded_models:
                self._loaded.popitem(last=False)
        return colorizer

    @property
    def can_blend(self) -> bool:
        """Whether models may be asked to answer together: where they run in this process."""
        return self.predictor is None

    def _blend(self, text: str) -> tuple[ModelFile, dict[str, ModelFile]]:
        if not self.can_blend:
            raise ProblemError(501, "models are not mixed where a predictor runs them; name one", missing="blends")
        parts = parts_of(text, self.offered())
        whole, name = as_one(list(parts.values())), name_of(parts)
        with self._lock:
            self._blends[whole.sha256] = name
            self._blends.move_to_end(whole.sha256)
            while len(self._blends) > _BLENDS:
                self._blends.popitem(last=False)
        return whole, parts

    def _mixed(self, text: str) -> Colorizer:
        """Several together, each the one that is loaded for itself: a mixture takes no memory of its own."""
        _, parts = self._blend(text)
        return Colorizer(combined([self.get(name).network.weighed(file.share) for name, file in parts.items()]))

    def find(self, name: str) -> ModelFile | None:
        """As `file`; None if it is not on offer any more."""
        try:
            return self.file(name)
        except ProblemError:
            return None

    def _load(self, file: ModelFile) -> Colorizer:
        if self.predictor is not None:
            return Colorizer(self.predictor.network(file))
        return Colorizer(file.path, device=self._settings.device, threads=self._settings.threads or None)

    def warm(self) -> None:
        """Load the default model and colour a small picture, so that nobody's first picture waits for it.

        A predictor elsewhere may be away now and come later: the server starts, and /ready says what it waits for.
        """
        self.offered()
        try:
            self.get(None).colorize(np.full((64, 64), 128, np.uint8))
        except PredictorAwayError as error:
            structlog.get_logger("tintype.server").warning("predictor away", why=str(error))

    def close(self) -> None:
        if self.predictor is not None:
            self.predictor.close()
