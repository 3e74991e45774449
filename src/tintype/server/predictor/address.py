"""What TINTYPE_PREDICTOR may be, and that nobody answers there; apart, because settings and routes ask for it."""

from tintype.errors import TintypeError

RETRY_SECONDS = 5


class PredictorAwayError(TintypeError):
    """The predictor does not answer, or not in time, or has too much to do; later it may."""


def http_address(address: str) -> str:
    """The HTTP address behind TINTYPE_PREDICTOR: ray://HOST:PORT/NAME is the application NAME of the Ray Serve there.

    Raises:
        TintypeError: it is neither ray:// nor http(s)://.
    """
    scheme, found, rest = address.partition("://")
    if not found or scheme not in ("ray", "http", "https") or not rest.strip("/"):
        raise TintypeError(
            f"TINTYPE_PREDICTOR is {address!r}; give local, ray://HOST:PORT/NAME or http://HOST:PORT/PATH"
        )
    if scheme == "ray" and not rest.partition("/")[2].strip("/"):
        raise TintypeError(f"TINTYPE_PREDICTOR is {address!r}; the application's name is missing, as in {address}/tint")
    return f"{'http' if scheme == 'ray' else scheme}://{rest.rstrip('/')}"
