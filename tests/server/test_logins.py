"""Logins by name: a reverse proxy's header, and a real OpenID Connect provider; who looks after the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.serving import Site, Visitor, free_port, serving
from tintype.errors import TintypeError
from tintype.server.identity import User
from tintype.server.settings import load_settings

HEADER = "X-Remote-User"
CLIENT, SECRET = "tintype", "a secret of this test"


@pytest.fixture(scope="module")
def behind_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The address 127.0.0.1 is the proxy's; 127.0.0.2 is a client that came around it."""
    folder = tmp_path_factory.mktemp("header")
    given: dict[str, Any] = {"trusted_proxies": "127.0.0.1", "login_header": HEADER, "admins": "grace"}
    with serving(folder, model="tiny", token="for programs", **given) as site:
        yield site


def test_a_trusted_proxy_names_users_and_what_they_keep_follows_them(behind_proxy: Site, photo: Path) -> None:
    with behind_proxy.visitor(headers={HEADER: "ada"}) as ada, behind_proxy.visitor(headers={HEADER: "ada"}) as again:
        (picture,) = ada.upload(photo)
        assert again.get(f"/api/pictures/{picture['id']}").json()["mine"]  # without a cookie in common
        told = ada.get("/api/session").json()
        assert (told["user"], told["login"], told["allowed"], told["admin"]) == ("ada", "proxy", True, False)
    with behind_proxy.visitor(headers={HEADER: "bob"}) as bob:
        assert bob.get(f"/api/pictures/{picture['id']}").status_code == 404
        assert bob.get("/api/admin").status_code == 403


