"""What those who look after a server see."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from .common import Strict


class Overview(BaseModel):
    """How the server is."""

    version: str
    ready: bool
    pictures: int
    results: int
    studies: int
    links: int
    owners: int = Field(description="Who keeps something, or has logged in.")
    jobs: dict[str, int] = Field(description="Jobs by state.")
    stored_bytes: int = Field(description="Bytes of all that is kept.")
    store_bytes: int = Field(description="Bytes that may be kept in all; 0 for no limit.")
    disk_free: int | None = Field(description="Bytes that are left where pictures lie; null for an object store.")
    disk_total: int | None
    memory_bytes: int = Field(description="Memory of this process, in bytes.")
    memory_limit: int
    in_work: int = Field(description="Pictures in work or in line in this process.")


class OwnerPublic(BaseModel):
    """One owner, and what it keeps."""

    owner: str = Field(description="The hash that stands for it.")
    name: str = Field(description="The name that the login gave; empty for a visitor.")
    pictures: int
    results: int
    jobs: int = Field(description="Jobs that have not ended.")
    bytes: int
    quota_bytes: int | None = Field(description="A quota of its own, 0 for no limit; null for everybody's.")
    seen: datetime | None


class OwnerChange(Strict):
    """A quota for one owner."""

    quota_bytes: int | None = Field(ge=0, le=1 << 60, description="Bytes; 0 for no limit, null for everybody's quota.")


class AdminJob(BaseModel):
    """A job, and whose it is."""

    id: str
    owner: str
    name: str
    kind: Literal["colorize", "film", "scenes", "study"]
    state: Literal["queued", "running", "paused", "done", "failed", "cancelled"]
    done: int
    total: int
    note: str
    error: str | None
    worker: str | None
    created: datetime
