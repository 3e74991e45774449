"""Photo, network and hints become a coloured photo."""

from .colorizer import Colorizer, colorize
from .open_photo import OpenPhoto
from .taste import Taste

__all__ = ["Colorizer", "OpenPhoto", "Taste", "colorize"]
