"""How ``--help`` reads: commands by who uses them, and an example for each."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from sealrun_cli.lib.errors import CliError

# Typer has a copy of Click of its own, whose names are private.
Command = Any
# The common base of all errors of the command line.
UsageError: Any = typer.BadParameter.__base__
HEADING = "Example:"
WIDTH = 76
OTHERS = "Commands"
JSON = "--json"


def example(text: str) -> str:
    """The end of a command's help: one command, on as many lines as it takes.

    Click leaves a paragraph that begins with a backspace as it is.
    """
    return "\n".join(["\b", HEADING, *(f"  {line}" for line in folded(text))])


def folded(text: str) -> Iterator[str]:
    """A shell's command, each line but the last ending in a backslash; broken before options only."""
    line, *options = text.replace(" --", "\n--").split("\n")
    for option in options:
        if len(line) + len(option) + 3 > WIDTH:
            yield f"{line} \\"
            line = f"    {option}"
        else:
            line += f" {option}"
    yield line


def example_of(command: Command) -> list[str]:
    """The words of a command's example, as a shell reads them; empty where it has none."""
    _, _, text = (command.epilog or "").partition(f"{HEADING}\n")
    return shlex.split(text.replace("\\\n", ""))


class Panels(TyperGroup):
    """Lists commands under their panels, each in the order in which they were added."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  Click's own signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002
        **extra: Any,
    ) -> Any:
        """Run the command; with ``--json`` what is wrong with the command line is a JSON object as well."""
        words = sys.argv[1:] if args is None else list(args)
        if not standalone_mode or JSON not in words:
            return super().main(args, prog_name, complete_var, standalone_mode, windows_expand_args, **extra)
        try:
            status = super().main(
                args,
                prog_name,
                complete_var,
                windows_expand_args=windows_expand_args,
                standalone_mode=False,
                **extra,
            )
        except UsageError as error:
            wrong = CliError("bad-request", error.format_message())
            print(json.dumps({"error": wrong.value()}))
            error.show()
            sys.exit(error.exit_code)
        sys.exit(status)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def panels(self) -> dict[str, dict[str, Command]]:
        """Each panel with its commands, by their names."""
        panels: dict[str, dict[str, Command]] = {}
        for name, command in self.commands.items():
            panel = getattr(command, "rich_help_panel", None)
            panels.setdefault(panel if isinstance(panel, str) else OTHERS, {})[name] = command
        return panels

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        limit = formatter.width - 6 - max(map(len, self.commands))
        for title, commands in self.panels().items():
            with formatter.section(title):
                formatter.write_dl(
                    [(name, command.get_short_help_str(limit)) for name, command in commands.items()]
                )
