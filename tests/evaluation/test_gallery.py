"""Which pictures are kept to be looked at."""

import itertools

import numpy as np

from tintype.evaluation.gallery import BEST, DRAWN, SIDE, WORST, Gallery

DOT = np.zeros((1, 1, 3), np.uint8)


def filled(order: list[int], each: int = 2, picture: np.ndarray = DOT) -> Gallery:
    gallery = Gallery(each)
    for i in order:
        gallery.offer(f"picture-{i}", i / 10, {"model": picture, "truth": picture}, {"psnr": i})
    return gallery


def names(gallery: Gallery) -> dict[str, list[str]]:
    return {group: [sample.name for sample in samples] for group, samples in gallery.groups().items()}


def test_the_best_the_worst_and_some_by_lot() -> None:
    got = names(filled(list(range(20))))
    by_lot = set(got[DRAWN])
    assert len(by_lot) == 2
    assert got[WORST] == [name for name in ("picture-19", "picture-18") if name not in by_lot]
    assert got[BEST] == [name for name in ("picture-0", "picture-1") if name not in by_lot]


def test_the_order_does_not_matter() -> None:
    assert len({str(names(filled(list(order)))) for order in itertools.permutations(range(5))}) == 1


def test_few_pictures_are_shown_once() -> None:
    assert names(filled([0, 1])) == {DRAWN: names(filled([1, 0]))[DRAWN]}
    assert names(Gallery()) == {}


def test_what_is_kept_is_small() -> None:
    sample = filled([3], picture=np.full((300, 600, 3), 120, np.uint8)).groups()[DRAWN][0]
    assert sample.figures == {"psnr": 3}
    assert {picture.size for picture in sample.pictures.values()} == {(SIDE, SIDE // 2)}
