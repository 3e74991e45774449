"""Models, capabilities, limits, health."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from tintype.network.model_file import ModelFile

from .common import Strict


class Feature(BaseModel):
    """Whether a part is to be had with a model."""

    available: bool
    why: str = Field(description="If it is not: why.")


class ModelPublic(BaseModel):
    """A model on offer."""

    name: str
    version: str
    system: str = Field(description="The kind of network.", examples=["tint"])
    condition: str = Field(description="What it colours: lightness (photographs) or sketch (drawings).")
    size: int = Field(description="Short side it works at, in pixels, unless told otherwise.")
    images_seen: int
    training_data: str
    licence: str
    metrics: dict[str, Any]
    sha256: str
    default: bool
    seconds: float | None = Field(
        description="Median of the photos that it coloured last on this server; null if it has coloured none yet."
    )
    features: dict[str, Feature]

    @classmethod
    def of(
        cls, name: str, file: ModelFile, default: bool, features: dict[str, Feature], seconds: float | None
    ) -> "ModelPublic":
        info = file.info
        return cls(
            name=name, version=str(info.version), system=info.system, condition=info.condition,
            size=info.size,
            images_seen=info.images_seen, training_data=info.training_data, licence=info.licence, metrics=info.metrics,
            sha256=file.sha256, default=default, features=features,
            seconds=None if seconds is None else round(seconds, 2),
        )  # fmt: skip


class Limits(BaseModel):
    """What the server takes."""

    max_bytes: int
    max_film_bytes: int
    max_pixels: int
    max_files: int
    max_size: int
    retention_hours: float = Field(description="0 if pictures are kept.")


class Capabilities(BaseModel):
    """What this server can do; a page hides what is not there."""

    version: str
    default_model: str
    features: dict[str, Feature] = Field(description="With the default model; each model has its own.")
    models: list[ModelPublic]
    formats: list[str] = Field(description="Formats that results can be downloaded in.")
    limits: Limits
    blends: bool = Field(description="Whether several models may answer together here.")
    studies: bool = Field(description="Whether studies can be made here.")


class SessionPublic(BaseModel):
    """Who the asker is to this server."""

    token_needed: bool = Field(description="Whether this server has a token.")
    allowed: bool = Field(description="Whether the asker may come in: has shown it, has logged in, or need not.")
    login: Literal["none", "proxy", "oidc"] = Field("none", description="Where people log in by name.")
    login_url: str | None = Field(None, description="Where a browser goes to log in.")
    user: str | None = Field(None, description="The name of who has logged in.")
    admin: bool = Field(False, description="Whether the asker may look after the server at /admin.")


class Login(Strict):
    """The server's token."""

    token: str = Field(min_length=1, max_length=1000)


class Health(BaseModel):
    """Whether the server lives, or is ready."""

    status: str
    checks: dict[str, str] = Field(default_factory=dict)
