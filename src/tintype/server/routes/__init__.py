"""The API, a module for each topic."""

from . import (
    admin,
    ballots,
    films,
    gallery,
    hints,
    jobs,
    links,
    login,
    pictures,
    ratings,
    results,
    session,
    studies,
    system,
    takeaway,
    uploads,
)

_TOPICS = (
    pictures, films, uploads, gallery, results, hints, takeaway, links, jobs, ratings, studies, ballots, session, login,
    admin, system,
)  # fmt: skip
ROUTERS = tuple(topic.router for topic in _TOPICS)
