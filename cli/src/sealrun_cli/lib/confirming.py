"""Before money moves or something is changed for ever: show what will be done, then ask."""

import re
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import STDIN, read_private
from sealrun_cli.lib.output import Output

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]


def confirm(out: Output, plan: Sequence[str], *, yes: bool, flag: str = "--yes") -> None:
    """Tell the plan; go on only if somebody agrees.

    Raises:
        CliError: nobody did, or nobody is there to ask.
    """
    for line in plan:
        out.progress(line)
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError(
            "confirm", "confirm: expected a yes, got nobody to ask", f"read the lines above, then add {flag}"
        )
    if not typer.confirm("Do this?", err=True):
        raise CliError("confirm", "confirm: expected a yes, got a no", "nothing was done")


def ask(given: str, question: str, flag: str, *, default: str = "") -> str:
    """What was given, else the answer of somebody at a terminal, else the default.

    Raises:
        CliError: nothing was given, there is nobody to ask and no default.
    """
    if given:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt(question, default=default or None, err=True))
    if not default:
        raise CliError("bad-request", f"{flag[2:]}: expected a value, got none", f"give {flag}")
    return default


def read_secret(source: str, question: str) -> str:
    """A secret from a file that only its owner may read, from stdin, or typed unseen.

    Args:
        source: a file, ``-`` for stdin, or empty: then somebody is asked.
        question: what is asked.

    Raises:
        CliError: there is nobody to ask, others may read the file, or no header can hold its text, which is
            not repeated.
    """
    if source or not sys.stdin.isatty():
        text = read_private(source or STDIN, "--token-file").strip()
    else:
        text = str(typer.prompt(question, hide_input=True, err=True)).strip()
    if not re.fullmatch("[!-~]*", text):
        detail = "token: expected printable characters on one line, got something else"
        raise CliError("token", detail, "write the token alone into the file, in ASCII")
    return text
