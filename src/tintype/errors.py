"""Every error a user can meet. The message is one line: the value, the limit, the fix."""


class TintypeError(Exception):
    """Base of all errors that tintype raises on purpose; the command line prints it and exits with 1."""


class InputError(TintypeError):
    """A picture, or the directory of a training run, is missing, broken, empty or too large to read."""


class OutputError(TintypeError):
    """A result cannot be written, or would overwrite a file that nobody asked to replace."""


class WeightsError(TintypeError):
    """A model file is missing, corrupt, or not a tintype model."""


class RecipeError(TintypeError):
    """A training recipe has an unknown key, a wrong type or values that contradict each other."""


class DataError(TintypeError):
    """A folder or shard holds no pictures to train or measure on."""


class MissingExtra(TintypeError):
    """An optional part of tintype is not installed; the message names the extra to install."""
