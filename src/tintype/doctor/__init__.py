"""What is installed and works on this machine: versions, extras, codecs, engine, processor, folders, a self-test."""

from .examine import examine
from .finding import Finding

__all__ = ["Finding", "examine"]
