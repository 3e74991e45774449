"""Looking after the server: what there is of disk, jobs and owners, and taking away what should not be."""

import shutil
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import func, select

from tintype.server.identity import AdminDep
from tintype.server.jobs.job_store import OPEN, cancel
from tintype.server.machine import memory_limit, resident
from tintype.server.paging import LimitQuery
from tintype.server.problems import documented, not_found
from tintype.server.quota import kept_bytes
from tintype.server.schemas.admin import AdminJob, Overview, OwnerChange, OwnerPublic
from tintype.server.schemas.common import Id
from tintype.server.schemas.pictures import Deleted
from tintype.server.tables import Base, Job, Member, Picture, Result, ShareLink, Study
from tintype.server.users import forget_owner, owners, set_quota
from tintype.version import __version__

from .deps import ServicesDep

router = APIRouter(prefix="/api/admin", tags=["admin"])
OwnerHash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The hash that stands for an owner.")]


@router.get("", operation_id="getOverview")
def get_overview(services: ServicesDep, admin: AdminDep) -> Overview:
    """How much is kept, how much room is left, and how the work goes."""
    settings = services.settings
    with services.database.session() as session:

        def count(table: type[Base], *conditions: Any) -> int:
            return session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

        states = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
        stored, everybody = kept_bytes(session), len(owners(session))
        counts = {"pictures": count(Picture), "results": count(Result), "studies": count(Study)}
        links = count(ShareLink)
    folder = services.storage.folder
    disk = None if folder is None else shutil.disk_usage(folder)
    return Overview(
        version=__version__, ready=services.ready, **counts, links=links, owners=everybody,
        jobs={str(state): number for state, number in states}, stored_bytes=stored, store_bytes=settings.store_bytes,
        disk_free=disk.free if disk else None, disk_total=disk.total if disk else None, memory_bytes=resident(),
        memory_limit=settings.memory_bytes or memory_limit(), in_work=services.gate.inside,
    )  # fmt: skip


@router.get("/owners", operation_id="listOwners")
def list_owners(services: ServicesDep, admin: AdminDep, limit: LimitQuery = 100) -> list[OwnerPublic]:
    """Who keeps something, the most bytes first."""
    with services.database.session() as session:
        return [OwnerPublic.model_validate(vars(one)) for one in owners(session)[:limit]]


@router.patch("/owners/{owner}", operation_id="setOwnerQuota")
def set_owner_quota(owner: OwnerHash, body: OwnerChange, services: ServicesDep, admin: AdminDep) -> OwnerPublic:
    """Give an owner a quota of its own."""
    set_quota(services, owner, body.quota_bytes)
    with services.database.session() as session:
        return next(OwnerPublic.model_validate(vars(one)) for one in owners(session) if one.owner == owner)


@router.delete("/owners/{owner}", operation_id="deleteOwner")
def delete_owner(owner: OwnerHash, services: ServicesDep, admin: AdminDep) -> Deleted:
    """Delete all that an owner keeps, and its name."""
    pictures, results, jobs = forget_owner(services, owner)
    with services.database.session() as session:
        member = session.get(Member, owner)
        if member is not None:
            session.delete(member)
    return Deleted(pictures=pictures, results=results, jobs=jobs)


@router.get("/jobs", operation_id="listAllJobs")
def list_all_jobs(services: ServicesDep, admin: AdminDep, limit: LimitQuery = 50) -> list[AdminJob]:
    """Everybody's jobs: those that have not ended, then the newest."""
    query = select(Job, Member.name).outerjoin(Member, Member.id == Job.owner)
    order = (Job.state.in_(OPEN).desc(), Job.created.desc(), Job.id)
    with services.database.session() as session:
        rows = session.execute(query.order_by(*order).limit(limit)).all()
    shown = [name for name in AdminJob.model_fields if name != "name"]
    return [
        AdminJob.model_validate({one: getattr(job, one) for one in shown} | {"name": name or ""}) for job, name in rows
    ]


@router.post("/jobs/{job_id}/cancel", operation_id="cancelAnyJob", status_code=202, responses=documented(404))
def cancel_any_job(job_id: Id, services: ServicesDep, admin: AdminDep) -> None:
    """Stop anybody's job; what it has finished stays."""
    with services.database.session() as session:
        if session.get(Job, job_id) is None:
            raise not_found("job")
    cancel(services, job_id)
