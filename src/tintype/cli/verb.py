"""A verb of the command line: its help by panels, and options from files and the environment."""

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperCommand

from tintype.console import answer_tidily

from .config_file import Known, effective, read_layers
from .verbs import VERBS


class Verb(TyperCommand):
    """A verb whose help lists the options of each panel under the panel's name."""

    def format_options(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]
        panels: dict[str, list[Any]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
                panels.setdefault(getattr(parameter, "rich_help_panel", None) or kind, []).append(record)
        for name in sorted(panels, key=("Arguments", *[n for n in panels if n != "Arguments"]).index):
            with formatter.section(name):
                formatter.write_dl(panels[name])

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """The verb's function called; from here on Ctrl-C may find something begun."""
        if self.name != "colorize":  # which says itself from when on
            answer_tidily()
        return super().invoke(ctx)

    def make_context(self, info_name: Any, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """The line parsed, over the defaults of files and environment."""
        if not extra.get("resilient_parsing") and not {"-h", "--help"} & set(args):
            extra["default_map"] = self._defaults(str(info_name), args, parent)
        return super().make_context(info_name, args, parent, **extra)

    def _defaults(self, verb: str, args: list[str], parent: Any) -> dict[str, Any]:
        """What stands in for options that the line does not give, by parameter.

        Raises:
            TintypeError: a file of options is wrong, or there is no such preset.
        """
        given = super().make_context(verb, list(args), parent, resilient_parsing=True).params
        parameters = options_of(self)
        known: Known = dict.fromkeys(VERBS) | {verb: set(parameters)}
        layers = read_layers(known, (str(one) for one in given.get("inputs") or ()))
        found = effective(verb, layers, given.get("preset"))
        return {
            parameters[name].name: _as_typed(value, parameters[name])
            for name, (value, _) in found.items()
            if name in parameters
        }


def options_of(command: Any) -> dict[str, Any]:
    """A command's options by their long names, without the dashes."""
    return {
        name.removeprefix("--"): parameter
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in parameter.opts
        if name.startswith("--") and name != "--help"
    }


def _as_typed(value: Any, parameter: Any) -> Any:
    """A value from a file, as it would have been typed."""
    if isinstance(value, bool):
        return value
    if parameter.multiple:
        return [str(one) for one in _listed(value)]
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _listed(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
