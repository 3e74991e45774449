"""Every setting of the server: an environment variable TINTYPE_*, with a default that works on one machine.

`docs/settings.md` is made from this file, and a test keeps the two alike.
"""

import os
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tintype.errors import TintypeError

from .predictor.address import http_address

PREFIX = "TINTYPE_"


def default_folder() -> Path:
    """Where a program of this user may keep things: $XDG_DATA_HOME/tintype, else ~/.local/share/tintype."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "tintype"


class Settings(BaseSettings):
    """What the server is told; none of it is needed. Each description is the variable's documentation."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True)

    # Where it listens
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 for every network card.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    allowed_hosts: str = Field(
        "",
        description="Host names that requests may name, with commas. Empty: only this machine's own names while "
        "`TINTYPE_HOST` is a loopback address, any name otherwise.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, with commas.",
    )
    root_path: str = Field(
        "",
        description="Path below which the site lies, such as /tintype, where its host serves other things too. "
        "The proxy may take it off or pass it on.",
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines are written.")

    # Where things are kept
    folder: Path = Field(
        default_factory=default_folder,
        description="Folder for everything that has no address of its own below. "
        "Default: `~/.local/share/tintype`, or `$XDG_DATA_HOME/tintype`.",
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        description="SQLAlchemy address of the database, such as postgresql://user:password@host/name (extra "
        "`postgres`). Empty: SQLite in the folder.",
    )
    storage_url: str = Field(
        "",
        description="fsspec address of the place for pictures, such as s3://bucket/prefix (extra `s3`; keys and "
        "endpoint by the usual AWS_* variables). Empty: a folder in the folder.",
    )
    queue_url: SecretStr = Field(
        SecretStr(""),
        description="Address of the job queue: redis://host:6379/0 (extra `redis`), or postgresql://... "
        "Empty: the database's own Postgres if there is one, else SQLite in the folder.",
    )
    migrate: bool = Field(True, description="Whether starting brings the database's tables up to date.")

    # Models and work
    model: str = Field("tint", description="Name of the model that is used when a request names none.")
    offered_models: str = Field(
        "", description="Names of the models on offer, with commas. Empty: every model that `tintype models` lists."
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="Where networks run.")
    threads: int = Field(0, ge=0, le=256, description="CPU threads of a network; 0 for all cores.")
    predictor: str = Field(
        "local",
        description="Where networks run: `local`, or the address that `tintype predictor` prints, "
        "ray://HOST:PORT/NAME, or http(s)://HOST:PORT/PATH where a proxy stands before it.",
    )
    predictor_seconds: float = Field(
        20,
        gt=0,
        le=600,
        description="How long a predictor elsewhere may take for one picture before it counts as away.",
    )
    loaded_models: int = Field(4, ge=1, le=64, description="How many models are kept in memory at most.")
    workers: int = Field(
        1, ge=0, le=64, description="Job workers inside the server; 0 where `tintype worker` runs beside it."
    )
    film_workers: int = Field(
        1, ge=0, le=64, description="Further job workers, for films alone: no photo waits behind one. 0 with workers 0."
    )
    lease_seconds: float = Field(
        20, ge=1, le=3600, description="After how long without a sign of life a worker's job is given to another."
    )
    job_attempts: int = Field(
        3, ge=1, le=20, description="How often a job is tried whose worker dies, before it counts as failed."
    )
    slots: int = Field(
        0,
        ge=0,
        le=256,
        description="Pictures that are decoded or coloured at the same time; 0 for one a core that it may use.",
    )
    memory_bytes: int = Field(
        0,
        ge=0,
        description="Memory that the process may use; work that would need more waits or is refused. "
        "0: the container's limit, or the machine's memory.",
    )
    waiting: int = Field(
        24, ge=0, le=10_000, description="Requests that may wait for a slot; more are told 429 and when to come back."
    )
    wait_seconds: float = Field(
        20, gt=0, le=600, description="How long a request waits for a slot before it is told 429."
    )
    open_pictures: int = Field(16, ge=0, le=1000, description="Pictures kept decoded for hints, previews and moods.")
    preview_pixels: int = Field(1280, ge=64, le=8192, description="Long side of previews.")

    # Limits
    max_bytes: int = Field(50_000_000, ge=1000, description="Largest photo, in bytes.")
    max_film_bytes: int = Field(2_000_000_000, ge=1000, description="Largest film, in bytes.")
    max_film_pixels: int = Field(9_000_000, ge=1, description="Largest picture of a film, in pixels.")
    max_film_frames: int = Field(400_000, ge=1, description="Longest film, in frames: some four hours.")
    max_pixels: int = Field(64_000_000, ge=1, description="Largest photo, in pixels; a bomb is refused by its header.")
    max_files: int = Field(20, ge=1, le=1000, description="Files in one upload.")
    max_size: int = Field(1024, ge=16, le=4096, description="Largest working size a request may ask a network for.")
    quota_bytes: int = Field(
        5_000_000_000,
        ge=0,
        description="Bytes that one uploader may keep, photos, results and copies in studies together; 0 for no limit. "
        "From one address twice as much may come in a day.",
    )
    store_bytes: int = Field(0, ge=0, description="Bytes that all uploaders together may keep; 0 for no limit.")
    request_seconds: float = Field(300, gt=0, description="How long any request may take, streams of events excepted.")
    upload_seconds: float = Field(600, gt=0, description="How long the sending of an upload may take in all.")
    upload_hours: float = Field(
        24, gt=0, le=24 * 30, description="How long an upload that broke off is kept, to be gone on with."
    )
    open_uploads: int = Field(50, ge=1, le=10_000, description="Unfinished uploads of one uploader at the same time.")
    idle_seconds: float = Field(20, gt=0, description="How long a sender may be silent before it is cut off.")
    requests_per_minute: int = Field(
        600,
        ge=0,
        description="Requests a minute for each client; 0 for no limit. "
        "Counted by all web servers together where the queue is Redis, else by each for itself.",
    )
    burst: int = Field(200, ge=1, description="Requests a client may make at once before the rate counts.")
    connections: int = Field(400, ge=1, description="Connections at the same time; more are told 503.")
    client_connections: int = Field(
        100, ge=1, description="Connections of one address at the same time, trusted proxies excepted; more are closed."
    )
    streams: int = Field(100, ge=1, description="Streams of events at the same time.")
    client_streams: int = Field(
        8,
        ge=1,
        description="Streams of events of one uploader at the same time; of one address three times as many.",
    )

    # Who may what, and for how long
    token: SecretStr = Field(
        SecretStr(""),
        description="If set, every use needs this token: as `Authorization: Bearer TOKEN`, or given once on the page. "
        "Several with commas.",
    )
    retention_hours: float = Field(
        168, ge=0, description="Hours after which a picture and its results are deleted; 0 keeps them."
    )
    cleanup_seconds: float = Field(600, gt=0, description="How often what is too old is looked for.")
    admin_token: SecretStr = Field(
        SecretStr(""),
        description="Token of whoever looks after the server: as `token`, and it opens the page /admin. "
        "Several with commas.",
    )
    admins: str = Field("", description="Users who may open the page /admin, as the login knows them, with commas.")
    login_header: str = Field(
        "",
        description="Header in which a trusted proxy names the user, such as X-Remote-User; others are kept out. "
        "The proxies must be named in `TINTYPE_TRUSTED_PROXIES`, and must overwrite what clients send in it.",
    )
    oidc_issuer: str = Field(
        "", description="Address of an OpenID Connect provider at which people log in (extra `oidc`)."
    )
    oidc_client_id: str = Field("", description="Name of this server at the provider.")
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="Secret of this server at the provider.")
    oidc_claim: str = Field(
        "sub", description="Claim that users are known by; one that they can change themselves would be no proof."
    )
    oidc_scopes: str = Field("openid profile email", description="What the provider is asked for.")
    login_hours: float = Field(12, gt=0, le=24 * 90, description="How long a login at the provider lasts.")
    metrics: bool = Field(True, description="Whether /metrics answers.")
    otlp_url: str = Field(
        "",
        description="Address of an OpenTelemetry collector that takes OTLP over HTTP, such as "
        "http://localhost:4318 (extra `otel`): a trace of each request and job, and what /metrics counts. "
        "Empty: nothing is sent.",
    )
    studies: Literal["anyone", "nobody"] = Field(
        "anyone", description="Who may make studies over HTTP; `tintype arena` always may."
    )

    @field_validator("predictor")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value != "local":
            try:
                http_address(value)
            except TintypeError as error:
                raise ValueError(str(error).partition("; ")[2]) from None
        return value

    @field_validator("root_path")
    @classmethod
    def _is_path(cls, value: str) -> str:
        value = value.rstrip("/")
        if not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*", value):
            raise ValueError(f"{value!r} is no path; give one such as /tintype")
        return value

    @model_validator(mode="after")
    def _has_a_whole_login(self) -> "Settings":
        provider = [self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret.get_secret_value()]
        if any(provider) and not all(provider):
            raise ValueError("TINTYPE_OIDC_ISSUER, TINTYPE_OIDC_CLIENT_ID and TINTYPE_OIDC_CLIENT_SECRET go together")
        if self.login_header and any(provider):
            raise ValueError("TINTYPE_LOGIN_HEADER and TINTYPE_OIDC_ISSUER exclude each other; choose one login")
        if self.login_header and self.trusted_proxies.strip() in ("", "*"):
            raise ValueError("TINTYPE_LOGIN_HEADER needs proxies named in TINTYPE_TRUSTED_PROXIES; others may lie")
        return self

    @property
    def login(self) -> Literal["none", "proxy", "oidc"]:
        """Where people log in."""
        return "proxy" if self.login_header else "oidc" if self.oidc_issuer else "none"

    @property
    def admin_names(self) -> tuple[str, ...]:
        return names(self.admins)

    @property
    def admin_tokens(self) -> tuple[str, ...]:
        return names(self.admin_token.get_secret_value())

    @property
    def database(self) -> str:
        """The database's address, with the driver that tintype uses."""
        url = self.database_url.get_secret_value() or f"sqlite:///{self.folder / 'tintype.db'}"
        for short in ("postgres://", "postgresql://"):
            if url.startswith(short):
                return "postgresql+psycopg://" + url.removeprefix(short)
        return url

    @property
    def storage(self) -> str:
        return self.storage_url or f"file://{self.folder.absolute() / 'pictures'}"

    @property
    def queue(self) -> str:
        """The queue's address: redis://, postgresql:// or sqlite:///."""
        url = self.queue_url.get_secret_value()
        if not url and self.database.startswith("postgresql"):
            url = self.database
        return url.replace("postgresql+psycopg://", "postgresql://") or f"sqlite:///{self.folder / 'queue.db'}"

    @property
    def tokens(self) -> tuple[str, ...]:
        return names(self.token.get_secret_value())

    @property
    def model_names(self) -> tuple[str, ...]:
        """The models on offer, or nothing for all there are."""
        return names(self.offered_models)

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in ("127.0.0.1", "::1", "localhost")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names that requests may name."""
        if given := names(self.allowed_hosts):
            return given
        return ("localhost", "127.0.0.1", "[::1]") if self.is_local else ("*",)

    def page(self, path: str = "/", port: int | None = None) -> str:
        """The address of a view of the page, as people reach it: by the first name that requests may have, over TLS
        where a proxy stands before the server, below the site's path. ``port``: the one that was taken, if known.

        >>> Settings(host="127.0.0.1", port=8000).page("/compare/x")
        'http://localhost:8000/compare/x'
        """
        given = next((name for name in names(self.allowed_hosts) if "*" not in name), None)
        if given is not None and self.trusted_proxies:
            return f"https://{given}{self.root_path}{path}"
        name = given or ("localhost" if self.host in ("0.0.0.0", "::", "127.0.0.1") else self.host)
        return f"http://{name}:{self.port if port is None else port}{self.root_path}{path}"


def names(text: str) -> tuple[str, ...]:
    """The parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def load_settings(**given: Any) -> Settings:
    """The server's settings: the environment's, except what the command line gives.

    Raises:
        TintypeError: a variable has an impossible value.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise TintypeError(f"{name}: {first['msg']}; docs/settings.md lists every setting") from None


def as_markdown() -> str:
    """The settings as docs/settings.md has them."""
    lines = [
        "# Settings of the server",
        "",
        "Every setting is an environment variable, and none is needed. Made by `python -m tintype.server.settings`.",
        "The library has one of its own: `TINTYPE_MODELS`, the folder of fetched models, which can be used by name.",
        "",
        "| variable | default | |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = field.default
        plain = default.get_secret_value() if isinstance(default, SecretStr) else default
        shown = "" if field.default_factory is not None or plain == "" else f"`{str(plain).lower()}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {shown} | {(field.description or '').replace('|', 'or')} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
