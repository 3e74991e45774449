"""A step of the build: manual pages and completions, made from the command line's own help, go into share/."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPLETIONS = {
    "bash": "share/bash-completion/completions/tintype",
    "zsh": "share/zsh/site-functions/_tintype",
    "fish": "share/fish/vendor_completions.d/tintype.fish",
}


class ShareHook(BuildHookInterface[Any]):
    """Makes share/ for the wheel; the sdist has what it is made from."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the files and tell the builder of them."""
        if self.target_name != "wheel":
            return
        sys.path.insert(0, str(Path(self.root) / "src"))
        from tintype.cli.completion import script
        from tintype.cli.man_page import write_pages

        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        shared = {str(path): f"share/man/man1/{path.name}" for path in write_pages(folder / "man1")}
        for shell, place in COMPLETIONS.items():
            path = folder / f"completion.{shell}"
            path.write_text(script(shell) + "\n", encoding="utf-8", newline="\n")
            shared[str(path)] = place
        build_data["shared_data"] |= shared

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take the files away again."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
