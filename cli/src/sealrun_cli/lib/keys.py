"""Private keys come from a file that nobody else may read, or from stdin; never from an argument."""

import errno
import os
import re
import secrets
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from mina.field import Q
from mina.keys import PrivateKey
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.work_folder import WORK, work_folder

# A key has 52 characters, a provider's token some dozens.
MAX_SECRET_BYTES = 1024
STDIN = "-"
KEY_FORM = re.compile(r"EK[1-9A-HJ-NP-Za-km-z]{50}")


def key_place(path: Path) -> Path:
    """Where a key is or will be: a name without a folder is in ``.sealrun``, unless it is here already.

    Raises:
        CliError: the name is a key itself, which is not repeated.
    """
    if KEY_FORM.search(str(path)):
        raise CliError("key", "key: expected a file's name, got a key", "write it into a file, mode 0600")
    bare = len(path.parts) == 1 and not os.path.lexists(path)
    return WORK / path if bare else path


def read_key(source: str) -> PrivateKey:
    """The key in a file, or on stdin for ``-``.

    Raises:
        CliError: others may read the file, or it holds no key; its text is not repeated.
    """
    if source == STDIN:
        return _key(sys.stdin.read(MAX_SECRET_BYTES), "stdin")
    path = key_place(Path(source))
    if not path.exists():
        either = source if path == Path(source) else f"{source} or {path}"
        raise CliError("key", f"key: expected {either}, got no such file", f"run: sealrun key {source} --new")
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(MAX_SECRET_BYTES)
        if KEY_FORM.fullmatch(text.strip()):  # else it is no key file, whoever may read it
            _check_mode(file, path)
    return _key(text, str(path))


def _key(text: str, where: str) -> PrivateKey:
    try:
        return PrivateKey.from_base58(text.strip())
    except ValueError:
        raise CliError(
            "key",
            f"key: expected a Mina private key (EK and 50 more characters) in {where}, got something else",
            "make one with `sealrun key FILE --new`, or save the one that your wallet exports",
        ) from None


def read_private(source: str, option: str) -> str:
    """At most 1024 characters of a secret, from a file that nobody else may read or from stdin for ``-``.

    ``option`` is what named the file, for an error.

    Raises:
        CliError: there is no such file, or others may read it.
    """
    return sys.stdin.read(MAX_SECRET_BYTES) if source == STDIN else _private_text(Path(source), option)


def new_key(path: Path) -> PrivateKey:
    """Write a fresh key to a new file that only its owner may read."""
    key = PrivateKey.from_scalar(1 + secrets.randbelow(Q - 1))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key.to_base58() + "\n")
    return key


def make_key(path: Path, out: Output) -> PrivateKey:
    """The same in its place, and a word on where that is, or where git would take the file along."""
    place = key_place(path)
    if place.parent.name == WORK.name:
        work_folder(place.parent.parent)
    key = new_key(place)
    if place != path:
        out.progress(f"wrote {place}")
    with suppress(CliError):  # there is no git
        if Repository(place.parent).would_add(place.name):
            out.progress(f"{place}: git does not ignore this key; add it to .gitignore before you commit")
    return key


def kept_or_new(path: Path, out: Output) -> PrivateKey:
    """The key in the file, which is made if there is none."""
    return read_key(str(path)) if key_place(path).exists() else make_key(path, out)


def address_in(path: Path | None) -> str:
    """The address of a key that is there; empty where there is none yet."""
    if path is None or not key_place(path).exists():
        return ""
    return read_key(str(path)).public_key().to_base58()


def _private_text(path: Path, option: str) -> str:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            _check_mode(file, path)
            return file.read(MAX_SECRET_BYTES)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
        # Its name is not repeated, for it may be the secret itself.
        detail = f"{option[2:]}: expected a file that is there, got another name"
        raise CliError("file", detail, f"name the file that holds it with {option}, or - for stdin") from None


def _check_mode(file: IO[str], path: Path) -> None:
    mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
    if mode & 0o077:
        said = f"{path.name}: expected {path} with mode 0600, got {mode:04o}"
        raise CliError("key", said, f"run: chmod 600 {path}")
