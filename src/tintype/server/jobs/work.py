"""What a worker does with a job, kind by kind."""

import os
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tintype.errors import TintypeError
from tintype.server.colouring import colour
from tintype.server.predictor.address import RETRY_SECONDS, PredictorAwayError
from tintype.server.problems import ProblemError, from_library
from tintype.server.schemas.common import ColourOptions
from tintype.server.services import Services

from .job_store import CancelledJobError, Claim, LeftJobError, LostJobError, PausedJobError, claim_next

Step = Callable[[Services, Claim], None]


def worker_name() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def run(services: Services, lane: str, worker: str) -> None:
    """Do the next job of a lane, if one waits; every outcome is written down."""
    job = claim_next(services, lane, worker)
    if job is None:
        return
    log = structlog.get_logger("tintype.jobs").bind(job=job.id, kind=job.kind, attempt=job.attempts)
    log.info("job begins")
    mine = Claim(services, job, worker)
    ended = threading.Event()
    heart = threading.Thread(target=_beat, args=(mine, ended, services.settings.lease_seconds / 4), daemon=True)
    heart.start()
    try:
        with services.metrics.span(f"job {job.kind}") as span:
            span.set_attribute("tintype.job.attempt", job.attempts)
            _steps()[job.kind](services, mine)
        mine.end("done")
        log.info("job done")
    except CancelledJobError:
        mine.end("cancelled")
        log.info("job cancelled")
    except PausedJobError:
        mine.wait()
        log.info("job paused")
    except LostJobError:
        log.warning("job lost to another worker")
    except LeftJobError:
        mine.leave()
        log.info("job left to another worker")
    except PredictorAwayError as error:
        log.warning("job waits for the predictor", why=str(error))
        services.stopping.wait(RETRY_SECONDS)
        mine.leave()
    except (OperationalError, PoolTimeout) as error:  # nothing can be written down: the lease runs out, and it goes on
        log.warning("database away", why=type(error).__name__)
    except Exception as error:
        text = _public(error)
        log.error("job failed", why=text, exc_info=not isinstance(error, (TintypeError, ProblemError)))
        mine.end("failed", text)
    finally:
        ended.set()
        heart.join()


def _beat(mine: Claim, ended: threading.Event, every: float) -> None:
    while not ended.wait(every):
        try:
            mine.keep_alive()
        except LostJobError:
            return
        except Exception:  # the database may be away for a moment; the lease is longer than that
            structlog.get_logger("tintype.jobs").warning("no heartbeat", exc_info=True)


def _steps() -> dict[str, Step]:
    from tintype.server.evaluations.prepare import prepare_study

    from .films import colour_film
    from .scenes import find_scenes

    return {"colorize": _colour_each, "film": colour_film, "scenes": find_scenes, "study": prepare_study}


def _colour_each(services: Services, mine: Claim) -> None:
    """Colour every picture of the payload; a bad one costs the others nothing. Continues where an earlier try ended."""
    from tintype.server.left import found_left

    payload = mine.job.payload
    options = ColourOptions.model_validate(payload["options"])
    outcomes: list[dict[str, Any]] = list(mine.job.outcomes)
    for number, picture_id in enumerate(payload["pictures"]):
        if number < len(outcomes):
            continue
        mine.checkpoint()
        outcome: dict[str, Any] = {"picture_id": picture_id, "result_id": None, "error": None, "left": None}
        try:
            outcome["left"] = found_left(services, picture_id) if payload.get("skip_colour") else None
            if outcome["left"] is None:
                outcome["result_id"] = colour(services, picture_id, options)[0].id
        except PredictorAwayError:  # no fault of the picture's
            raise
        except (TintypeError, ProblemError) as error:
            outcome["error"] = _public(error)
        outcomes.append(outcome)
        mine.progress(len(outcomes), outcomes=list(outcomes))
        if len(outcomes) < len(payload["pictures"]):
            mine.give_way()
    if outcomes and all(outcome["error"] for outcome in outcomes):
        raise ProblemError(422, outcomes[0]["error"])


def _public(error: Exception) -> str:
    if isinstance(error, ProblemError):
        return error.detail
    if isinstance(error, TintypeError):
        return from_library(error)[1]
    return "something unforeseen happened; the worker's log says what"
