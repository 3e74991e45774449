"""What is installed and works on this machine: versions, extras, codecs, engine, processor, folders, a self-test."""

from .examine import Finding, examine

__all__ = ["Finding", "examine"]
