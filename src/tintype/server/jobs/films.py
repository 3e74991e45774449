"""Films as jobs. The library's film part is asked for through `capabilities`, and answers 501 where it is missing."""

from ..capabilities import require
from ..schemas.common import ColourOptions
from ..services import Services
from .ledger import Claim


def colour_film(services: Services, mine: Claim) -> None:
    """Colour the payload's film."""
    options = ColourOptions.model_validate(mine.job.payload["options"])
    require("films", services.shelf.file(options.model))
    raise NotImplementedError
