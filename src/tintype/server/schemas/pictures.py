"""Pictures, results, uploads."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from tintype.server.root import here
from tintype.server.tables import Picture, Result, shown_result

from .common import Line, Strict


class ResultPublic(BaseModel):
    """A picture in colour, at full resolution."""

    id: str
    picture_id: str
    model: str
    model_version: str
    options: dict[str, Any] = Field(description="What was asked beyond the model's defaults.")
    format: str = Field(examples=["JPEG"])
    width: int
    height: int
    bytes: int
    name: str = Field("", description="What its owner calls this version.")
    seconds: float = Field(description="How long the colouring took.")
    created: datetime
    file_url: str = Field(
        description="The whole result; add ?download=true to save it, ?format=png for another format."
    )
    preview_url: str
    thumbnail_url: str

    @classmethod
    def of(cls, row: Result) -> "ResultPublic":
        base = here(f"/api/results/{row.id}")
        return cls(
            id=row.id, picture_id=row.picture_id, model=row.model, model_version=row.model_version, options=row.options,
            format=row.format, width=row.width, height=row.height, bytes=row.bytes, name=row.name, seconds=row.seconds,
            created=row.created, file_url=f"{base}/file", preview_url=f"{base}/preview",
            thumbnail_url=f"{base}/thumbnail",
        )  # fmt: skip


class PicturePublic(BaseModel):
    """An uploaded photo or film."""

    id: str
    kind: Literal["photo", "film"]
    name: str = Field(description="The name it was uploaded under, made harmless.")
    format: str
    width: int
    height: int
    bytes: int
    shared: bool = Field(description="Whether everybody may see it and its results.")
    mine: bool = Field(description="Whether it is the asker's own.")
    created: datetime
    expires: datetime | None = Field(description="When it is deleted; null if never.")
    file_url: str
    preview_url: str = Field(description="At screen size, as JPEG; add ?grey=true for the picture without its colours.")
    thumbnail_url: str
    results: list[ResultPublic]
    shown: str | None = Field(None, description="The result that stands for the picture in galleries and for guests.")
    look: dict[str, Any] | None = Field(None, description="What its owner was doing with it last; for the owner alone.")

    @classmethod
    def of(cls, row: Picture, owner: str) -> "PicturePublic":
        base = here(f"/api/pictures/{row.id}")
        return cls(
            id=row.id, kind="film" if row.kind == "film" else "photo", name=row.name, format=row.format,
            width=row.width,
            height=row.height, bytes=row.bytes, shared=row.shared, mine=row.owner == owner, created=row.created,
            expires=row.expires, file_url=f"{base}/file", preview_url=f"{base}/preview",
            thumbnail_url=f"{base}/thumbnail", results=[ResultPublic.of(result) for result in row.results],
            shown=shown.id if (shown := shown_result(row)) else None, look=row.look if row.owner == owner else None,
        )  # fmt: skip


class Refusal(BaseModel):
    """A file of an upload that was not taken, and why."""

    name: str
    status: int
    detail: str


class Upload(BaseModel):
    """What became of each file of an upload."""

    pictures: list[PicturePublic]
    refused: list[Refusal]


class PictureUpdate(Strict):
    """What may be changed of a picture; what is left out stays."""

    name: Line | None = Field(None, max_length=200)
    look: dict[str, Any] | None = Field(None, description="What the owner is doing with it, to go on elsewhere.")
    shown: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{22}$", description="The result that stands for it.")
    shared: bool | None = Field(None, description="True lets everybody see it and its results.")


class ResultUpdate(Strict):
    """What may be changed of a result."""

    name: Line = Field(max_length=100, description="What this version is called.")


class Kept(BaseModel):
    """What the server keeps of the asker."""

    pictures: int
    results: int
    studies: int
    jobs: int
    links: int
    bytes: int = Field(description="Of pictures, results and copies in studies together.")
    quota_bytes: int = Field(description="How many that may be; 0 for no limit.")
    first_expires: datetime | None = Field(description="When the next of them is deleted; null if none is.")


class Deleted(BaseModel):
    """How much was deleted."""

    pictures: int = 0
    results: int = 0
    jobs: int = 0
