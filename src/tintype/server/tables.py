"""What is remembered: pictures, their results, jobs, and what people thought of them.

Owners and voters are SHA-256 hashes of session cookies: the table tells nobody's name, and reading it lets nobody in.
What people thought outlives the pictures, so it carries the name of what it is about.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

ID_LENGTH = 22


def new_id() -> str:
    """An identity of 128 random bits: nobody finds another's by counting."""
    return secrets.token_urlsafe(16)


def now() -> datetime:
    return datetime.now(UTC)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite, which knows no zones, gives it back with its zone too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Picture(Base):
    """A photo or film as it was uploaded. ``name`` is for people only; ``key`` is where the file lies; ``look`` is what
    its owner was doing with it last."""

    __tablename__ = "pictures"
    __table_args__ = (Index(None, "owner", "created", "id"), Index(None, "shared", "created", "id"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    format: Mapped[str] = mapped_column(String(16))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(120))
    shared: Mapped[bool] = mapped_column(default=False)
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    shown: Mapped[str | None] = mapped_column(String(ID_LENGTH))
    look: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime | None] = mapped_column(index=True)

    results: Mapped[list["Result"]] = relationship(
        back_populates="picture", passive_deletes="all", order_by="Result.created, Result.id"
    )


class OpenUpload(Base):
    """A file that is still being sent; the picture that it becomes has its ``id``."""

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    length: Mapped[int] = mapped_column(BigInteger)
    expires: Mapped[datetime] = mapped_column(index=True)
    created: Mapped[datetime] = mapped_column(default=now)


class Result(Base):
    """One picture in colour. ``options_key`` stands for the model's bytes and everything asked of it."""

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("picture_id", "options_key"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    picture_id: Mapped[str] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"))
    model: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(50))
    model_sha256: Mapped[str] = mapped_column(String(64))
    options: Mapped[dict[str, Any]]
    options_key: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(16))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    key: Mapped[str] = mapped_column(String(120))
    seconds: Mapped[float]
    name: Mapped[str] = mapped_column(String(100), default="")
    created: Mapped[datetime] = mapped_column(default=now)

    picture: Mapped[Picture] = relationship(back_populates="results")


def shown_result(picture: Picture) -> Result | None:
    """The result that stands for a picture: the one its owner chose to show, else the newest."""
    chosen = next((result for result in picture.results if result.id == picture.shown), None)
    return chosen or (picture.results[-1] if picture.results else None)


class Job(Base):
    """Work that outlasts a request. The queue only carries its id; this row is the truth about it.

    A worker that has the job keeps ``lease`` in the future; when it lies in the past, the worker is gone.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index(None, "owner", "created", "id"), Index(None, "state", "lease"))

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="queued")
    payload: Mapped[dict[str, Any]]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    outcomes: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(String(200), default="")
    error: Mapped[str | None] = mapped_column(Text)
    cancel: Mapped[bool] = mapped_column(default=False)
    pause: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(100))
    lease: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)
    started: Mapped[datetime | None]
    served: Mapped[datetime | None]
    finished: Mapped[datetime | None]


class Study(Base):
    """A question put to people about models: which is better ("arena"), or is this real ("turing")?"""

    __tablename__ = "studies"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(200))
    question: Mapped[str] = mapped_column(String(500))
    contestants: Mapped[list[Any]]
    listed: Mapped[bool] = mapped_column(default=False, index=True)
    approved: Mapped[bool] = mapped_column(default=False)
    checks: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(String(16), default="preparing")
    job_id: Mapped[str | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    created: Mapped[datetime] = mapped_column(default=now)


class Member(Base):
    """An owner that is known by a name, or has a quota of its own; ``id`` is the owner's hash."""

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    quota_bytes: Mapped[int | None] = mapped_column(BigInteger)
    seen: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)


class ShareLink(Base):
    """An address under which anybody sees one result until a moment; what it leads to can be taken back."""

    __tablename__ = "share_links"

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    owner: Mapped[str] = mapped_column(String(64), index=True)
    result_id: Mapped[str] = mapped_column(ForeignKey("results.id", ondelete="CASCADE"), index=True)
    expires: Mapped[datetime] = mapped_column(index=True)
    created: Mapped[datetime] = mapped_column(default=now)


class Rating(Base):
    """Stars and a comment on one result, by one person."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("result_id", "rater"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    result_id: Mapped[str | None] = mapped_column(ForeignKey("results.id", ondelete="SET NULL"))
    rater: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(100), index=True)
    model_version: Mapped[str] = mapped_column(String(50))
    options: Mapped[dict[str, Any]]
    stars: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[datetime] = mapped_column(default=now)


class Ballot(Base):
    """One question to one voter, the sides drawn by lot. In a "turing" study there is only a left side,
    and ``left_label`` is "" for the original. Of kind "check" it is one of attention: the side labelled "" is grey."""

    __tablename__ = "ballots"
    __table_args__ = (Index(None, "study_id", "voter"),)

    id: Mapped[str] = mapped_column(String(ID_LENGTH), primary_key=True, default=new_id)
    study_id: Mapped[str | None] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(8))
    voter: Mapped[str] = mapped_column(String(64), index=True)
    picture_id: Mapped[str | None] = mapped_column(ForeignKey("pictures.id", ondelete="SET NULL"), index=True)
    left_id: Mapped[str | None] = mapped_column(ForeignKey("results.id", ondelete="SET NULL"), index=True)
    right_id: Mapped[str | None] = mapped_column(ForeignKey("results.id", ondelete="SET NULL"), index=True)
    left_label: Mapped[str] = mapped_column(String(120))
    right_label: Mapped[str] = mapped_column(String(120), default="")
    choice: Mapped[str | None] = mapped_column(String(16), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    voted: Mapped[datetime | None]
