"""Who somebody is where the server has a login: named by a reverse proxy's header, or by an OpenID Connect provider."""

import re
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers

from tintype.errors import MissingExtra

from .identity import LOGIN_COOKIE, User, cookie_of
from .settings import Settings

TRUSTED = "from_trusted_proxy"  # in a request's state: whether the machine that connected is a trusted proxy
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}")


class Logins:
    """The login of a server, if it has one: ``kind`` is "proxy", "oidc" or "none".

    Raises:
        MissingExtra: OpenID Connect is wanted, and its packages are not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self.kind = settings.login
        self._header = settings.login_header
        self._seconds = int(settings.login_hours * 3600)
        self._signer: Any = None
        if self.kind == "oidc":
            try:
                from itsdangerous import URLSafeTimedSerializer
            except ModuleNotFoundError as error:
                raise MissingExtra("OpenID Connect needs packages: pip install 'tintype[oidc]'") from error
            # Every web server has the client's secret, so that each can read what another has signed.
            self._signer = URLSafeTimedSerializer(settings.oidc_client_secret.get_secret_value(), salt="tintype login")

    def user(self, scope: MutableMapping[str, Any], headers: Headers) -> User | None:
        """Whom the request's login names; None if it shows none that can be believed."""
        if self.kind == "proxy":
            named = headers.getlist(self._header)
            is_believed = scope.get("state", {}).get(TRUSTED) and len(named) == 1
            return User(named[0], named[0]) if is_believed and _NAME.fullmatch(named[0]) else None
        if self.kind == "oidc":
            return self._signed(cookie_of(headers, LOGIN_COOKIE))
        return None

    def sign(self, user: User) -> str:
        """What the login cookie of a user holds, for as long as a login lasts."""
        return str(self._signer.dumps([user.identity, user.name]))

    def _signed(self, shown: str) -> User | None:
        from itsdangerous import BadData

        try:
            identity, name = self._signer.loads(shown, max_age=self._seconds)
        except BadData:
            return None
        return User(identity, name)
