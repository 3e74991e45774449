"""`tintype users`: a thin face of `tintype.server.users`."""

from typing import Annotated

import typer


def users(
    quota: Annotated[
        str | None,
        typer.Option("--quota", metavar="OWNER=BYTES", help="Give an owner a quota of its own; OWNER= takes it away."),
    ] = None,
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="OWNER", help="Delete all that an owner keeps.")
    ] = None,
) -> None:
    """List who keeps what on a server with the same TINTYPE_* variables, the most first.

    An owner is a user's name, or the first letters of the hash that this list shows.

    Examples:

      tintype users

      tintype users --quota grace@example.org=20e9
    """
    from tintype.errors import InputError
    from tintype.server.services import Services
    from tintype.server.settings import load_settings
    from tintype.server.users import forget_owner, owners, set_quota

    services = Services.start(load_settings())

    def found(wanted: str) -> str:
        with services.database.session() as session:
            hits = [one for one in owners(session) if wanted and (one.name == wanted or one.owner.startswith(wanted))]
        if len(hits) != 1:
            raise InputError(f"{len(hits)} owners answer to {wanted!r}; `tintype users` lists them")
        return hits[0].owner

    try:
        if quota is not None:
            wanted, _, size = quota.rpartition("=")
            try:
                own = int(float(size)) if size else None
            except (ValueError, OverflowError):
                raise InputError(f"{size!r} is no number of bytes; give --quota NAME=20e9") from None
            set_quota(services, found(wanted), own)
        if delete is not None:
            pictures, results, jobs = forget_owner(services, found(delete))
            print(f"deleted: {pictures} pictures, {results} results, {jobs} jobs")
        with services.database.session() as session:
            for one in owners(session):
                limit = "" if one.quota_bytes is None else f" of {one.quota_bytes / 1e6:,.1f}"
                seen = "never" if one.seen is None else f"{one.seen:%Y-%m-%d}"
                print(
                    f"{one.owner[:12]}  {one.bytes / 1e6:10,.1f}{limit} MB  {one.pictures:6} pictures  "
                    f"{one.results:6} results  {seen}  {one.name or '(visitor)'}"
                )
    finally:
        services.close()
