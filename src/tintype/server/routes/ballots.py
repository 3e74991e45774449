"""Ballots: look at both sides, choose one, learn what they were."""

from typing import Literal

from fastapi import APIRouter, Response

from tintype.server.colouring import check, colour
from tintype.server.evaluations.attention import CHECK, GREY
from tintype.server.evaluations.ballots import CHOICES, ORIGINAL, duel, find, vote
from tintype.server.evaluations.prepare import label_of
from tintype.server.identity import OwnerDep
from tintype.server.library import find_picture
from tintype.server.problems import ProblemError, documented, not_found
from tintype.server.schemas.common import Id
from tintype.server.schemas.evaluations import BallotPublic, Duel, Revealed, Vote
from tintype.server.stored import read_file
from tintype.server.tables import Picture, Result
from tintype.server.variants import variant

from .deps import ServicesDep
from .files import PICTURE, send_bytes

router = APIRouter(prefix="/api", tags=["evaluations"])


@router.post(
    "/pictures/{picture_id}/duels", operation_id="createDuel", status_code=201, responses=documented(404, 429, 501)
)
def create_duel(picture_id: Id, body: Duel, services: ServicesDep, owner: OwnerDep) -> BallotPublic:
    """Colour a photo in two ways and compare them blind."""
    with services.database.session() as session:
        if find_picture(session, picture_id, owner, to_change=True).kind != "photo":
            raise ProblemError(422, "this is a film; duels are of photos")
    pair = (body.first, body.second)
    labels = [label_of(options, services.registry.name(check(services, options))) for options in pair]
    if labels[0] == labels[1]:
        raise ProblemError(422, f"both sides are {labels[0]}; change the model or an option of one")
    coloured = [colour(services, picture_id, options, services.gate.pass_through)[0] for options in pair]
    ballot = duel(services, picture_id, dict(zip(labels, coloured, strict=True)), owner)
    return BallotPublic.of(ballot, CHOICES["arena"])


@router.get("/ballots/{ballot_id}", operation_id="getBallot", responses=documented(404))
def get_ballot(ballot_id: Id, services: ServicesDep, owner: OwnerDep) -> BallotPublic:
    """A ballot that the asker drew."""
    with services.database.session() as session:
        ballot = find(session, ballot_id, owner)
        return BallotPublic.of(ballot, CHOICES[ballot.kind])


@router.get(
    "/ballots/{ballot_id}/{side}", operation_id="getBallotSide", response_class=Response,
    responses=documented(404, 429) | PICTURE,
)  # fmt: skip
def get_side(
    ballot_id: Id, side: Literal["photo", "left", "right"], services: ServicesDep, owner: OwnerDep
) -> Response:
    """One picture of a ballot at screen size, as JPEG; nothing in the answer tells what it is."""
    with services.database.session() as session:
        ballot = find(session, ballot_id, owner)
        identity = ballot.left_id if side == "left" else ballot.right_id
        label = ballot.left_label if side == "left" else ballot.right_label
        is_pair = ballot.kind != "turing"
        is_original = side == "left" and not is_pair and label == ORIGINAL
        is_grey = side == "photo" or (ballot.kind == CHECK and label == GREY)
        row: Picture | Result | None = None
        if is_original or (is_grey and is_pair):
            row = session.get(Picture, ballot.picture_id) if ballot.picture_id else None
        elif side != "photo" and identity:
            row = session.get(Result, identity)
    if row is None:
        raise not_found("picture")
    key = variant(services, row, services.settings.preview_pixels, grey=is_grey)
    return send_bytes(read_file(services.storage, key), "image/jpeg", "side.jpg", headers={"Cache-Control": "no-store"})


@router.post("/ballots/{ballot_id}/vote", operation_id="castVote", responses=documented(404, 409))
def cast_vote(ballot_id: Id, body: Vote, services: ServicesDep, owner: OwnerDep) -> Revealed:
    """Choose, once; the answer says what was what."""
    ballot = vote(services, ballot_id, body.choice, owner)
    if ballot.kind == CHECK:
        left, right = (label or "the grey photo" for label in (ballot.left_label, ballot.right_label))
        return Revealed(choice=body.choice, left_label=left, right_label=right, is_check=True)
    left = ballot.left_label or "the original"
    return Revealed(choice=body.choice, left_label=left, right_label=ballot.right_label or None)
