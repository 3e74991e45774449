"""Many photos: planned, coloured, recorded."""

from .manifest import read_manifest

__all__ = ["read_manifest"]
