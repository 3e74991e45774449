"""Every error a user can meet. The message is one line: the value, the limit, the fix."""


class TintypeError(Exception):
    """Base of all errors that tintype raises on purpose; the command line prints it and exits with 1."""


class InputError(TintypeError):
    """A picture, or the directory of a training run, is missing, broken, empty or too large to read."""


class TooLargeError(InputError):
    """A picture has more pixels than are allowed."""


class OutputError(TintypeError):
    """A result cannot be written, or would overwrite a file that nobody asked to replace."""


class StorageFullError(OutputError):
    """A store takes no file: its disk is full, or it is away."""


class WeightsError(TintypeError):
    """A model file is missing, corrupt, or not a tintype model."""


class RecipeError(TintypeError):
    """A training recipe has an unknown key, a wrong type or values that contradict each other."""


class DataError(TintypeError):
    """A folder or shard holds no pictures to train or measure on."""


class MissingExtra(TintypeError):
    """An optional part of tintype is not installed; the message names the extra to install."""


def one_line(error: BaseException | str) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return " ".join(str(error).split()) or type(error).__name__


def last_line(error: BaseException) -> str:
    """The last line with words of an error whose message is pages long, the reason last; its kind without any."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
