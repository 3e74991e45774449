"""Everything that routes and workers share, made once from the settings."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .database import Database
from .gate import Gate
from .metrics import Metrics
from .settings import Settings
from .shelf import Shelf
from .storage import Storage

if TYPE_CHECKING:
    from .jobs.queue import JobQueue
    from .open_pictures import OpenPictures


@dataclass
class Services:
    """The parts of one process, a web server or a worker."""

    settings: Settings
    database: Database
    storage: Storage
    shelf: Shelf
    gate: Gate
    metrics: Metrics
    jobs: JobQueue
    opened: OpenPictures
    ready: bool = False
    stopping: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, settings: Settings, metrics: Metrics | None = None) -> Services:
        """Connect to everything; tables are brought up to date if the settings say so.

        Raises:
            TintypeError: something the settings name cannot be used.
        """
        from .jobs.queue import JobQueue
        from .open_pictures import OpenPictures

        database = Database(settings.database)
        if settings.migrate:
            database.upgrade()
        storage, shelf = Storage(settings.storage), Shelf(settings)
        services = cls(
            settings=settings,
            database=database,
            storage=storage,
            shelf=shelf,
            gate=Gate(settings.cores, settings.waiting, settings.wait_seconds),
            metrics=metrics or Metrics(),
            jobs=JobQueue(settings.queue),
            opened=OpenPictures(shelf, storage, settings),
        )
        services.metrics.watch("tintype_pictures_in_work", "Pictures in work or in line.", lambda: services.gate.inside)
        services.metrics.watch(
            "tintype_open_hits", "Predictions on a picture that was open.", lambda: services.opened.hits
        )
        services.metrics.watch("tintype_open_misses", "Pictures opened for prediction.", lambda: services.opened.misses)
        return services

    def close(self) -> None:
        self.shelf.close()
        self.jobs.close()
        self.database.close()
