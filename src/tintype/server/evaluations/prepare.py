"""Making a study: its photos are copied, and each is coloured by every contestant before anybody votes."""

import hashlib
from typing import Any

from tintype.imaging.planes import chroma_is_neutral
from tintype.server.colouring import check, colour, without_metadata
from tintype.server.intake import check_photo
from tintype.server.jobs.job_store import Claim
from tintype.server.large import head_of, weigh
from tintype.server.library import copy_id, expiry, store_photo
from tintype.server.problems import ProblemError
from tintype.server.schemas.common import ColourOptions
from tintype.server.services import Services
from tintype.server.stored import read_file
from tintype.server.tables import Picture, Study

DEFAULT_QUESTION = {
    "arena": "Which of the two is the better colouring of this photograph?",
    "turing": "Are these the photograph's own colours, or were they added?",
}


def contestant(services: Services, options: ColourOptions, label: str | None = None) -> dict[str, Any]:
    """A contestant as a study keeps it. Raises ProblemError if the model is not there."""
    model = check(services, options)
    name = services.registry.name(model)
    named = options.model_copy(update={"model": name})
    return {"label": label or label_of(options, name), "options": named.model_dump()}


def label_of(options: ColourOptions, model: str) -> str:
    """What a colouring is called in rankings: the model, and what was asked beyond its defaults."""
    asked = options.asked()
    for drawn in ("hints", "strokes"):
        if drawn in asked:
            asked[drawn] = len(asked[drawn])
    return " ".join([model, *(f"{name}={value}" for name, value in asked.items())])[:120]


def create_study(
    services: Services,
    kind: str,
    name: str,
    question: str,
    contestants: list[dict[str, Any]],
    *,
    owner: str,
    listed: bool,
    checks: int = 0,
) -> Study:
    """Write a study down, still without photos.

    Raises:
        ProblemError: 422, contestants are missing or not to be told apart.
    """
    labels = [one["label"] for one in contestants]
    least = 2 if kind == "arena" else 1
    if len(labels) < least or len(set(labels)) != len(labels) or "" in labels:
        raise ProblemError(
            422, f"{kind} needs at least {least} contestants, each with a label of its own, not {labels}"
        )
    if checks and kind != "arena":
        raise ProblemError(422, "attention is checked where two colourings are compared: kind arena")
    study = Study(
        owner=owner, checks=checks, kind=kind, name=name or f"{' or '.join(labels)}?"[:200], listed=listed,
        question=question or DEFAULT_QUESTION[kind], contestants=contestants,
    )  # fmt: skip
    with services.database.session() as session:
        session.add(study)
    return study


def add_photo(services: Services, study: Study, data: bytes, name: str) -> None:
    """Copy a photo into a study and colour it; doing it twice changes nothing.

    Raises:
        ProblemError: the photo is no picture, or grey where the study asks which colours are real.
    """
    identity = copy_id(study.id, hashlib.sha256(data).digest())
    with services.database.session() as session:
        known = session.get(Picture, identity) is not None
    if not known:
        head = head_of(data)
        with services.gate.hold(weigh(head, "convert") + len(data)):
            checked = check_photo(data, name, services.settings.max_pixels)
            bare = without_metadata(data, head, checked.format)
        chroma = checked.photo.chroma
        if study.kind == "turing" and (chroma is None or chroma_is_neutral(chroma)):
            raise ProblemError(422, f"{checked.name} is grey; this study needs photographs in their own colours")
        # A copy of a person's photo goes when the photo would; those of the server's owner stay.
        expires = expiry(services) if study.owner else None
        store_photo(services, bare, checked, owner="", study_id=study.id, identity=identity, expires=expires)
    for one in study.contestants:
        colour(services, identity, ColourOptions.model_validate(one["options"]))


def open_study(services: Services, study_id: str) -> None:
    """Let people vote."""
    with services.database.session() as session:
        session.get_one(Study, study_id).state = "open"


def prepare_study(services: Services, mine: Claim) -> None:
    """A job: copy and colour the payload's pictures, then open the study."""
    payload = mine.job.payload
    with services.database.session() as session:
        study = session.get(Study, payload["study"])
    if study is None:
        raise ProblemError(404, "the study was deleted")
    outcomes = list(mine.job.outcomes)
    for picture_id in payload["pictures"][len(outcomes) :]:
        mine.checkpoint()
        outcome: dict[str, Any] = {"picture_id": picture_id, "result_id": None, "error": None}
        try:
            with services.database.session() as session:
                picture = session.get(Picture, picture_id)
            if picture is None:
                raise ProblemError(404, "the picture was deleted")
            add_photo(services, study, read_file(services.storage, picture.key), picture.name)
        except ProblemError as error:
            outcome["error"] = error.detail
        outcomes.append(outcome)
        mine.progress(len(outcomes), outcomes=list(outcomes))
        if len(outcomes) < len(payload["pictures"]):
            mine.give_way()
    if all(outcome["error"] for outcome in outcomes):
        raise ProblemError(422, outcomes[0]["error"] if outcomes else "no photo was given")
    open_study(services, study.id)
