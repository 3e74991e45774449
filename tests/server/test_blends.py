"""Several models that answer together, asked for by name."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from server.serving import Site, Visitor
from tintype.network.model_file import find_model
from tintype.server.blends import name_of, parts_of
from tintype.server.problems import ProblemError


def colours(visitor: Visitor, picture: dict[str, str], model: str) -> np.ndarray:
    import io

    result = visitor.colorize(picture, model=model)
    data = visitor.get(result["file_url"], params={"format": "png"}).content
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float32)


def test_a_mixture_lies_between_its_parts(site: Site, visitor: Visitor, photo: Path) -> None:
    assert visitor.get("/api/capabilities").json()["blends"] is True
    (picture,) = visitor.upload(photo)
    one, other = (colours(visitor, picture, name) for name in ("tint", "tint-small"))
    apart = np.abs(one - other).mean()
    shares = {share: colours(visitor, picture, f"tint*{share},tint-small*{1 - share:g}") for share in (0.9, 0.1)}
    near = {share: np.abs(mixed - one).mean() for share, mixed in shares.items()}
    assert apart > 0.5
    assert near[0.9] < 0.35 * apart < 0.65 * apart < near[0.1]
    result = visitor.colorize(picture, model="tint*9, tint-small")
    assert result["model"] == "tint*0.9,tint-small*0.1"
    assert "tint*0.9,tint-small*0.1" not in visitor.get("/metrics").text


def test_what_mixtures_cannot_do(site: Site, visitor: Visitor, photo: Path) -> None:
    (picture,) = visitor.upload(photo)

    def ask(model: str, **options: object) -> tuple[int, str]:
        answer = visitor.post(f"/api/pictures/{picture['id']}/predict", json={"model": model, **options})
        return answer.status_code, "" if answer.is_success else answer.json()["detail"]

    assert ask("tint*0.5,tint-small*0.5")[0] == 200
    assert ask("tint,none")[0] == 422
    assert ask("tint,sketch") == (422, "sketch cannot be mixed with others: only models that colour photographs can")
    assert ask("tint,tint")[0] == 422
    assert ask("tint*0,tint-small")[0] == 422
    assert ask("tint*0.5")[0] == 422
    assert ask("tint,tint-small", strength="auto")[0] == 501


def test_shares_are_parts_of_one_and_names_have_one_form() -> None:
    offered = {name: find_model(name) for name in ("tint", "tint-small")}
    assert name_of(parts_of(" tint * 2 ,tint-small*1", offered)) == "tint*0.67,tint-small*0.33"
    assert name_of(parts_of("tint,tint-small", offered)) == "tint*0.5,tint-small*0.5"
    with pytest.raises(ProblemError, match="2 to 4"):
        parts_of("tint,", offered)
    long = dict.fromkeys(("a" * 60, "b" * 60), offered["tint"])
    with pytest.raises(ProblemError, match="100 characters"):
        name_of(parts_of(",".join(long), long))