def test_the_header_is_believed_from_trusted_proxies_alone(behind_proxy: Site) -> None:
    around = httpx2.HTTPTransport(local_address="127.0.0.2")
    with behind_proxy.visitor(headers={HEADER: "grace"}, transport=around) as liar:
        assert liar.get("/api/pictures").status_code == 401
        assert liar.get("/api/admin").status_code == 401
        # saying that one is the proxy's client changes nothing
        assert liar.get("/api/pictures", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    with behind_proxy.visitor() as nobody:
        assert nobody.get("/api/pictures").status_code == 401
        assert nobody.get("/api/pictures", headers=[(HEADER, "ada"), (HEADER, "grace")]).status_code == 401
        assert nobody.get("/api/pictures", headers={HEADER: ""}).status_code == 401
        assert nobody.get("/health").status_code == 200
        assert nobody.get("/").status_code == 200
        assert nobody.get("/api/pictures", headers={"Authorization": "Bearer for programs"}).status_code == 200


def test_what_cannot_be_a_login_is_refused_at_the_start() -> None:
    for given, why in (
        ({"login_header": HEADER}, "TRUSTED_PROXIES"),
        ({"login_header": HEADER, "trusted_proxies": "*"}, "TRUSTED_PROXIES"),
        ({"oidc_issuer": "https://id.example"}, "go together"),
        ({"root_path": "no slash"}, "/tintype"),
    ):
        with pytest.raises(TintypeError, match=why):
            load_settings(**given)


def test_administrators_see_owners_jobs_and_room_and_can_delete(behind_proxy: Site, photo: Path) -> None:
    with behind_proxy.visitor(headers={HEADER: "eve"}) as eve, behind_proxy.visitor(headers={HEADER: "grace"}) as grace:
        (picture,) = eve.upload(photo)
        eve.ended(eve.job(kind="colorize", pictures=[picture["id"]]))
        overview = grace.get("/api/admin").json()
        assert overview["pictures"] >= 1
        assert overview["jobs"]["done"] >= 1
        assert overview["stored_bytes"] >= photo.stat().st_size
        assert overview["disk_total"] > overview["disk_free"] > 0
        found = {one["name"]: one for one in grace.get("/api/admin/owners").json()}
        assert found["eve"]["pictures"] == 1
        assert found["eve"]["bytes"] > photo.stat().st_size  # the result counts too
        assert found["eve"]["owner"] == User("eve", "").owner
        assert {one["name"] for one in grace.get("/api/admin/jobs").json()} >= {"eve"}
        address = f"/api/admin/owners/{found['eve']['owner']}"
        assert grace.patch(address, json={"quota_bytes": 10}).json()["quota_bytes"] == 10
        assert eve.get("/api/session/data").json()["quota_bytes"] == 10
        answer = eve.post("/api/pictures", files=[("files", ("again.jpg", photo.read_bytes()))])
        assert answer.json()["refused"][0]["status"] == 413 if answer.status_code == 201 else answer.status_code == 413
        assert grace.delete(address).json()["pictures"] == 1
        assert eve.get("/api/pictures").json()["items"] == []
        assert "eve" not in {one["name"] for one in grace.get("/api/admin/owners").json()} or eve


def test_an_admin_token_opens_the_admin_page_and_no_other_does(tmp_path: Path) -> None:
    with serving(tmp_path, model="tiny", token="many", admin_token="one") as site, site.visitor() as visitor:
        assert visitor.get("/api/session").json()["allowed"] is False
        assert visitor.post("/api/session", json={"token": "many"}).json()["admin"] is False
        assert visitor.get("/api/admin").status_code == 403
        assert visitor.post("/api/session", json={"token": "one"}).json()["admin"] is True
        assert visitor.get("/api/admin").status_code == 200
        assert visitor.post("/api/logout").status_code == 204
        assert visitor.get("/api/admin").status_code == 401
        assert visitor.get("/api/admin", headers={"Authorization": "Bearer one"}).status_code == 200


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real OpenID Connect provider on a port of its own; anybody can log in as anybody there."""
    mock = pytest.importorskip("oidc_provider_mock", reason="oidc-provider-mock is not installed")
    pytest.importorskip("authlib", reason="the extra oidc is not installed")
    with mock.run_server_in_thread(port=free_port(), require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def with_provider(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    given: dict[str, Any] = {"oidc_issuer": provider, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    with serving(tmp_path_factory.mktemp("oidc"), model="tiny", admins="grace", **given) as site:
        yield site


def to_provider(browser: Visitor, to: str = "/gallery") -> httpx2.Response:
    """Follow the way to the provider's form."""
    begun = browser.get("/api/login", params={"to": to})
    assert begun.status_code == 302
    assert "code_challenge_method=S256" in begun.headers["location"]
    return begun


def log_in(browser: Visitor, name: str, to: str = "/gallery") -> httpx2.Response:
    begun = to_provider(browser, to)
    answered = httpx2.post(begun.headers["location"], data={"sub": name})
    assert answered.status_code == 302, answered.text
    return browser.get(answered.headers["location"])


def test_people_log_in_at_a_provider(with_provider: Site, photo: Path) -> None:
    with with_provider.visitor() as browser, with_provider.visitor() as elsewhere, with_provider.visitor() as bob:
        assert browser.get("/api/pictures").status_code == 401
        assert browser.get("/api/session").json()["login_url"] == "/api/login"
        done = log_in(browser, "grace")
        assert (done.status_code, done.headers["location"]) == (303, "/gallery")
        assert all("httponly" in one.lower() for one in done.headers.get_list("set-cookie"))
        told = browser.get("/api/session").json()
        assert (told["user"], told["allowed"], told["admin"]) == ("grace", True, True)
        (picture,) = browser.upload(photo)
        log_in(elsewhere, "grace")
        assert elsewhere.get(f"/api/pictures/{picture['id']}").json()["mine"]
        log_in(bob, "bob")
        assert bob.get(f"/api/pictures/{picture['id']}").status_code == 404
        assert bob.get("/api/admin").status_code == 403
        assert "grace" in {one["name"] for one in browser.get("/api/admin/owners").json()}
        assert browser.post("/api/logout").status_code == 204
        assert browser.get("/api/pictures").status_code == 401


def test_a_login_cannot_be_made_up_replayed_or_sent_elsewhere(with_provider: Site) -> None:
    with with_provider.visitor() as browser, with_provider.visitor() as other:
        answered = httpx2.post(to_provider(browser).headers["location"], data={"sub": "grace"})
        back = answered.headers["location"]
        assert other.get(back).status_code == 401  # another browser than the one that was sent out
        assert browser.get(re.sub(r"code=[^&]+", "code=guessed", back)).status_code in (401, 503)
        assert browser.get(back).status_code == 401  # what it was sent out with is used up
        other.cookies.set("tintype_login", "WyJncmFjZSIsImdyYWNlIl0.aaaa.bbbb")
        assert other.get("/api/pictures").status_code == 401
    for evil in ("//evil.example", "https://evil.example", "/\\evil.example"):
        with with_provider.visitor() as browser:
            assert log_in(browser, "ada", evil).headers["location"] == "/"


def test_a_provider_that_is_away_is_said_in_words(tmp_path: Path) -> None:
    given: dict[str, Any] = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    away = f"http://localhost:{free_port()}"
    with serving(tmp_path, model="tiny", oidc_issuer=away, **given) as site, site.visitor() as visitor:
        answer = visitor.get("/api/login")
        assert answer.status_code == 503
        assert "provider" in answer.json()["detail"]


def test_a_server_without_a_login_has_no_such_address(visitor: Visitor) -> None:
    assert visitor.get("/api/login").status_code == 404
    assert visitor.get("/api/login/callback").status_code == 404
    assert visitor.get("/api/session").json()["login"] == "none"
    assert visitor.get("/api/admin").status_code == 403
