"""The API, a module for each topic."""

from . import ballots, films, gallery, hints, jobs, pictures, ratings, results, session, studies, system

ROUTERS = tuple(
    topic.router
    for topic in (pictures, films, gallery, results, hints, jobs, ratings, studies, ballots, session, system)
)
