"""Provenance: record in XMP and EXIF that the colours are estimated, by which model and options, and read it back.

The record names the model, its version and the hash of its weights, the options, and says that the colours are
estimated. It holds no date, so that the same picture and options give the same bytes.
"""

import json
import re
import struct
import uuid
from dataclasses import replace
from html import escape, unescape
from typing import Any

from tintype.network.model_file import ModelFile
from tintype.photo.metadata import EXIF_HEADER, Metadata, first_directory
from tintype.version import __version__

NAMESPACE = "urn:tintype:record:1"
SOFTWARE = f"tintype {__version__}"
NOTE = "The colours are estimated by a neural network; they are no record of what was there."
# IPTC's word for a picture that a trained model has added to.
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
_SOFTWARE = 0x0131
_ASCII = 2
_FIELDS = ("Software", "Model", "ModelVersion", "WeightsSHA256", "Options", "Note")
_OURS = re.compile(rb"\s*<rdf:Description[^>]*" + NAMESPACE.encode() + rb".*?(?:/>|</rdf:Description>)", re.S)
_INSTANCE = re.compile(rb"(xmpMM:InstanceID(?:=[\"']|>))([^\"'<]+)")
_DOCUMENT = re.compile(rb"xmpMM:DocumentID(?:=[\"']|>)([^\"'<]+)")
_RDF = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n</rdf:RDF>\n'
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    '</x:xmpmeta>\n<?xpacket end="w"?>'
).encode()


def recorded(meta: Metadata, model: ModelFile, options: dict[str, Any]) -> Metadata:
    """The metadata with the record added; everything that was there stays.

    An earlier record of tintype is replaced. An XMP packet that is not UTF-8 or has no end is left as it is.
    """
    values = {
        "Software": SOFTWARE,
        "Model": model.info.name,
        "ModelVersion": model.info.version,
        "WeightsSHA256": model.sha256,
        "Options": json.dumps(options, sort_keys=True),
        "Note": NOTE,
    }
    return replace(meta, xmp=_with_record(meta.xmp, values), exif=with_software(meta.exif, SOFTWARE))


def read_record(meta: Metadata) -> dict[str, Any] | None:
    """What `recorded` wrote: software, model, model_version, weights_sha256, options, note; None without a record."""
    found = _OURS.search(meta.xmp) if meta.xmp else None
    if found is None:
        return None
    text = found[0].decode("utf-8", "replace")
    record: dict[str, Any] = {}
    for name in _FIELDS:
        value = re.search(rf'tintype:{name}="([^"]*)"', text)
        key = "weights_sha256" if name == "WeightsSHA256" else re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        record[key] = unescape(value[1]) if value else None
    try:
        record["options"] = json.loads(record["options"] or "{}")
    except ValueError:
        record["options"] = {}
    return record


def _derived(packet: bytes, about: str, values: dict[str, str]) -> tuple[bytes, str]:
    """The packet with an instance of its own, and what says of which instance it is derived (XMP part 2, xmpMM).

    Both only where the source names its instance or document, and nothing yet what it is derived from itself. The new
    instance follows from the old one and the options, so that the same picture gives the same bytes.
    """
    instance, document = _INSTANCE.search(packet), _DOCUMENT.search(packet)
    if (instance is None and document is None) or b"xmpMM:DerivedFrom" in packet:
        return packet, ""
    parts = [("documentID", document[1])] if document else []
    if instance:
        parts.append(("instanceID", instance[2]))
        seed = instance[2].decode("utf-8", "replace") + json.dumps(values, sort_keys=True)
        fresh = f"xmp.iid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}".encode()
        packet = packet[: instance.start(2)] + fresh + packet[instance.end(2) :]
    inside = "".join(f"<stRef:{name}>{value.decode('utf-8', 'replace')}</stRef:{name}>" for name, value in parts)
    return packet, (
        f'<rdf:Description rdf:about="{about}"\n  xmlns:tintype="{NAMESPACE}"\n'
        '  xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"\n'
        '  xmlns:stRef="http://ns.adobe.com/xap/1.0/sType/ResourceRef#">\n'
        f'  <xmpMM:DerivedFrom rdf:parseType="Resource">{inside}</xmpMM:DerivedFrom>\n</rdf:Description>\n'
    )


def _with_record(xmp: bytes | None, values: dict[str, str]) -> bytes:
    packet = _OURS.sub(b"", xmp) if xmp else _EMPTY
    end = packet.rfind(b"</rdf:RDF>")
    if end < 0:
        end = packet.rfind(b"</x:xmpmeta>")
        if end < 0:
            return packet
        packet = packet[:end] + _RDF + packet[end:]
        end = packet.rfind(b"</rdf:RDF>")
    found = re.search(rb'rdf:about="([^"]*)"', packet)
    about = found[1].decode("utf-8", "replace") if found else ""
    packet, derived = _derived(packet, about, values)
    end = packet.rfind(b"</rdf:RDF>")
    lines = [
        f'<rdf:Description rdf:about="{about}"',
        f'  xmlns:tintype="{NAMESPACE}"',
    ]
    if b"DigitalSourceType" not in packet:
        lines.append('  xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"')
        lines.append(f'  Iptc4xmpExt:DigitalSourceType="{_SOURCE_TYPE}"')
    lines += [f'  tintype:{name}="{escape(value)}"' for name, value in values.items()]
    return packet[:end] + ("\n".join(lines) + "/>\n" + derived).encode() + packet[end:]


def with_software(exif: bytes | None, software: str) -> bytes:
    """The EXIF block with the Software tag set; what stood there before stays in front of it.

    The first directory is written anew behind the block and nothing else moves, so offsets of maker notes stay valid.
    """
    entries = list(first_directory(exif))
    if exif is None or not entries:
        if exif is not None and len(exif) > len(EXIF_HEADER) + 14:
            return exif  # damaged: left alone
        text = software.encode() + b"\0"
        head = struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", _SOFTWARE, _ASCII, len(text), 26)
        return EXIF_HEADER + head + bytes(4) + text
    order = entries[0][1]
    base = len(EXIF_HEADER) if exif.startswith(EXIF_HEADER) else 0
    kept, before = [], b""
    for at, _ in entries:
        tag, kind, count = struct.unpack_from(order + "HHI", exif, at)
        if tag != _SOFTWARE:
            kept.append((tag, exif[at : at + 12]))
        elif kind == _ASCII:
            start = at + 8 if count <= 4 else base + struct.unpack_from(order + "I", exif, at + 8)[0]
            before = exif[start : start + count].rstrip(b"\0 ")
    earlier = re.sub(rb"(?:; )?tintype [^;]*$", b"", before)
    text = (earlier + b"; " if earlier else b"") + software.encode() + b"\0"
    if before + b"\0" == text:
        return exif
    end = entries[-1][0] + 12
    following = exif[end : end + 4] if end + 4 <= len(exif) else bytes(4)
    block = exif + bytes((len(exif) - base) % 2)
    directory = len(block) - base
    values = directory + 2 + 12 * (len(kept) + 1) + 4
    inline = text.ljust(4, b"\0") if len(text) <= 4 else struct.pack(order + "I", values)
    kept.append((_SOFTWARE, struct.pack(order + "HHI", _SOFTWARE, _ASCII, len(text)) + inline))
    body = b"".join(entry for _, entry in sorted(kept, key=lambda item: item[0]))
    patched = bytearray(block)
    struct.pack_into(order + "I", patched, base + 4, directory)
    return bytes(patched) + struct.pack(order + "H", len(kept)) + body + following + text
