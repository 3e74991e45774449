"""`tintype arena`: a thin face of `tintype.server.evaluations`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .completion import models as complete_models

if TYPE_CHECKING:
    from tintype.server.services import Services


def arena(
    models: Annotated[
        str | None,
        typer.Option("--models", metavar="A,B,...", autocompletion=complete_models, help="Names of models on offer."),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option("--sizes", metavar="PIXELS,...", help="Working sizes; each model runs at each of them."),
    ] = None,
    photos: Annotated[
        list[str] | None, typer.Option("--photos", metavar="FOLDER", help="Photographs: folders, files or patterns.")
    ] = None,
    turing: Annotated[
        bool, typer.Option("--turing", help="Ask whether colours are real, instead of which are better.")
    ] = False,
    checks: Annotated[
        int,
        typer.Option(
            "--checks",
            metavar="N",
            min=0,
            max=10,
            help="Checks of attention a voter: grey against coloured; who prefers the grey photo is left out.",
        ),
    ] = 0,
    name: Annotated[str, typer.Option("--name", help="What the study is called.")] = "",
    unlisted: Annotated[bool, typer.Option("--unlisted", help="Only who knows the address may see it.")] = False,
    export: Annotated[
        str | None,
        typer.Option(
            "--export", metavar="votes|ratings|STUDY", help="Write votes or ratings to standard output as CSV."
        ),
    ] = None,
    approve: Annotated[
        str | None, typer.Option("--approve", metavar="STUDY", help="Show a visitor's listed study to everybody.")
    ] = None,
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="STUDY", help="Delete a study with its photos and votes.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List every study with its number.")] = False,
) -> None:
    """Ask people which of several models is better, blind; or take away what they said.

    The study's page is printed; who has its link can answer.
    The study goes into the server's database (the same TINTYPE_* variables) and opens when every photo is coloured.
    `tintype serve` then shows it to everybody.

    Examples:

      tintype arena --models tint,mine --photos holidays/

      tintype arena --models tint,mine --photos holidays/ --checks 2

      tintype arena --models tint --photos holidays/ --turing

      tintype arena --export votes > votes.csv

      tintype arena --list
    """
    from rich.console import Console
    from rich.progress import Progress

    from tintype.batch.run import plan
    from tintype.errors import InputError
    from tintype.server.evaluations.outcome import RATING_COLUMNS, VOTE_COLUMNS, as_csv, rating_rows, vote_rows
    from tintype.server.evaluations.study import make_study
    from tintype.server.services import Services
    from tintype.server.settings import load_settings

    from . import complain

    services = Services.start(load_settings())
    try:
        if show or approve or delete:
            _moderate(services, approve, delete, show)
            return
        if export is not None:
            with services.database.session() as session:
                if export == "ratings":
                    text = as_csv(rating_rows(session), RATING_COLUMNS)
                else:
                    text = as_csv(vote_rows(session, None if export == "votes" else export), VOTE_COLUMNS)
            sys.stdout.write(text)
            return
        if not (models and photos):
            raise InputError("a study needs contestants and pictures; give --models A,B and --photos FOLDER")
        sources = [Path(job.source) for job in plan(photos, overwrite=True) if job.error is None]
        with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("colouring", total=len(sources))
            study, refused = make_study(
                services, sources, models=models, sizes=sizes or "", kind="turing" if turing else "arena", name=name,
                listed=not unlisted, checks=checks, done=lambda: progress.advance(task),
            )  # fmt: skip
        for why in refused:
            complain(why)
        place = services.settings.page(f"/compare/{study.id}")
        print(f"{study.name}: {len(sources) - len(refused)} photos, to be answered at {place}")
        if refused:
            raise typer.Exit(1)
    finally:
        services.close()


def _moderate(services: "Services", approve: str | None, delete: str | None, show: bool) -> None:
    """What the server's owner does with studies that visitors made."""
    from sqlalchemy import select

    from tintype.errors import InputError
    from tintype.server.library import delete_study
    from tintype.server.tables import Study

    with services.database.session() as session:
        for study_id in (approve, delete):
            if study_id is not None and session.get(Study, study_id) is None:
                raise InputError(f"no study has the number {study_id}; `tintype arena --list` shows them")
        if approve is not None:
            session.get_one(Study, approve).approved = True
            print(f"{approve} is shown to everybody")
    if delete is not None:
        delete_study(services, delete)
        print(f"{delete} is deleted")
    if show:
        with services.database.session() as session:
            for one in session.scalars(select(Study).order_by(Study.created)):
                whose = "yours" if not one.owner else "approved" if one.approved else "a visitor's"
                print(f"{one.id}  {one.kind:6}  {one.state:9}  {whose:11}  {one.name}")
