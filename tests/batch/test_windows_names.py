"""Names as Windows has them, on any system: drives, UNC, backslashes, long and forbidden names."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from tintype.batch import plan
from tintype.cli.manners import Manners
from tintype.errors import TintypeError
from tintype.files import locations


@pytest.mark.parametrize(
    "place", [r"C:\scans\a.jpg", r"\\server\share\scans\a.jpg", "C:/scans/a.jpg", r"\\?\C:\scans\a.jpg"]
)
def test_a_drive_is_no_address(place: str) -> None:
    assert not locations.is_url(place)
    assert not locations.is_web(place)


@pytest.mark.parametrize(
    ("source", "inside"),
    [
        (r"C:\scans\box 1\a.jpg", "scans/box 1/a.jpg"),
        (r"\\server\share\scans\a.jpg", "scans/a.jpg"),
        (r"..\scans\a.jpg", "scans/a.jpg"),
        (r"C:scans\a.jpg", "scans/a.jpg"),
        ("D:\\" + "long\\" * 60 + "a.jpg", "long/" * 60 + "a.jpg"),
    ],
)
def test_a_list_keeps_the_whole_path_below_the_output(
    source: str, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "Path", PureWindowsPath)
    assert plan.whole_path(source) == PurePosixPath(inside)


@pytest.mark.parametrize("output", ["out\\", "C:\\out\\", "\\\\server\\share\\out\\", "out/"])
def test_a_separator_at_the_end_means_a_folder(output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan.os, "sep", "\\")
    assert not plan.is_file_name(output)


@pytest.mark.parametrize("suffix", ["a/b", "a\\b", "a:b", "what?", "*", '"', "<", "|", "end.", "end "])
def test_a_suffix_is_a_name_everywhere(suffix: str) -> None:
    with pytest.raises(TintypeError, match="no name of a file on every system"):
        Manners.of(None, suffix, False, False, False, "out")
