"""What a request costs a client's rate beyond one: work at a larger size takes a network so much longer."""

from fastapi import Depends, Request

from tintype.server.blends import is_blend
from tintype.server.guard.access import client_address
from tintype.server.problems import busy
from tintype.server.schemas.common import ColourOptions
from tintype.server.services import Services


def price_of(services: Services, options: ColourOptions) -> float:
    """In plain requests: the area that the network works on, over that of its own size, and at least 1; for each of
    several that answer together."""
    asked = options.model or ""
    count = len(asked.split(",")) if is_blend(asked, services.registry.offered()) else 1
    if options.size is None:
        return float(count)
    own = services.registry.file(options.model).info.size
    return count * max(1.0, (options.size / own) ** 2)


async def _pay(request: Request, body: ColourOptions) -> None:
    services: Services = request.app.state.services
    more = price_of(services, body) - 1  # one was counted at the door
    if more <= 0:
        return
    seconds = await request.app.state.rate.seconds(client_address(request.scope), more)
    if seconds:
        raise busy(max(1, round(seconds)), f"such a size or so many models count as {more + 1:.0f} requests")


PAID = Depends(_pay)
