"""A film divided at cuts, its spans coloured apart, in any order, is the film that one machine makes."""

from pathlib import Path

import av
import pytest

from little_films import Recipe, make, scene
from tintype.colorizer.colorizer import Colorizer
from tintype.errors import InputError
from tintype.video import FilmOptions, colorize_film
from tintype.video.film import FilmRun
from tintype.video.parts import PartStore
from tintype.video.reader import FilmReader
from tintype.video.spans import SHORTEST, Span, find_spans

SCENES = (SHORTEST + 4, 20, SHORTEST, 12)
INTERLACED = {"x264-params": "tff=1", "flags": "+ildct+ilme", "g": "250"}
UNEVEN = [40 * i + 7 * (i % 3) for i in range(sum(SCENES))]
KINDS = {
    "turned": ("in.mov", Recipe(rotation=90, options={"g": "12"})),
    "uneven, interlaced": ("in.mkv", Recipe(times=UNEVEN, start=700, options=INTERLACED)),
    "odd": ("in.mkv", Recipe("ffv1", pix_fmt="gray", audio=None)),
}


def reel(path: Path, recipe: Recipe, scenes: tuple[int, ...] = SCENES) -> Path:
    width = 63 if recipe.codec == "ffv1" else 64
    make(path, [frame for i, count in enumerate(scenes) for frame in scene(48, width, count, seed=i + 1)], recipe)
    return path


def spans_of(path: Path, options: FilmOptions) -> list[Span]:
    reader = FilmReader(path)
    return list(find_spans(reader.frames(start=options.start, end=options.end), reader.info, options))


def colour_apart(source: Path, target: Path, colorizer: Colorizer, options: FilmOptions, spans: list[Span]) -> None:
    """As a cluster does it, in the worst order."""
    folder = target.parent
    stores = {}
    for span in reversed(spans):
        stores[span.number] = PartStore(folder / f"{span.number}", {})
        piece = FilmRun(str(source), target, colorizer, options, store=stores[span.number])
        piece.colour(piece.reader.frames_known(span.known))
    whole = PartStore(folder / "whole", {})
    for number in sorted(stores):
        whole.gather(stores[number])
    FilmRun(str(source), target, colorizer, options, store=whole).join([])


def assert_same(one: Path, other: Path) -> None:
    """Byte for byte; a Matroska file has a random number in its head, so there all packets are compared."""
    if one.suffix != ".mkv":
        assert one.read_bytes() == other.read_bytes()
        return
    assert packets(one) == packets(other)


def packets(path: Path) -> list[tuple[object, ...]]:
    with av.open(str(path)) as film:
        headers = [(stream.codec_context.extradata,) for stream in film.streams]
        return headers + [(p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p)) for p in film.demux()]


@pytest.mark.parametrize("kind", KINDS)
def test_divided_and_joined_is_the_same_file(kind: str, tmp_path: Path, tiny: Colorizer) -> None:
    name, recipe = KINDS[kind]
    source = reel(tmp_path / name, recipe)
    options = FilmOptions(part_frames=30, every=6)
    spans = spans_of(source, options)
    assert [span.frames for span in spans] == [SCENES[0], SCENES[1] + SCENES[2], SCENES[3]]
    whole, joined = tmp_path / f"whole{source.suffix}", tmp_path / f"joined{source.suffix}"
    colorize_film(str(source), str(whole), tiny, options)
    colour_apart(source, joined, tiny, options, spans)
    assert_same(whole, joined)


def test_an_excerpt_and_frame_by_frame(tmp_path: Path, tiny: Colorizer) -> None:
    source = reel(tmp_path / "in.mp4", Recipe(options={"g": "40"}), (70, 70))
    for number, options in enumerate(
        (FilmOptions(start=0.5, end=4.1, every=5), FilmOptions(every=1, stability=0, part_frames=30))
    ):
        spans = spans_of(source, options)
        assert [span.frames for span in spans] == ([57, 33], [30, 30, 30, 30, 20])[number]
        whole, joined = tmp_path / f"whole{number}.mp4", tmp_path / f"joined{number}.mp4"
        colorize_film(str(source), str(whole), tiny, options)
        colour_apart(source, joined, tiny, options, spans)
        assert_same(whole, joined)


def test_a_false_index_leads_nowhere_else(tmp_path: Path) -> None:
    """Where a jump into the film ends at the wrong place, everything before is decoded."""
    source = reel(tmp_path / "in.mkv", Recipe(options={"g": "10"}, audio=None))
    known = spans_of(source, FilmOptions())[1].known
    reader = FilmReader(source)
    straight = reader._decoded

    def astray(aim):
        if aim is None:
            return straight(None)
        return (frame for i, frame in enumerate(straight(None)) if i != SCENES[0] + 7)

    reader._decoded = astray
    assert [(frame.pts, frame.checksum) for frame in reader.frames_known(known)] == list(known)


def test_another_film_under_the_same_name_is_refused(tmp_path: Path) -> None:
    source = reel(tmp_path / "in.mkv", Recipe(audio=None), (60, 10))
    known = spans_of(source, FilmOptions())[0].known
    make(source, scene(48, 64, 70, seed=99), Recipe(audio=None))
    with pytest.raises(InputError, match="has changed"):
        list(FilmReader(source).frames_known(known))
