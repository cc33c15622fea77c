"""The reference page and the manual page, written from the command itself.

python -m sealrun_cli.reference FOLDER     writes both into a checkout of the repository
"""

import inspect
import shlex
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import typer.main

from sealrun_cli.lib.help import Command, example_of, folded
from sealrun_cli.main import app

PAGE, MANUAL = Path("docs/reference/command.md"), Path("cli/data/share/man/man1/sealrun.1")
STATUSES = (
    (0, "It was done; what was checked holds."),
    (1, "An error, or something that was claimed does not hold."),
    (2, "The command line is wrong."),
    (3, "The run that was bought did not succeed."),
)
FILES = (
    (".sealrun/", "Keys, stacks and sealed tokens of this folder. Git ignores it."),
    ("offer.toml", "The offer that sellers' commands work on."),
    ("~/.local/state/sealrun/", "What a buyer's client has signed, one file for each account."),
)


def main() -> None:
    """Write both pages below the folder that is named."""
    folder = Path(sys.argv[1])
    for path, text in pages().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """Each page by its path in the repository."""
    return {PAGE: "\n".join(_markdown()) + "\n", MANUAL: "\n".join(_roff()) + "\n"}


def _panels() -> Iterator[tuple[str, list[tuple[str, Command]]]]:
    """Each panel with its commands; a group's own commands stand in its place."""
    root: Any = typer.main.get_command(app)
    for title, commands in root.panels().items():
        yield title, [leaf for name, command in commands.items() for leaf in _leaves(name, command)]


def _leaves(name: str, command: Command) -> Iterator[tuple[str, Command]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for inner, each in command.commands.items():
        yield from _leaves(f"{name} {inner}", each)


def _usage(name: str, command: Command) -> str:
    named = [each.metavar or each.name.upper() for each in _arguments(command)]
    return " ".join(["sealrun", name, *named, "[OPTIONS]"])


def _arguments(command: Command) -> list[Any]:
    return [each for each in command.params if each.param_type_name == "argument"]


def _parameters(name: str, command: Command) -> Iterator[tuple[str, str]]:
    """How each is written and what it means, as ``--help`` has it; the reader's own home has no name here."""
    context = typer.Context(command, info_name=name)
    for each in command.params:
        written, says = each.get_help_record(context)
        if each.param_type_name == "argument":
            written = each.metavar or each.name.upper()
        yield written, says.replace(str(Path.home()), "~").replace("  ", " ")


def _paragraphs(command: Command) -> list[str]:
    return [" ".join(each.split()) for each in inspect.cleandoc(command.help).split("\n\n")]


def _markdown() -> Iterator[str]:
    yield "# The `sealrun` command"
    yield ""
    yield "`python -m sealrun_cli.reference .` writes this page from the command's own help."
    yield ""
    yield "| status | meaning |"
    yield "|---|---|"
    yield from (f"| {status} | {says} |" for status, says in STATUSES)
    for title, commands in _panels():
        yield from ("", f"## {title}")
        for name, command in commands:
            yield from ("", f"### sealrun {name}", "")
            for paragraph in _paragraphs(command):
                yield from (paragraph, "")
            yield from ("```sh", *folded(shlex.join(example_of(command))), "```", "")
            yield from (f"Usage: `{_usage(name, command)}`", "", "| option | meaning |", "|---|---|")
            for written, says in _parameters(name, command):
                yield f"| `{_cell(written)}` | {_cell(says)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _roff() -> Iterator[str]:
    """man(7): https://man7.org/linux/man-pages/man7/man.7.html."""
    root = typer.main.get_command(app)
    yield f'.TH SEALRUN 1 "" "sealrun {metadata.version("sealrun-cli")}" "User Commands"'
    yield from (".SH NAME", "sealrun \\- sell one CI job as a Mina zkApp call, or buy one")
    yield from (".SH SYNOPSIS", ".B sealrun", ".I COMMAND", "[\\fIARGUMENT\\fR ...] [\\fIOPTION\\fR ...]")
    yield from (".SH DESCRIPTION", _text(inspect.cleandoc(root.help or "")))
    for title, commands in _panels():
        yield f".SH {_text(title).upper()}"
        for name, command in commands:
            yield f'.SS "{_text(_usage(name, command))}"'
            for paragraph in _paragraphs(command):
                yield from (_text(paragraph), ".PP")
            for written, says in _parameters(name, command):
                yield from (".TP", f"\\fB{_text(written)}\\fR", _text(says))
            yield from (".PP", "Example:", ".PP", ".nf", ".RS")
            yield from map(_text, folded(shlex.join(example_of(command))))
            yield from (".RE", ".fi")
    yield ".SH EXIT STATUS"
    for status, says in STATUSES:
        yield from (".TP", f"\\fB{status}\\fR", _text(says))
    yield ".SH FILES"
    for path, says in FILES:
        yield from (".TP", f"\\fI{_text(path)}\\fR", _text(says))


def _text(text: str) -> str:
    """Text for roff: a backslash and a leading full stop or quote would be commands."""
    plain = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


if __name__ == "__main__":
    main()
