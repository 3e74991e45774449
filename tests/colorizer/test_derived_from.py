"""xmpMM:DerivedFrom: a coloured file names the instance that it was made of, and is one of its own."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from tintype import Colorizer, Metadata, Photo
from tintype.colorizer.provenance import read_record, recorded
from tintype.network.model_file import find_model

MM = "{http://ns.adobe.com/xap/1.0/mm/}"
REF = "{http://ns.adobe.com/xap/1.0/sType/ResourceRef#}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def packet(inside: str, body: str = "") -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" {inside}>{body}</rdf:Description>'
        "</rdf:RDF></x:xmpmeta>"
    ).encode()


ATTRIBUTES = packet('xmpMM:DocumentID="xmp.did:1" xmpMM:InstanceID="xmp.iid:2"')
ELEMENTS = packet("", "<xmpMM:DocumentID>xmp.did:1</xmpMM:DocumentID><xmpMM:InstanceID>xmp.iid:2</xmpMM:InstanceID>")


@pytest.mark.parametrize("xmp", [ATTRIBUTES, ELEMENTS], ids=["attributes", "elements"])
def test_the_instance_is_named_and_a_new_one_given(model_path: Path, xmp: bytes) -> None:
    model = find_model(model_path)
    made = recorded(Metadata(xmp=xmp), model, {"size": 128}).xmp
    assert made is not None
    tree = ET.fromstring(made)
    (derived,) = tree.iter(f"{MM}DerivedFrom")
    assert derived.find(f"{REF}documentID").text == "xmp.did:1"  # type: ignore[union-attr]
    assert derived.find(f"{REF}instanceID").text == "xmp.iid:2"  # type: ignore[union-attr]
    (fresh,) = re.findall(rb"xmpMM:InstanceID[=>]\"?([^\"<]+)", made)
    assert fresh != b"xmp.iid:2"
    assert b"xmp.did:1" in made
    assert made == recorded(Metadata(xmp=xmp), model, {"size": 128}).xmp
    assert fresh not in (recorded(Metadata(xmp=xmp), model, {"size": 256}).xmp or b"")
    record = read_record(Metadata(xmp=made))
    assert record is not None
    assert record["options"] == {"size": 128}


def test_coloured_again_it_is_derived_once_and_of_the_last(model_path: Path) -> None:
    model = find_model(model_path)
    once = recorded(Metadata(xmp=ATTRIBUTES), model, {})
    twice = recorded(once, model, {"size": 128})
    assert twice.xmp is not None
    (derived,) = ET.fromstring(twice.xmp).iter(f"{MM}DerivedFrom")
    between = re.findall(rb"xmpMM:InstanceID=\"([^\"]+)", once.xmp or b"")[0].decode()
    assert derived.find(f"{REF}instanceID").text == between  # type: ignore[union-attr]


def test_what_names_no_instance_gets_none(model_path: Path) -> None:
    for xmp in (None, packet("")):
        assert b"DerivedFrom" not in (recorded(Metadata(xmp=xmp), find_model(model_path), {}).xmp or b"")


def test_it_is_in_the_file(model_path: Path, tmp_path: Path) -> None:
    source = Photo.read(np.full((40, 40), 90, np.uint8)).with_meta(Metadata(format="JPEG", xmp=ATTRIBUTES))
    made = Colorizer(model_path, device="cpu").colorize(source)
    for name in ("a.jpg", "a.png", "a.tif", "a.webp"):
        kept = Photo.read(made.save(tmp_path / name)).meta.xmp
        assert kept is not None
        assert b"<stRef:instanceID>xmp.iid:2<" in kept
