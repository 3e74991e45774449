"""One still picture and its file formats."""

from .metadata import Metadata
from .photo import Photo

__all__ = ["Metadata", "Photo"]
