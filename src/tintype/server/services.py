"""Everything that routes and workers share, made once from the settings."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Intake, SteadyClock
from .database import Database
from .evaluations.kept import KeptTables
from .gate import ConcurrencyLimiter
from .health import PartsHealth
from .machine import cores, memory_limit, resident
from .metrics import Metrics
from .model_registry import ModelRegistry
from .newest import Newest
from .preparing import Preparation
from .seen import Seen
from .settings import Settings
from .storage import Storage

if TYPE_CHECKING:
    from .jobs.queue import Lanes
    from .open_pictures import OpenPictures

_SHARE = 0.9  # of the memory that there is: the rest is for what nobody reckons with
_CACHES = 200 << 20  # open pictures, graphs of further models
_LEAST_MEMORY = 128 << 20


@dataclass
class Services:
    """The parts of one process, a web server or a worker."""

    settings: Settings
    database: Database
    storage: Storage
    registry: ModelRegistry
    gate: ConcurrencyLimiter
    metrics: Metrics
    jobs: Lanes
    opened: OpenPictures
    tables: KeptTables
    intake: Intake = field(default_factory=Intake)
    clock: SteadyClock = field(default_factory=SteadyClock)
    health: PartsHealth = field(default_factory=PartsHealth)
    newest: Newest = field(default_factory=Newest)
    seen: Seen = field(default_factory=Seen)
    ready: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)
    preparation: Preparation = field(init=False)

    def __post_init__(self) -> None:
        self.preparation = Preparation(self.gate, self.stopping)

    @classmethod
    def start(cls, settings: Settings, metrics: Metrics | None = None) -> Services:
        """Connect to everything; tables are brought up to date if the settings say so.

        Raises:
            TintypeError: something the settings name cannot be used.
        """
        from .jobs.queue import Lanes
        from .open_pictures import OpenPictures

        database = Database(settings.database)
        if settings.migrate:
            database.upgrade()
        storage, registry = Storage(settings.storage), ModelRegistry(settings)
        services = cls(
            settings=settings,
            database=database,
            storage=storage,
            registry=registry,
            gate=ConcurrencyLimiter(
                settings.slots or cores(),
                settings.waiting,
                settings.wait_seconds,
                large_seconds=max(settings.wait_seconds, settings.request_seconds / 3),
            ),
            metrics=metrics or Metrics(),
            jobs=Lanes(settings.queue),
            tables=KeptTables(database),
            opened=OpenPictures(registry, storage, settings),
        )
        services.metrics.watch("tintype_pictures_in_work", "Pictures in work or in line.", lambda: services.gate.inside)
        services.metrics.watch(
            "tintype_bytes_in_work", "Memory that work is reckoned to take.", lambda: services.gate.bytes_in_work
        )
        services.metrics.watch(
            "tintype_open_hits", "Predictions on a picture that was open.", lambda: services.opened.hits
        )
        services.metrics.watch("tintype_open_misses", "Pictures opened for prediction.", lambda: services.opened.misses)
        return services

    def settle(self) -> None:
        """Load the default model, and give the gate what memory is left then."""
        self.registry.warm()
        limit = self.settings.memory_bytes or memory_limit()
        self.gate.memory = max(_LEAST_MEMORY, int(limit * _SHARE) - resident() - _CACHES)
        self.ready = True

    def close(self) -> None:
        self.registry.close()
        self.jobs.close()
        self.database.close()
        self.metrics.close()
