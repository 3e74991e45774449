"""`tintype.manifest.read_manifest`, as the documents have always named it; the code is `tintype.batch.manifest`."""

from .batch.manifest import read_manifest

__all__ = ["read_manifest"]
