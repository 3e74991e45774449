"""The parts of the documentation site that are made from the code and the files around docs/: hooks of mkdocs.

Pages made here are not written to docs/: the command line's reference from its help, the recipes', those of files at
the top of the repository. Links that lead out of docs/ are led to such a page, or to a copy of the file in the site.
"""

import posixpath
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
# Files of the repository that become pages, by the page's place in docs/.
PAGES = {
    "index.md": "README.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
    "security.md": "SECURITY.md",
    "integrations.md": "integrations/README.md",
}
MADE = ("reference/commands.md", "reference/recipes.md")
_LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")
_OUTSIDE = re.compile(r"^(https?:|mailto:|/)")
_copied: dict[str, Path] = {}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made, and copies of the files that pages link to."""
    sys.path.insert(0, str(ROOT / "src"))
    made = {page: (ROOT / source).read_text(encoding="utf-8") for page, source in PAGES.items()}
    made["reference/commands.md"] = commands()
    made["reference/recipes.md"] = recipes()
    made = {page: _relinked(text, PAGES.get(page, f"docs/{page}"), page) for page, text in made.items()}
    for page, text in made.items():
        files.append(File.generated(config, page, content=text))
    for file in list(files.documentation_pages()):
        if file.src_uri not in made:
            _relinked(file.content_string, f"docs/{file.src_uri}", file.src_uri)
    for uri, path in _copied.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links of docs/ that lead out of it."""
    uri = page.file.src_uri
    return markdown if uri in PAGES or uri in MADE else _relinked(markdown, f"docs/{uri}", uri)


def on_post_page(output: str, page: Any, config: Any) -> str:
    """The theme fetches what its search needs on a disk; here it lies in docs/."""
    return _with_own_shim(output, posixpath.relpath(".", posixpath.dirname(page.url) or "."))


def on_post_template(output_content: str, template_name: str, config: Any) -> str:
    """The page for addresses that are not there, which can be asked for in any folder."""
    return _with_own_shim(output_content, "")


def _with_own_shim(text: str, root: str) -> str:
    return text.replace("https://unpkg.com/iframe-worker/shim", f"{root}/iframe-worker.js")


def _relinked(text: str, source: str, page: str) -> str:
    """The text with its links, which were right at ``source`` in the repository, right at ``page`` in the site."""

    def lead(match: re.Match[str]) -> str:
        before, target, anchor, after = match[1], match[2], match[3] or "", match[4]
        if _OUTSIDE.match(target):
            return match[0]
        place = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        found = next((uri for uri, name in PAGES.items() if name == place), None)
        if found is None and place.startswith("docs/"):
            found = place.removeprefix("docs/")
        if found is None:
            path = ROOT / place
            if not path.exists():
                return match[0]  # mkdocs complains
            if path.is_dir():
                named = [path / "README.md", path / "__init__.py", *sorted(path.glob("*.*"))]
                path = next(one for one in named if one.exists())
                place = path.relative_to(ROOT).as_posix()
            suffix = "" if path.suffix in (".jpg", ".png", ".svg", ".webp") else ".txt"
            found = f"source/{place}{suffix}"
            _copied[found] = path
        return f"{before}{posixpath.relpath(found, posixpath.dirname(page) or '.')}{anchor}{after}"

    return _LINK.sub(lead, text)


def commands() -> str:
    """The reference of the command line: every verb's help, from the code."""
    import typer

    from tintype.cli import STATUSES, VERBS, command_of

    parts = ["# Command line\n", f"{STATUSES}\n", "Made from the help: `tintype help COMMAND` prints the same.\n"]
    for verb, line in VERBS.items():
        command: Any = command_of(verb)
        parts.append(f"## tintype {verb}\n\n{line}\n")
        parts.append(_help(typer.Context(command, info_name=f"tintype {verb}"), command))
        for name, inner in getattr(command, "commands", {}).items():
            parts.append(f"### tintype {verb} {name}\n")
            parts.append(_help(typer.Context(inner, info_name=f"tintype {verb} {name}"), inner))
    return "\n".join(parts)


def _help(context: Any, command: Any) -> str:
    context.terminal_width, context.max_content_width = 80, 80  # as wide as a page at 1,280 pixels
    return f"```text\n{command.get_help(context)}\n```\n"


def recipes() -> str:
    """The recipes that come with the package, and every key of one."""
    folder = ROOT / "src/tintype/training/recipes"
    what = "What `tintype train --recipe NAME` and `tintype tune` start from; [training](../training.md) explains it."
    parts = [f"# Recipes\n\n{what}\n"]
    for path in sorted(folder.glob("*.toml")):
        text = path.read_text(encoding="utf-8").rstrip()
        system = tomllib.loads(text).get("system", path.stem)
        parts.append(f"## {path.stem}\n\nSystem: {system}.\n\n```toml\n{text}\n```\n")
    return "\n".join(parts)
