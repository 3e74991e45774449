"""The OpenAPI schema: complete, with good names, and nothing that it allows makes the server stumble."""

import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from server.serving import Site, Visitor
from tintype.server.app import create_app
from tintype.server.settings import Settings

SCHEMA = create_app(Settings()).openapi()
OPERATIONS = [(path, method, one) for path, methods in SCHEMA["paths"].items() for method, one in methods.items()]


def test_operation_ids_make_good_function_names() -> None:
    names = [one["operationId"] for _, _, one in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name) for name in names), names
    assert all(one.get("description") and one["tags"] for _, _, one in OPERATIONS)


def test_refusals_are_problems_in_the_schema() -> None:
    for path, method, one in OPERATIONS:
        for status, answer in one["responses"].items():
            if status[0] in "45" and path != "/ready":
                assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
loaded = schemathesis.openapi.from_dict(SCHEMA)


@pytest.mark.slow
@loaded.parametrize()
@settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
def test_nothing_it_allows_is_a_fault_at_length(case: Any, site: Site) -> None:
    probe(case, site)


@pytest.mark.parametrize("site", ["embedded"], indirect=True)
@loaded.parametrize()
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_nothing_it_allows_is_a_fault(case: Any, site: Site) -> None:
    probe(case, site)


def probe(case: Any, site: Site) -> None:
    if case.operation.definition.raw["operationId"] == "followJob":
        case.headers = {**(case.headers or {}), "connection": "close"}
    answer = case.call(base_url=site.url, timeout=60)
    assert answer.status_code < 500 or answer.status_code in (501, 503), answer.text
    if answer.status_code >= 400 and case.operation.path != "/ready":
        assert answer.headers["content-type"][0].startswith("application/problem+json")


def test_what_is_found_can_be_deleted_mid_use(visitor: Visitor) -> None:
    """Each address with an identity that fits but is nobody's: 404 or 422, for administrators 403, never a fault."""
    for path, method, one in OPERATIONS:
        if "{" not in path:
            continue
        url = re.sub(r"\{[a-z_]*id\}", "A" * 22, path).replace("{side}", "left").replace("{number}", "1")
        body = {} if "requestBody" in one else None
        status = visitor.request(method.upper(), url, json=body).status_code
        wanted = (403,) if url.startswith("/api/admin/") else (404, 422, 501)
        assert status in wanted, (method, url, status)
