"""Films as archives and cameras make them, at which other tools failed; docs/reports.md lists them."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from little_films import Recipe, make, scene
from tintype.video.reader import FilmReader

Array = NDArray[Any]


@pytest.mark.parametrize(
    ("height", "matrix"), [(480, "smpte170m"), (576, "smpte170m"), (720, "bt709"), (1080, "bt709")]
)
def test_a_film_without_colour_tags_looks_as_players_show_it(tmp_path: Path, colour, height: int, matrix: str) -> None:
    """The tag that is written is the matrix that the chroma was made with, and the light is as it was."""
    frames = [np.kron(frame, np.ones((height // 40, height // 40))) for frame in scene(40, 48, 2)]
    given = make(tmp_path / "in.mkv", frames, Recipe(codec="ffv1", audio=None))
    with av.open(str(tmp_path / "in.mkv")) as film:
        assert film.streams.video[0].codec_context.colorspace == 2, "not said"
    colour(tmp_path / "in.mkv", tmp_path / "out.mkv", codec="ffv1")
    code = {"smpte170m": 6, "bt709": 1}[matrix]
    with av.open(str(tmp_path / "out.mkv")) as film:
        frame = next(film.decode(video=0))
        assert frame.colorspace == code
    reader = FilmReader(tmp_path / "out.mkv")
    assert reader.info.signal.matrix == code
    for before, after in zip(given, reader.frames(), strict=True):
        np.testing.assert_array_equal(after.luma, before)


def test_subtitles_stay_where_they_were_in_a_variable_film(tmp_path: Path, colour) -> None:
    times = [0, 40, 90, 300, 340, 1000, 1040, 2500]
    make(tmp_path / "film.mkv", scene(48, 64, len(times)), Recipe("ffv1", audio=None, times=times))
    text = "1\n00:00:00,100 --> 00:00:00,300\nGuten Tag\n\n2\n00:00:01,010 --> 00:00:01,710\nund auf Wiedersehen\n"
    (tmp_path / "said.srt").write_text(text)
    with (
        av.open(str(tmp_path / "film.mkv")) as film,
        av.open(str(tmp_path / "said.srt")) as said,
        av.open(str(tmp_path / "in.mkv"), "w") as output,
    ):
        for source in (film.streams.video[0], said.streams.subtitles[0]):
            output.add_stream_from_template(source)
        for number, source in enumerate((film, said)):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = output.streams[number]
                    output.mux(packet)

    def subtitles(path: Path) -> list[tuple[int, int, bytes]]:
        with av.open(str(path)) as opened:
            return [
                (packet.pts, packet.duration, bytes(packet))
                for packet in opened.demux(opened.streams.subtitles[0])
                if packet.pts is not None
            ]

    colour(tmp_path / "in.mkv", tmp_path / "out.mkv", part_frames=3, every=2)
    assert subtitles(tmp_path / "out.mkv") == subtitles(tmp_path / "in.mkv")
    assert [(start, length) for start, length, _ in subtitles(tmp_path / "out.mkv")] == [(100, 200), (1010, 700)]
    made = FilmReader(tmp_path / "out.mkv")
    shown = [float(frame.pts * made.info.time_base) for frame in made.frames()]
    assert shown == pytest.approx([time / 1000 for time in times])


def grey_dpx(path: Path, frame: Array) -> None:
    """A DPX of luma alone as film scanners write it: ten bits, three samples in a word, the first one lowest."""
    height, width = frame.shape
    levels = np.zeros((height, -(-width // 3) * 3), np.uint32)
    levels[:, :width] = np.round(frame * 1023).astype(np.uint32)
    words = levels[:, 0::3] << 2 | levels[:, 1::3] << 12 | levels[:, 2::3] << 22
    head = bytearray(b"\xff" * 2048)
    head[0:4], head[4:8], head[8:16] = b"SDPX", (2048).to_bytes(4, "big"), b"V1.0\0\0\0\0"
    head[16:20] = (2048 + words.nbytes).to_bytes(4, "big")
    head[768:772] = bytes([0, 0, 0, 1])  # orientation, one element
    head[772:776], head[776:780] = width.to_bytes(4, "big"), height.to_bytes(4, "big")
    head[780:784] = bytes(4)  # unsigned
    head[800:804] = bytes([6, 2, 2, 10])  # luma, linear, linear, ten bits
    head[804:808] = bytes([0, 1, 0, 0])  # filled to words, not run-length coded
    head[808:812] = (2048).to_bytes(4, "big")
    path.write_bytes(bytes(head) + words.astype(">u4").tobytes())


def test_a_scan_of_luma_alone_in_ten_bits_goes_in_and_out(tmp_path: Path, colour) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    frames = scene(48, 66, 3)
    for number, frame in zip((86400, 86401, 86403), frames, strict=True):
        grey_dpx(tmp_path / "in" / f"{number:07}.dpx", frame)
    source = FilmReader(str(tmp_path / "in" / "%07d.dpx"), full_range=True)
    assert (source.info.pix_fmt, source.info.signal.depth) == ("gray10le", 10)
    for frame, read in zip(frames, source.frames(), strict=True):
        np.testing.assert_array_equal(read.luma, np.round(frame * 1023))
    report = colour(tmp_path / "in" / "%07d.dpx", tmp_path / "out" / "%07d.dpx")
    assert "1 number is missing (86402): the picture before is shown until the next" in report.notes
    made = FilmReader(str(tmp_path / "out" / "%07d.dpx"), full_range=True)
    assert made.numbered is not None
    assert made.numbered.numbers == [86400, 86401, 86403]
    assert made.info.signal.depth == 10
    for frame, read in zip(frames, made.frames(), strict=True):
        assert np.abs(read.luma - np.round(frame * 1023)).max() <= 1
