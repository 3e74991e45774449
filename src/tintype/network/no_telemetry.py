"""OpenVINO without its telemetry: as it comes, each import tells a server, and leaves files in the home folder."""

import sys
from types import ModuleType

_TELEMETRY = "openvino_telemetry"


def import_openvino() -> ModuleType:
    """OpenVINO, imported while the package that sends is not to be had: its own stub then takes the place of that.

    What somebody else imported before is left as it is.
    """
    if "openvino" not in sys.modules and _TELEMETRY not in sys.modules:
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # an import of it fails
        try:
            import openvino
        finally:
            del sys.modules[_TELEMETRY]
    import openvino

    loaded: ModuleType = openvino
    return loaded
