"""What does not fit in a request, in words that people can do something with."""

from collections.abc import Mapping
from typing import Any

_PLACES = ("body", "query", "path", "header", "cookie")
_MOST = 40  # characters of what was sent that are said again

# By pydantic's kind of error. {name} is what was asked for, {given} what came; the rest is of pydantic's context.
_SAID = {
    "missing": "{name} is missing",
    "extra_forbidden": "{name} is not known here",
    "too_long": "{name} may have {max_length} entries at most; these are {actual_length}",
    "too_short": "{name} needs {min_length} entries at least; these are {actual_length}",
    "string_too_long": "{name} may have {max_length} characters at most",
    "string_too_short": "{name} needs {min_length} characters at least",
    "greater_than": "{name} is {given}; it must be more than {gt}",
    "greater_than_equal": "{name} is {given}; it must be {ge} or more",
    "less_than": "{name} is {given}; it must be less than {lt}",
    "less_than_equal": "{name} is {given}; it may be {le} at most",
    "finite_number": "{name} must be a finite number",
    "literal_error": "{name} is {given}; choose {expected}",
    "enum": "{name} is {given}; choose {expected}",
    "string_pattern_mismatch": "{name} is {given}, which has not the form that is wanted",
    "json_invalid": "the request is no JSON ({error})",
    "union_tag_invalid": "{name} is of the kind {tag}; choose {expected_tags}",
    "union_tag_not_found": "{name} does not say of which kind it is",
}
_KINDS = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "string": "text", "list": "a list",
    "dict": "an object", "model": "an object", "datetime": "a moment", "decimal": "a number",
}  # fmt: skip


def in_words(error: Mapping[str, Any]) -> str:
    """One error of pydantic's as a sentence.

    >>> in_words({"type": "too_long", "loc": ("body", "hints"), "ctx": {"max_length": 200, "actual_length": 201}})
    'hints may have 200 entries at most; these are 201'
    """
    kind, name = str(error["type"]), _name(error.get("loc", ()))
    given = repr(error.get("input"))
    about = dict(error.get("ctx") or {})
    about |= {"name": name, "given": given if len(given) <= _MOST else given[:_MOST] + "..."}
    if kind in _SAID:
        try:
            return _SAID[kind].format(**about)
        except KeyError:
            pass
    if kind == "value_error" and "error" in about:
        return f"{name}: {about['error']}"
    wanted = _KINDS.get(kind.partition("_")[0])
    if wanted is not None and kind.endswith(("_type", "_parsing", "_from_float", "_attributes_type")):
        return f"{name} must be {wanted}"
    return f"{name}: {error.get('msg', 'does not fit')}"


def _name(place: Any) -> str:
    """Where in the request, without the part of it: "x of hints 3" for ("body", "hints", 2, "x")."""
    parts = list(place)
    if parts and parts[0] in _PLACES:
        parts = parts[1:]
    said: list[str] = []
    for part in parts:
        if isinstance(part, int) and said:
            said[-1] += f" {part + 1}"
        else:
            said.append(str(part))
    return " of ".join(reversed(said)) or "the request"
