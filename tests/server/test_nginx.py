"""The nginx settings of docs/deploy.md, in a real nginx before a real server: TLS, uploads, progress, who is who."""

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import numpy as np
import pytest
from PIL import Image

from pictures import file_bytes, noise
from server.serving import Visitor, events, free_port, serving, stopping, until
from server.test_jobs import frames

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"
NAME = "colour.example.org"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
OPENSSL = shutil.which("openssl")
BURST = 60

pytestmark = pytest.mark.skipif(
    not NGINX or not OPENSSL, reason="nginx is not installed (apt-get install nginx openssl)"
)


class Proxy(NamedTuple):
    url: str
    behind: str

    def visitor(self, address: str = "127.0.0.2", **headers: str) -> Visitor:
        """Somebody who comes from another address than the proxy's own, by the name in the document."""
        transport = httpx2.HTTPTransport(verify=ssl._create_unverified_context(), local_address=address)
        told = {"host": NAME, "origin": f"https://{NAME}", **headers}
        return Visitor(base_url=self.url, transport=transport, headers=told, timeout=60)


def configuration(folder: Path, port: int, behind: str) -> str:
    """The document's server, with a port and a certificate that are to be had here."""
    found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    text = found[1]
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("# ssl_certificate, ssl_certificate_key ...", "ssl_certificate cert.pem;\n    ssl_certificate_key key.pem;"),
        ("http://127.0.0.1:8000", behind),
    ):
        assert old in text, f"the document has no {old!r} any more"
        text = text.replace(old, new)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {}\n"
    return f"{main}http {{\naccess_log off;\n{temporary}{text}}}\n"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    certificate = [OPENSSL, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", f"/CN={NAME}"]
    certificate += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(certificate, check=True, capture_output=True, timeout=60)
    given: dict[str, Any] = {"trusted_proxies": "127.0.0.1", "allowed_hosts": NAME}
    given |= {"requests_per_minute": 60, "burst": BURST}
    with serving(folder / "site", model="tiny", **given) as site:
        port = free_port()
        (folder / "nginx.conf").write_text(configuration(folder, port, site.url))
        command = [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]

        def is_open() -> bool:
            with socket.socket() as sock:
                return sock.connect_ex(("127.0.0.1", port)) == 0

        with stopping(subprocess.Popen(command, stderr=subprocess.PIPE, text=True)) as process:
            until(lambda: is_open() or process.poll() is not None)
            assert process.poll() is None, process.communicate()[1]
            yield Proxy(f"https://127.0.0.1:{port}", site.url)


def test_a_photo_goes_through_and_comes_back(proxy: Proxy) -> None:
    big = file_bytes(Image.fromarray(noise(1400, 1600)), "PNG")
    assert len(big) > 2_000_000  # nginx by itself takes one megabyte
    with proxy.visitor() as visitor:
        page = visitor.get("/")
        assert page.status_code == 200
        assert "max-age" in page.headers["strict-transport-security"]
        (picture,) = visitor.upload(("big.png", big))
        result = visitor.colorize(picture, size=64)
        saved = visitor.get(result["file_url"], params={"download": True})
        assert len(saved.content) == result["bytes"]
        assert visitor.get(picture["file_url"]).content == big
        assert visitor.get("/metrics").status_code == 403


def test_the_cookie_is_for_https_alone_and_other_sites_stay_out(proxy: Proxy) -> None:
    with proxy.visitor() as visitor:
        assert "Secure" in visitor.get("/api/session").headers["set-cookie"]
    tiny = {"files": ("a.png", file_bytes(Image.fromarray(np.full((8, 8), 77, np.uint8)), "PNG"))}
    with proxy.visitor(origin="https://evil.example") as visitor:
        assert visitor.post("/api/pictures", files=tiny).status_code == 403
    with proxy.visitor(host="evil.example", origin="https://evil.example") as visitor:
        assert visitor.get("/api/session").status_code == 403


def test_progress_arrives_when_it_happens(proxy: Proxy) -> None:
    with proxy.visitor() as visitor, proxy.visitor() as other:
        pictures = visitor.upload(*frames(18, 200))
        other.cookies = visitor.cookies
        job = visitor.job(kind="colorize", pictures=[one["id"] for one in pictures], options={"size": 1024})
        told = b""
        with visitor.stream("GET", job["events_url"]) as stream:
            for piece in stream.iter_bytes():
                if not told:  # were it held back until the end, this would come too late
                    assert other.post(f"/api/jobs/{job['id']}/cancel").status_code == 202
                told += piece
        name, last = events(told.decode())[-1]
        assert name == "cancelled"
        assert last["done"] < last["total"] == 18


def test_limits_count_for_each_client_whatever_it_says_of_itself(proxy: Proxy) -> None:
    with proxy.visitor("127.0.0.9") as greedy, proxy.visitor("127.0.0.10") as modest:
        statuses = [
            greedy.get("/api/session", headers={"x-forwarded-for": f"10.0.0.{number}"}).status_code
            for number in range(BURST + 20)
        ]
        assert statuses.count(429) >= 5
        assert modest.get("/api/session").status_code == 200
