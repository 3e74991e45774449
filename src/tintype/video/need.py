"""The packages of the extra ``video``, or one line on how to install them."""

import os
from types import ModuleType

from tintype.errors import MissingExtra

FIX = "films need PyAV and OpenCV: pip install 'tintype[video]'"


def need_av() -> ModuleType:
    """PyAV.

    Raises:
        MissingExtra: it is not installed.
    """
    # SVT-AV1 writes to standard error on its own unless told before it is loaded.
    os.environ.setdefault("SVT_LOG", "1")
    try:
        import av
    except ImportError as error:
        raise MissingExtra(FIX) from error
    return av


def library_versions() -> tuple[str, ...]:
    """PyAV's, OpenCV's and NumPy's: what coded pictures depend on beside our own.

    Raises:
        MissingExtra: one is not installed.
    """
    import numpy

    return need_av().__version__, need_cv2().__version__, numpy.__version__


def need_cv2() -> ModuleType:
    """OpenCV.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtra(FIX) from error
    return cv2
