"""Stars, studies, ballots, rankings."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tintype.server.root import here
from tintype.server.tables import Ballot, Rating, Study

from .common import ColourOptions, Line, Strict
from .jobs import PictureId

Choice = Literal["left", "right", "tie", "both_bad", "original", "coloured"]


class RatingCreate(Strict):
    """Stars and, if one likes, words."""

    stars: int = Field(ge=1, le=5)
    comment: Line = Field("", max_length=2000)


class RatingPublic(BaseModel):
    """The asker's own rating of a result."""

    stars: int
    comment: str
    created: datetime

    @classmethod
    def of(cls, row: Rating) -> "RatingPublic":
        return cls(stars=row.stars, comment=row.comment, created=row.created)


class Contestant(Strict):
    """A model with settings, under a label."""

    label: Annotated[Line | None, Field(max_length=100)] = None
    options: ColourOptions = Field(default_factory=ColourOptions)


class StudyCreate(Strict):
    """A question to put to people."""

    kind: Literal["arena", "turing"] = Field(description="arena: which is better? turing: is this real?")
    name: Line = Field("", max_length=200)
    question: Line = Field("", max_length=500)
    contestants: list[Contestant] = Field(min_length=1, max_length=20)
    pictures: list[PictureId] = Field(min_length=1, max_length=500, description="Photos of the asker; they are copied.")
    checks: int = Field(
        0,
        ge=0,
        le=10,
        description="In an arena: how often each voter is shown a grey photo against a coloured one; the votes of "
        "whoever prefers grey do not count.",
    )
    listed: bool = Field(False, description="Whether the study is shown to everybody, not only by its address.")


class StudyUpdate(Strict):
    """What may be changed of a study."""

    state: Literal["open", "closed"] | None = None
    listed: bool | None = None


class StudyPublic(BaseModel):
    """A study, its contestants by label."""

    id: str
    kind: Literal["arena", "turing"]
    name: str
    question: str
    labels: list[str]
    state: Literal["preparing", "open", "closed"]
    listed: bool
    mine: bool
    job_id: str | None = Field(description="The job that prepares it, for its maker.")
    created: datetime

    @classmethod
    def of(cls, row: Study, owner: str) -> "StudyPublic":
        is_mine = row.owner == owner
        return cls.model_validate(
            {
                "id": row.id, "kind": row.kind, "name": row.name, "question": row.question,
                "labels": [one["label"] for one in row.contestants], "state": row.state, "listed": row.listed,
                "mine": is_mine, "job_id": row.job_id if is_mine else None, "created": row.created,
            }
        )  # fmt: skip


class BallotPublic(BaseModel):
    """A question with blind sides."""

    id: str
    kind: Literal["arena", "turing"]
    choices: list[Choice]
    photo_url: str | None = Field(description="The grey photograph; null where it is asked whether colours are real.")
    left_url: str
    right_url: str | None

    @classmethod
    def of(cls, row: Ballot, choices: tuple[str, ...]) -> "BallotPublic":
        base = here(f"/api/ballots/{row.id}")
        is_pair = row.kind != "turing"
        return cls.model_validate(
            {
                "id": row.id, "kind": "arena" if is_pair else "turing",
                "choices": list(choices), "left_url": f"{base}/left",
                "right_url": f"{base}/right" if is_pair else None, "photo_url": f"{base}/photo" if is_pair else None,
            }
        )  # fmt: skip


class Question(BaseModel):
    """The next question of a study, if any is left."""

    ballot: BallotPublic | None
    left: int = Field(description="Questions the asker has not answered yet, this one included.")


class Vote(Strict):
    """An answer; which ones are possible stands in the ballot."""

    choice: Choice


class Revealed(BaseModel):
    """What was what, told after the vote."""

    choice: Choice
    left_label: str = Field(description="`the original` where the photograph's own colours were shown.")
    right_label: str | None
    is_check: bool = Field(False, description="Whether this was a check of attention.")


class Duel(Strict):
    """Two ways to colour a photo, to be compared blind."""

    first: ColourOptions
    second: ColourOptions


class Ranked(BaseModel):
    """A contestant's place: Elo points around 1000, with the bounds of the 95 % interval."""

    label: str
    score: float
    low: float
    high: float
    wins: int
    losses: int
    ties: int
    both_bad: int


class Ranking(BaseModel):
    """Contestants by strength after Bradley and Terry, the strongest first."""

    votes: int
    voters: int
    left_out: int = Field(0, description="People whose votes do not count, since they preferred grey in a check.")
    contestants: list[Ranked]


class Taken(BaseModel):
    """How often colours were taken for the photograph's own, with the bounds of the 95 % interval."""

    label: str
    is_original: bool
    shown: int
    taken: int
    rate: float
    low: float
    high: float


class PictureSide(BaseModel):
    """One colouring of a photo in a study: how often it was shown, and chosen."""

    label: str = Field(description="Empty for the photograph's own colours.")
    shown: int
    chosen: int = Field(description="Won, in an arena; taken for the original's own colours, in a turing study.")
    thumbnail_url: str


class PictureOutcome(BaseModel):
    """What was said of one photo of a study."""

    photo_url: str = Field(description="Small and grey, as JPEG.")
    sides: list[PictureSide]


class StudyOutcome(BaseModel):
    """What a study says so far."""

    pictures: list[PictureOutcome] = Field(description="Photo by photo, those with the most answers first; at most 60.")

    ranking: Ranking | None = Field(description="Of an arena.")
    taken: list[Taken] | None = Field(description="Of a turing study.")


class Starred(BaseModel):
    """A model's stars: their mean with the bounds of its 95 % interval, and how often 1, 2, 3, 4, 5 were given."""

    model: str
    model_version: str
    ratings: int
    mean: float
    low: float
    high: float
    counts: list[int]


class Table(BaseModel):
    """Rows to take away."""

    rows: list[dict[str, Any]]
