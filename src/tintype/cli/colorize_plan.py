"""What `tintype colorize` is going to do: jobs for pictures and for films, what keeps record of them, and whether all
of the options go together."""

import json
from dataclasses import asdict, dataclass, replace

from tintype.batch.job import STREAM, Job, Record
from tintype.batch.manifest import record_for
from tintype.batch.plan import Listing
from tintype.batch.plan import plan as plan_pictures
from tintype.colorizer.options import ColorizeOptions, OutputOptions, record_options
from tintype.errors import OutputError, TintypeError
from tintype.files.locations import absolute, is_url, plain
from tintype.network.ensemble import as_one, find_models
from tintype.video.plan import checked, split

from .request import Request

BESIDE = "--alternatives, --confidence and --restored-map"


@dataclass(frozen=True)
class Plan:
    """Pictures and films to colour, how, and what keeps record: `journal` of pictures, `reel_record` of films."""

    request: Request
    pictures: list[str]
    jobs: list[Job]
    films: list[Job]
    options: ColorizeOptions
    output: OutputOptions
    journal: Record | None
    reel_record: Record | None

    @property
    def to_stream(self) -> bool:
        """Whether a picture goes to standard output."""
        return any(job.target == STREAM for job in self.jobs)

    def again(self) -> list[Job]:
        """The jobs for pictures as they are now."""
        return _picture_jobs(self.request, self.pictures, self.films, self.journal, None)


def plan(request: Request) -> Plan:
    """Sort the inputs into films and pictures, and expand both into jobs.

    Raises:
        TintypeError: an option is impossible, or a place cannot be looked at.
    """
    request = replace(
        request,
        inputs=[plain(text) for text in request.inputs],
        output=None if request.output is None else plain(request.output),
    )
    for place in [*request.inputs, *([request.output] if request.output else [])]:
        if is_url(place) and not place.partition("://")[2].strip("/"):
            raise TintypeError(f"{place} names no bucket and no host: write {place}NAME/FOLDER")
    request.check_references()
    _ = request.manners  # wrong wishes are told before anything is looked at
    listing = Listing() if request.on_ray else None
    films, pictures = ([], request.inputs) if request.watching else split(
        request.inputs, request.output, listing=listing
    )  # fmt: skip
    options = request.colorize_options(films=bool(films), pictures=bool(pictures))
    sha256 = as_one(find_models(request.model)).sha256
    recorded = request.inputs if request.on_ray else pictures
    known = record_options(options, request.output_options(many=False), sha256)
    journal = record_for(recorded, request.output, known, sha256, cluster=request.on_ray) if recorded else None
    planned = not request.watching and (pictures or not films)
    jobs = _picture_jobs(request, pictures, films, journal, listing) if planned else []
    reel_record = journal if request.on_ray and request.preview is None else None
    also = json.dumps({"film": asdict(request.wishes)}) if films else ""
    films = checked(films, overwrite=request.overwrite, listing=listing, record=reel_record, also=also)
    output = request.output_options(many=len(jobs) > 1)
    return Plan(request, pictures, jobs, films, options, output, journal, reel_record)


def _picture_jobs(
    request: Request, pictures: list[str], films: list[Job], journal: Record | None, listing: Listing | None
) -> list[Job]:
    found = plan_pictures(
        pictures,
        request.output,
        overwrite=request.overwrite or request.in_place,
        journal=None if request.in_place else journal,
        listing=listing,
        leave={job.source for job in films},
        **request.manners.naming(),
    )
    return request.manners.placed(found)


def check(plan: Plan) -> None:
    """Refuse options that do not go together, before any work.

    Raises:
        TintypeError: two of them contradict each other, or do not fit what is to be coloured.
    """
    request, films, jobs = plan.request, plan.films, plan.jobs
    _check_places(plan)
    extra, on_ray, watching = request.has_extras, request.on_ray, request.watching
    if plan.options.hints and len(jobs) > 1:
        raise TintypeError(f"hints are for one picture, and here are {len(jobs)}; colour it by itself")
    if films and (request.hints_file or extra or (request.hint and (jobs or len(films) > 1))):
        raise TintypeError("of hints a film takes --hint TIME:X,Y,#RRGGBB alone, and then it must be the only input")
    if watching and (request.output == "-" or "-" in request.inputs):
        raise OutputError("--watch goes from files to files; leave out -")
    if extra and (plan.to_stream or watching):
        raise OutputError(f"{BESIDE} write files; they do not go with - or --watch")
    if extra and any(job.target is not None and is_url(job.target) for job in jobs):
        raise OutputError(f"{BESIDE} write files of this machine; name a local folder")
    if on_ray and request.skip.colour:
        raise TintypeError("--skip-colour and --skip-toned look at pictures on this machine: leave out --engine ray")
    if on_ray and films and request.steps:
        raise TintypeError("films are restored by this machine alone: leave out --engine ray, or --restore")
    if on_ray and (plan.to_stream or watching or extra):
        raise TintypeError(
            "--engine ray goes from files to files; -, --watch, --alternatives, --confidence and maps do not go with it"
        )
    if request.as_json and plan.to_stream:
        raise OutputError("--json and the picture would both go to standard output; name a file with --output")
    if request.in_place and (films or on_ray or extra or watching):
        raise TintypeError("--in-place is for pictures of this machine; films, Ray, --watch and the like write anew")
    if request.dry_run and (watching or on_ray):
        raise TintypeError("--dry-run tells of what is there now; leave out --watch and --engine ray")


def _check_places(plan: Plan) -> None:
    """Refuse a page that cannot be written, and results in place of their originals, of which nothing would be left.

    Raises:
        OutputError: one of them is asked for.
    """
    request = plan.request
    if request.sheet is not None and (request.sheet.is_dir() or not request.sheet.parent.is_dir()):
        raise OutputError(f"--sheet {request.sheet}: no file can be made there; name a file in a folder that exists")
    if not request.overwrite or request.in_place:
        return
    for job in (*plan.jobs, *plan.films):
        if job.target is not None and job.target != STREAM and absolute(job.source) == absolute(job.target):
            raise OutputError(f"{job.source} would be replaced by its result; --in-place does that, and keeps a copy")
