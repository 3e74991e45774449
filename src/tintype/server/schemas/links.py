"""Links to one result."""

from datetime import datetime

from pydantic import BaseModel, Field

from tintype.server.root import here
from tintype.server.tables import ShareLink

from .common import Strict


class LinkCreate(Strict):
    """How long a link leads somewhere."""

    hours: float = Field(168, gt=0, le=24 * 366, description="Hours until it ends.")


class LinkPublic(BaseModel):
    """A link: whoever has it sees one result, and nothing else, until it ends."""

    id: str
    result_id: str
    url: str = Field(description="The address of its page here.")
    expires: datetime

    @classmethod
    def of(cls, row: ShareLink) -> "LinkPublic":
        return cls(id=row.id, result_id=row.result_id, url=here(f"/s/{row.id}"), expires=row.expires)


class Shared(BaseModel):
    """What a link leads to."""

    name: str
    model: str
    width: int
    height: int
    before_url: str
    after_url: str
    file_url: str
    expires: datetime
