"""Private keys come from a file that nobody else may read, or from stdin; never from an argument."""

import os
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path

from mina.field import Q
from mina.keys import PrivateKey
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.repository import Repository

# A key has 52 characters, a provider's token some dozens.
MAX_SECRET_BYTES = 1024
STDIN = "-"


def read_key(source: str) -> PrivateKey:
    """The key in a file, or on stdin for ``-``.

    Raises:
        CliError: others may read the file, or it holds no key; its text is not repeated.
    """
    if source != STDIN and not Path(source).exists():
        raise CliError("key", f"key: expected {source}, got no such file", f"run: sealrun key {source} --new")
    text = read_private(source)
    where = "stdin" if source == STDIN else source
    try:
        return PrivateKey.from_base58(text.strip())
    except ValueError:
        raise CliError(
            "key",
            f"key: expected a Mina private key (EK...) in {where}, got something else",
            "make one with `sealrun key FILE --new`, or save the one that your wallet exports",
        ) from None


def read_private(source: str) -> str:
    """At most 1024 characters of a secret, from a file that nobody else may read or from stdin for ``-``.

    Raises:
        CliError: others may read the file.
    """
    return sys.stdin.read(MAX_SECRET_BYTES) if source == STDIN else _private_text(Path(source))


def new_key(path: Path) -> PrivateKey:
    """Write a fresh key to a new file that only its owner may read."""
    key = PrivateKey.from_scalar(1 + secrets.randbelow(Q - 1))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.to_base58() + "\n")
    return key


def make_key(path: Path, out: Output) -> PrivateKey:
    """The same, and a word where git would take the file along."""
    key = new_key(path)
    with suppress(CliError):  # there is no git
        if Repository(path.parent).would_add(path.name):
            out.progress(f"{path}: git does not ignore this key; add it to .gitignore before you commit")
    return key


def _private_text(path: Path) -> str:
    with path.open() as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise CliError(
                "key",
                f"{path.name}: expected {path} with mode 0600, got {mode:04o}",
                f"run: chmod 600 {path}",
            )
        return file.read(MAX_SECRET_BYTES)
