"""Logging in at an OpenID Connect provider, by the authorization code flow with PKCE, and logging out."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse

from tintype.errors import MissingExtra
from tintype.server.identity import LOGIN_COOKIE, TOKEN_COOKIE, User, cookie_header
from tintype.server.logins import Logins
from tintype.server.problems import ProblemError, documented, not_found
from tintype.server.root import here
from tintype.server.settings import Settings

router = APIRouter(prefix="/api", tags=["session"])
_STEP_SECONDS = 600  # in which somebody has to come back from the provider


def remember_steps(app: FastAPI, settings: Settings) -> None:
    """Let a browser carry, signed, what it was sent to the provider with (state, nonce, PKCE's verifier)."""
    try:
        from authlib.integrations.starlette_client import OAuth
        from starlette.middleware.sessions import SessionMiddleware
    except ModuleNotFoundError as error:
        raise MissingExtra("OpenID Connect needs packages: pip install 'tintype[oidc]'") from error
    secret = settings.oidc_client_secret.get_secret_value()
    clients = OAuth()
    clients.register(
        "provider",
        client_id=settings.oidc_client_id,
        client_secret=secret,
        server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": settings.oidc_scopes, "code_challenge_method": "S256", "timeout": 10},
    )
    app.state.provider = clients.create_client("provider")
    # Lax, since the browser comes back from another site; and for these addresses alone.
    app.add_middleware(
        SessionMiddleware,
        secret_key=hashlib.sha256(f"tintype steps {secret}".encode()).hexdigest(),
        session_cookie="tintype_login_step",
        max_age=_STEP_SECONDS,
        path=f"{settings.root_path}/api/login",
        same_site="lax",
    )


@router.get("/login", operation_id="beginLogin", response_class=RedirectResponse, responses=documented(404, 503))
async def begin_login(
    request: Request,
    to: Annotated[str, Query(max_length=200, description="Path of the page to come back to.")] = "/",
) -> Response:
    """Go to the provider to log in."""
    provider = _provider(request)
    request.session["to"] = to if to.startswith("/") and to[1:2] not in ("/", "\\") else "/"
    back = f"{request.url.scheme}://{request.url.netloc}{here('/api/login/callback')}"
    try:
        answer: Response = await provider.authorize_redirect(request, back)
    except Exception as error:  # of the network, or of what came back
        raise _unavailable(error) from error
    return answer


@router.get(
    "/login/callback", operation_id="endLogin", response_class=RedirectResponse, responses=documented(401, 404, 503)
)
async def end_login(request: Request) -> Response:
    """Come back from the provider, whose word on who somebody is is checked."""
    from authlib.integrations.starlette_client import OAuthError
    from joserfc.errors import JoseError

    provider, settings = _provider(request), request.app.state.settings
    try:
        answer = await provider.authorize_access_token(request)
        claims: dict[str, Any] = dict(answer.get("userinfo") or {})
    except (OAuthError, JoseError) as error:
        raise ProblemError(401, f"the login was not completed ({_reason(error)}); try again from the page") from error
    except Exception as error:
        raise _unavailable(error) from error
    identity = str(claims.get(settings.oidc_claim) or "")
    if not 0 < len(identity) <= 200:
        raise ProblemError(401, f"the provider names nobody in the claim {settings.oidc_claim!r} (TINTYPE_OIDC_CLAIM)")
    shown = next((str(claims[one]) for one in ("name", "preferred_username", "email") if claims.get(one)), identity)
    logins: Logins = request.app.state.logins
    to = str(request.session.pop("to", "/"))
    done = RedirectResponse(here(to), 303)
    secure = request.url.scheme == "https"
    signed = logins.sign(User(identity, shown[:100]))
    done.headers.append("Set-Cookie", cookie_header(LOGIN_COOKIE, signed, secure, int(settings.login_hours * 3600)))
    return done


@router.post("/logout", operation_id="logout", status_code=204)
async def logout(request: Request) -> Response:
    """Forget the login, or that a token was shown. At the provider one stays logged in."""
    done, secure = Response(status_code=204), request.url.scheme == "https"
    for name in (LOGIN_COOKIE, TOKEN_COOKIE):
        done.headers.append("Set-Cookie", cookie_header(name, "", secure, 0))
    return done


def _provider(request: Request) -> Any:
    provider = getattr(request.app.state, "provider", None)
    if provider is None:
        raise not_found("login")
    return provider


def _reason(error: Exception) -> str:
    return str(getattr(error, "error", "") or type(error).__name__)[:100]


def _unavailable(error: Exception) -> ProblemError:
    return ProblemError(
        503,
        f"the login's provider does not answer ({type(error).__name__}); try again soon",
        headers={"Retry-After": "10"},
    )
