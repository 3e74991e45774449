"""The API's reference, made from its OpenAPI schema: as a page without scripts, and as Markdown for docs/api.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One thing the API does, in plain words."""

    tag: str
    method: str
    path: str
    name: str
    text: str
    takes: list[tuple[str, str, str]]
    gives: list[tuple[str, str]]


def operations(schema: Schema) -> list[Operation]:
    """Every operation, by tag, in the order of the routes."""
    found = [
        _operation(method, path, one) for path, methods in schema["paths"].items() for method, one in methods.items()
    ]
    tags = list(dict.fromkeys(operation.tag for operation in found))
    return sorted(found, key=lambda operation: tags.index(operation.tag))


def as_markdown(schema: Schema) -> str:
    """The whole reference as one Markdown document."""
    lines = [
        "# HTTP API",
        "",
        "Made from the OpenAPI schema by `python scripts/api.py`; the server has the same at `/docs`, and",
        "the schema itself at `/openapi.json`. Refusals are `application/problem+json` (RFC 9457).",
    ]
    tag = ""
    for one in operations(schema):
        if one.tag != tag:
            tag = one.tag
            lines += ["", f"## {tag.capitalize()}"]
        lines += ["", f"### `{one.method} {one.path}`", "", f"*{one.name}.* {one.text}"]
        if one.takes:
            lines += ["", "| takes | type | |", "|---|---|---|"]
            lines += [f"| `{name}` | {kind.replace('|', 'or')} | {text} |" for name, kind, text in one.takes]
        lines += ["", "Answers: " + "; ".join(f"{status} {what}" for status, what in one.gives) + "."]
    lines += ["", "## Schemas"]
    for name, model in sorted(schema["components"]["schemas"].items()):
        lines += ["", f"### {name}", "", _flat(model.get("description", "")), "", "| field | type | |", "|---|---|---|"]
        lines += [f"| `{field}` | {kind.replace('|', 'or')} | {text} |" for field, kind, text in _fields(model)]
    return "\n".join(lines) + "\n"


def as_html(schema: Schema) -> str:
    """The whole reference as the body of a page."""
    parts = [
        "<p><a href='./'>Back to the page</a></p>",
        "<h1>tintype HTTP API</h1><p>The same as data: <a href='openapi.json'>openapi.json</a>. Refusals are "
        "<code>application/problem+json</code>.</p>",
    ]
    tag = ""
    for one in operations(schema):
        if one.tag != tag:
            tag = one.tag
            parts.append(f"<h2>{escape(tag.capitalize())}</h2>")
        parts.append(
            f"<h3 id='{escape(one.name)}'><code><span class='method'>{one.method}</span> {escape(one.path)}</code></h3>"
        )
        parts.append(f"<p><i>{escape(one.name)}.</i> {_marked(one.text)}</p>{_table(one.takes)}")
        answers = "; ".join(f"{status} {what}" for status, what in one.gives)
        parts.append(f"<p>Answers: {escape(answers)}.</p>")
    parts.append("<h2>Schemas</h2>")
    for name, model in sorted(schema["components"]["schemas"].items()):
        parts.append(
            f"<h3>{escape(name)}</h3><p>{_marked(_flat(model.get('description', '')))}</p>{_table(_fields(model))}"
        )
    return "".join(parts)


def _operation(method: str, path: str, one: Schema) -> Operation:
    takes = [
        (parameter["name"], _kind(parameter["schema"]), _flat(parameter.get("description", "")))
        for parameter in one.get("parameters", [])
    ]
    for media, body in one.get("requestBody", {}).get("content", {}).items():
        takes.append(("body", f"{_kind(body['schema'])} ({media})", ""))
    gives = [(status, _answer(answer)) for status, answer in sorted(one["responses"].items())]
    return Operation(
        one["tags"][0], method.upper(), path, one["operationId"], _flat(one.get("description", "")), takes, gives
    )


def _answer(answer: Schema) -> str:
    kinds = [_kind(content.get("schema", {})) for content in answer.get("content", {}).values()]
    named = next((kind for kind in kinds if kind not in ("any", "string")), "")
    return named or next(iter(answer.get("content", {})), "") or "nothing"


def _fields(model: Schema) -> list[tuple[str, str, str]]:
    return list(_each_field(model))


def _each_field(model: Schema) -> Iterator[tuple[str, str, str]]:
    for name, field in model.get("properties", {}).items():
        text = _flat(field.get("description", ""))
        if "default" in field and field["default"] not in (None, [], {}):
            text = f"{text} Default {field['default']}.".strip()
        yield name, _kind(field), text


def _kind(schema: Schema) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_kind(one) for one in schema[several]))
    if "enum" in schema or "const" in schema:
        return " | ".join(str(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _table(rows: list[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{_marked(text)}</td></tr>"
        for name, kind, text in rows
    )
    return f"<table>{cells}</table>" if cells else ""


def _marked(text: str) -> str:
    """Text as HTML, what stands between backticks as code."""
    return re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", escape(text))


def _flat(text: str) -> str:
    return " ".join(text.split())
