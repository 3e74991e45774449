"""Photos of a batch that are left as they were: found to be in colour, or at their owner's wish."""

from typing import Literal

from tintype.batch.skip import LeftAlone, Skip

from .colouring import colour
from .jobs.job_store import OPEN
from .problems import ProblemError, not_found
from .schemas.common import ColourOptions
from .services import Services
from .stored import read_small, weight_of
from .tables import Job, Picture

Left = Literal["colour", "own", "wish"]


def found_left(services: Services, picture_id: str) -> Left | None:
    """Why a photo is not to be coloured: it has colours of its own, or tintype gave them to it; None if it is grey or
    toned. Raises ProblemError, 404, if it has gone."""
    with services.database.session() as session:
        picture = session.get(Picture, picture_id)
    if picture is None:
        raise not_found("picture")
    kept = services.opened.kept(picture.key)
    if kept is not None and kept.chroma is None:  # grey, and no result of ours: those are not kept
        return None
    with services.gate.hold(weight_of(services.storage, picture.key, "look")):
        settings = services.settings
        small = read_small(services.storage, picture.key, settings.preview_pixels, settings.max_pixels)
        try:
            Skip(colour=True).check(small)
        except LeftAlone as decision:
            return "own" if decision.found == "own" else "colour"
    return None


def decide(services: Services, job_id: str, owner: str, picture_id: str, leave: bool) -> Job:
    """Turn round what a batch that has ended did with one photo: leave it as it was, or colour it as the others.

    Raises:
        ProblemError: 404, no such job or photo in it; 409, the job goes on; else as for a result.
    """
    with services.database.session() as session:
        job = session.get(Job, job_id)
    if job is None or job.owner != owner:
        raise not_found("job")
    if job.state in OPEN:
        raise ProblemError(409, f"the job is {job.state}; wait for its end, or cancel it first")
    if all(one["picture_id"] != picture_id for one in job.outcomes):
        raise not_found("picture")
    outcome = {"picture_id": picture_id, "result_id": None, "error": None, "left": "wish"}
    if not leave:
        options = ColourOptions.model_validate(job.payload.get("options") or {})
        result, _ = colour(services, picture_id, options, services.gate.pass_through)
        outcome |= {"result_id": result.id, "left": None}
    with services.database.session() as session:
        found = session.get(Job, job_id, with_for_update=True)
        if found is None:
            raise not_found("job")
        found.outcomes = [outcome if one["picture_id"] == picture_id else one for one in found.outcomes]
        return found
