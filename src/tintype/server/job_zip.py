"""All of a batch to take home: each photo that was sent once, coloured or as it was, and a record of which is which."""

from pathlib import PurePosixPath

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .evaluations.outcome import as_csv
from .packing import Packed, free_name
from .tables import Job, Picture, Result, now

RECORD = "tintype-record.csv"
_COLUMNS = ["file", "sent_as", "colours", "model", "note"]
_LEFT = {
    "colour": "has colour already: left as it is",
    "own": "coloured by tintype before: left as it is",
    "wish": "left as it is, as its owner wished",
}
_GONE = "deleted meanwhile"


def files_of(session: Session, job: Job) -> list[Packed]:
    """The files of a job's ZIP in the pictures' order, the record last; empty if nothing of the job is there any more.

    A coloured photo is NAME-color.EXT. One that was left as it was is the very file that was sent, under its own name.
    What failed, or was deleted, has a line in the record alone.
    """
    wanted = [one["result_id"] for one in job.outcomes if one["result_id"]]
    query = select(Result).where(Result.id.in_(wanted)).options(selectinload(Result.picture))
    results = {row.id: row for row in session.scalars(query)}
    sent = [one["picture_id"] for one in job.outcomes]
    pictures = {row.id: row for row in session.scalars(select(Picture).where(Picture.id.in_(sent)))}
    taken = {RECORD.casefold()}
    files: list[Packed] = []
    record: list[dict[str, str]] = []
    for one in job.outcomes:
        picture, result = pictures.get(one["picture_id"]), results.get(one["result_id"])
        line = dict.fromkeys(_COLUMNS, "") | {"sent_as": picture.name if picture else ""}
        if picture is not None and result is not None:
            stem = PurePosixPath(picture.name).stem
            line["file"] = free_name(f"{stem}-color{PurePosixPath(result.key).suffix}", taken)
            line |= {"colours": "estimated", "model": f"{result.model} {result.model_version}"}
            files.append(Packed(line["file"], result.key, result.created))
        elif picture is not None and one.get("left"):
            line["file"] = free_name(picture.name, taken)
            line |= {"colours": "as sent", "note": _LEFT[one["left"]]}
            files.append(Packed(line["file"], picture.key, picture.created))
        else:
            line["note"] = one["error"] or _GONE
        record.append(line)
    if not files:
        return []
    return [*files, Packed(RECORD, as_csv(record, _COLUMNS).encode("utf-8-sig"), now())]
