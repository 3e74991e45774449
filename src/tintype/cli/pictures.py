"""`tintype pictures`: a thin face of `tintype.server.library`."""

from typing import Annotated

import typer


def pictures(
    shared: Annotated[bool, typer.Option("--shared", help="List the pictures that everybody sees.")] = False,
    unshare: Annotated[
        str | None, typer.Option("--unshare", metavar="PICTURE", help="Take a picture out of the shared gallery.")
    ] = None,
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="PICTURE", help="Delete a picture with its results.")
    ] = None,
) -> None:
    """Look after what people keep on a server with the same TINTYPE_* variables.

    A picture's number is the last part of the address of its page.

    Examples:

      tintype pictures --shared

      tintype pictures --unshare y3Nf0cYQp0aVb1mH2kS7dA
    """
    from sqlalchemy import select

    from tintype.errors import InputError
    from tintype.server.library import delete_picture
    from tintype.server.services import Services
    from tintype.server.settings import load_settings
    from tintype.server.tables import Picture

    if not (shared or unshare or delete):
        raise InputError("nothing was asked; give --shared, --unshare PICTURE or --delete PICTURE")
    services = Services.start(load_settings())
    try:
        with services.database.session() as session:
            for identity in (unshare, delete):
                if identity is not None and session.get(Picture, identity) is None:
                    raise InputError(f"no picture has the number {identity}; it is the last part of its page's address")
            if unshare is not None:
                session.get_one(Picture, unshare).shared = False
                print(f"{unshare} is its owner's alone")
        if delete is not None:
            results = delete_picture(services, delete)
            print(f"{delete} is deleted, with {results} results")
        if shared:
            with services.database.session() as session:
                for one in session.scalars(select(Picture).where(Picture.shared).order_by(Picture.created)):
                    print(f"{one.id}  {one.created:%Y-%m-%d %H:%M}  {one.name}")
    finally:
        services.close()
