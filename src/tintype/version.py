"""The version: read by the build, said by the command, the server and every coloured file."""

__version__ = "0.1.0"
