"""The passphrase of a key file: systemd's credential, a file, or asked for."""

import os

import typer

from sealrun.adapters.keys.passphrase import read_passphrase
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_private

# Names a file. The passphrase itself is never in the environment, which every child inherits.
PASSPHRASE_FILE = "SEALRUN_PASSPHRASE_FILE"  # noqa: S105  a variable's name


def passphrase(source: str, question: str, *, again: bool = False) -> str:
    """The passphrase.

    Args:
        source: a file that only its owner may read, or ``-`` for stdin; empty asks, or takes systemd's
            credential where systemd started the command.
        question: what is asked.
        again: ask twice, for a new one.

    Raises:
        CliError: there is nobody to ask, or others may read the file.
    """
    if source:
        return read_private(source, f"--passphrase-file or {PASSPHRASE_FILE}").strip()

    def ask() -> str:
        try:
            return str(typer.prompt(question, hide_input=True, confirmation_prompt=again, err=True))
        except typer.Abort:
            raise CliError(
                "passphrase", "passphrase: expected one, got none", f"export {PASSPHRASE_FILE}=FILE"
            ) from None

    return read_passphrase(os.environ, ask=ask)
