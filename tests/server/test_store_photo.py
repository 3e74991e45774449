"""Files and rows of pictures go together, whatever fails between."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

pytest.importorskip("fastapi", reason="the extra server is not installed")

from sqlalchemy.exc import IntegrityError

from tintype.server.database import Database
from tintype.server.library import insert_or_forget
from tintype.server.storage import Storage
from tintype.server.tables import Picture, new_id


def test_files_go_when_their_row_cannot_be_added(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'pictures.sqlite'}")
    database.upgrade()
    services = cast(Any, SimpleNamespace(database=database, storage=Storage(f"file://{tmp_path / 'files'}")))

    def add(identity: str, owner: str | None) -> Path:
        key = f"pictures/{identity}/file.jpg"
        services.storage.write(key, b"a picture")
        insert_or_forget(
            services,
            Picture(id=identity, owner=owner, kind="photo", name="", format="JPEG", width=1, height=1, bytes=9,
                    sha256="", key=key),
        )  # fmt: skip
        return tmp_path / "files" / key

    kept = add(new_id(), "somebody")
    assert kept.read_bytes() == b"a picture"
    lost = new_id()
    with pytest.raises(IntegrityError):
        add(lost, None)  # a row without an owner is none
    assert not (tmp_path / "files" / "pictures" / lost).exists()
    with pytest.raises(IntegrityError):
        add(kept.parent.name, "somebody else")  # the picture of that identity keeps its files
    assert kept.exists()
