"""Jobs: asked for, and as they are reported."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from tintype.server.root import here
from tintype.server.tables import Job

from .common import ColourOptions, Strict

PictureId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
State = Literal["queued", "running", "paused", "done", "failed", "cancelled"]


class ColorizeJob(Strict):
    """Colour many photos with the same options."""

    kind: Literal["colorize"]
    pictures: list[PictureId] = Field(min_length=1, max_length=1000, description="Photos of the asker.")
    options: ColourOptions = Field(default_factory=ColourOptions)
    skip_colour: bool = Field(False, description="Leave photos as they are that have colours already; sepia has none.")


class JobPicture(Strict):
    """What is to become of one photo of a job that has ended."""

    left: bool = Field(description="True: it is left as it was; false: it is coloured as the others were.")


class FilmPoint(Strict):
    """A colour for the thing at one point of one frame, for its whole scene."""

    seconds: float = Field(ge=0, description="When, from the first frame.")
    x: float = Field(ge=0, description="Pixels from the left edge of the upright picture.")
    y: float = Field(ge=0, description="Pixels from its top edge.")
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$", examples=["#7a1f2b"])
    radius: float | None = Field(None, gt=0, le=1000, description="How far it reaches, in pixels.")

    def as_text(self) -> str:
        """As the library and the command line write a hint: `X,Y,#RRGGBB` or `X,Y,#RRGGBB,RADIUS`."""
        return f"{self.x:g},{self.y:g},{self.color}" + (f",{self.radius:g}" if self.radius else "")


class FilmSceneReference(Strict):
    """A photo whose colours one scene of a film takes."""

    start: float = Field(ge=0, description="When the scene begins, in seconds from the first frame.")
    end: float = Field(gt=0, description="When it ends. Every scene that begins between the two takes the photo.")
    picture: PictureId = Field(description="A photo of the asker.")


class FilmWishes(Strict):
    """What is asked of a film beyond its colours."""

    start: float | None = Field(None, ge=0, description="Seconds from the first frame at which to begin.")
    end: float | None = Field(None, gt=0, description="Seconds from the first frame at which to end.")
    stability: float = Field(0.75, ge=0, le=1, description="0 forgets colours at every prediction, 1 never does.")
    crf: int | None = Field(None, ge=0, le=63, description="Quality of the codec: 0 is best, 63 is smallest.")
    hints: list[FilmPoint] = Field(
        default_factory=list, max_length=200, description="Colours for things, scene by scene."
    )
    reference: PictureId | None = Field(None, description="A photo of the asker whose colours the film takes.")
    references: list[PictureId] = Field(
        default_factory=list,
        max_length=20,
        description="Several photos of the asker, in place of one: each scene takes the colours of that most like it, "
        "or of none.",
    )
    scene_references: list[FilmSceneReference] = Field(
        default_factory=list,
        max_length=200,
        description="Photos for single scenes, which come there before those of the whole film.",
    )

    @property
    def photos(self) -> list[str]:
        """The photos that colours of any scene are taken from."""
        return [*([self.reference] if self.reference else []), *self.references]

    @property
    def scene_photos(self) -> list[str]:
        """The photos that colours of single scenes are taken from, in the order of `scene_references`."""
        return [one.picture for one in self.scene_references]


class FilmJob(Strict):
    """Colour one film."""

    kind: Literal["film"]
    picture: PictureId = Field(description="A film of the asker.")
    options: ColourOptions = Field(default_factory=ColourOptions)
    film: FilmWishes = Field(default_factory=FilmWishes)


class ScenesJob(Strict):
    """Find the scenes of a film, with a picture of each."""

    kind: Literal["scenes"]
    picture: PictureId = Field(description="A film of the asker.")


class Scene(BaseModel):
    """A part of a film between two cuts."""

    number: int
    start: float = Field(description="Seconds from the first frame.")
    end: float
    thumbnail_url: str


class Scenes(BaseModel):
    """The scenes of a film."""

    known: bool = Field(description="Whether they have been looked for; if not, make a job of kind scenes.")
    seconds: float = Field(description="How long the film is; 0 while they are not known.")
    items: list[Scene]


JobCreate = Annotated[ColorizeJob | FilmJob | ScenesJob, Field(discriminator="kind")]


class Outcome(BaseModel):
    """What became of one picture of a job."""

    picture_id: str
    result_id: str | None = None
    error: str | None = None
    left: Literal["colour", "own", "wish"] | None = Field(
        None,
        description="Why it was left as it was: its colours, tintype's own colours, or its owner's wish.",
    )


_DERIVED = ("events_url", "ahead", "pictures", "options")


class JobPublic(BaseModel):
    """A job and how far it is. The same object comes with every event of its stream."""

    id: str
    kind: Literal["colorize", "film", "scenes", "study"]
    state: State
    done: int = Field(description="Steps done: pictures, or frames of a film.")
    total: int = Field(description="Steps in all; 0 while that is not known.")
    note: str = Field(description="What is being done, in words.")
    error: str | None
    outcomes: list[Outcome]
    pictures: list[str] = Field(description="Its pictures, in their order.")
    options: dict[str, Any] = Field(description="What was asked of the model beyond its defaults.")
    ahead: int | None = Field(
        None,
        description="While it waits: how many jobs may come before it. Photos and films have lines of their own.",
    )
    attempts: int = Field(description="How often a worker began it.")
    created: datetime
    started: datetime | None
    finished: datetime | None
    events_url: str = Field(description="A stream of server-sent events, one at every change, until the job has ended.")

    @classmethod
    def of(cls, row: Job, ahead: int | None = None) -> "JobPublic":
        return cls.model_validate(
            {name: getattr(row, name) for name in cls.model_fields if name not in _DERIVED}
            | {
                "events_url": here(f"/api/jobs/{row.id}/events"),
                "ahead": ahead,
                "pictures": row.payload.get("pictures") or [one for one in [row.payload.get("picture")] if one],
                "options": ColourOptions.model_validate(row.payload.get("options") or {}).model_dump(
                    exclude_defaults=True
                ),
            }
        )
