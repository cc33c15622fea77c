"""Results on stdout, as lines or as one JSON object; progress and errors on stderr."""

import errno
import io
import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import httpx
import typer
from rich.console import Console

from sealrun.errors import Malformed, SealrunError
from sealrun.offers.asset import Amount, Asset
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.waiting import Wait, shown

# Between :// and @ may stand a password: of a node, a service, a database, a proxy.
_USER = re.compile(r"(?<=://)[^\s/]*@")
_COMMAND = re.compile(r"\A\s*:(?=:)|#(?=#\[)")
# Printable and blank: with these, words of strangers could stand as a sentence where a line goes on.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0\U0001d159"
# 128 and the signal's number, as shells say it.
INTERRUPTED = 130
# Errors that end a command, and that ``known`` tells in our words.
KNOWN = (CliError, SealrunError, httpx.HTTPError, OSError)
FILE_ERRORS = (
    (FileNotFoundError, "it to be there, got nothing", "check the path, and the folder that you are in"),
    (FileExistsError, "no such file yet, got one", "name another path, or use the file that is there"),
    (IsADirectoryError, "a file, got a folder", "name a file"),
    (NotADirectoryError, "a folder, got a file", "name another folder"),
    (PermissionError, "a right to it, got none", "check its owner and permissions"),
)


def take_any_text() -> None:
    """Have stdout and stderr show what their encoding lacks as an escape: any text can be printed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@dataclass(frozen=True)
class Line:
    """A line of a result. On a terminal it has a style, and is wrapped under its column ``indent``."""

    text: str
    style: str = ""
    indent: int = -1  # not wrapped

    def parts(self, width: int) -> list[str]:
        """The lines that it takes in so many columns; 0 for no end."""
        text = plain(self.text)
        if self.indent < 0 or not width:
            return [text]
        hanging = " " * self.indent
        return textwrap.wrap(
            text, width, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False
        )


class _Screen(Console):
    """A broken pipe is an error like a full disk: rich's own console ends the command without a word."""

    def on_broken_pipe(self) -> None:
        """Say so to whoever printed."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class _Words(_Screen):
    """Stderr: where nothing takes its lines the command goes on without them, for it may have paid (C2)."""

    def __exit__(self, *raised: object) -> None:
        """Write what was printed, if it can be told; rich does so here for lines and for a spinner."""
        try:
            super().__exit__(*raised)
        except OSError:
            _say_no_more(self.file)


def _say_no_more(stream: IO[str]) -> None:
    """Python flushes the process's own streams at its end, and a failure there has a status of its own."""
    if stream in (sys.__stdout__, sys.__stderr__):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def _printed() -> Iterator[None]:
    """Tell at once what stdout does not take, and not once the command is over."""
    try:
        yield
        print(end="", flush=True)
    except OSError:
        _say_no_more(sys.stdout)
        raise


class Output:
    """Where one command speaks."""

    def __init__(self, *, as_json: bool, quiet: bool = False) -> None:
        """With ``quiet`` nothing is said of progress, nor of errors to people."""
        take_any_text()
        self._as_json = as_json
        self._console = _Words(stderr=True, highlight=False, emoji=False, quiet=quiet)
        self._forget: list[Callable[[], None]] = []

    def progress(self, line: str) -> None:
        """What is done now."""
        self._console.print(plain(without_users(line)), style="dim", markup=False, soft_wrap=True)

    @contextmanager
    def waiting(self, what: str, usually: str = "") -> Iterator[Wait]:
        """Show that a long step goes on, until the block ends; ``usually`` says how long it takes."""
        with shown(Wait(plain(without_users(what)), usually), self._console) as wait:
            yield wait

    @contextmanager
    def counting(self, what: str) -> Iterator[Callable[[str, int, int], None]]:
        """The same for work that is counted: call it with the part, how much is done, and of how much."""
        with self.waiting(what) as wait:

            def tell(part: str, done: int, total: int) -> None:
                wait.what = f"{what} {part}"
                wait.at(done, total)

            yield tell

    def once_told(self, forget: Callable[[], None]) -> None:
        """Call it when the result was written out: whoever saw none repeats the command, which must know."""
        self._forget.append(forget)

    def result(self, value: Mapping[str, Any], *lines: "str | Line") -> None:
        """What came of it, once per command: the value with --json, else the lines."""
        with _printed():
            self._print(value, *lines)
        for forget in self._forget:
            forget()

    def _print(self, value: Mapping[str, Any], *lines: "str | Line") -> None:
        if self._as_json:
            print(one_json(value))
            return
        screen = _Screen(highlight=False, emoji=False)  # no `:word:` of a name becomes a picture
        for line in lines:
            styled = Line(line) if isinstance(line, str) else line
            for part in styled.parts(screen.width if screen.is_terminal else 0):
                screen.print(part, style=styled.style, markup=False, soft_wrap=True)

    def error(self, error: CliError) -> None:
        """Why it goes no further."""
        error = CliError(error.kind, without_users(error.detail), without_users(error.following))
        if self._as_json:
            with suppress(OSError), _printed():  # stdout may be what failed
                print(one_json({"error": error.value()}))
        self._console.print(f"error: {plain(error.detail)}", style="bold red", markup=False, soft_wrap=True)
        if error.following:
            self._console.print(f"next:  {plain(error.following)}", markup=False, soft_wrap=True)


@contextmanager
def speaking(*, as_json: bool) -> Iterator[Output]:
    """The output of one command. An error that we know ends it with status 1, Ctrl-C with status 130."""
    out = Output(as_json=as_json)
    try:
        yield out
    except (KeyboardInterrupt, typer.Abort):
        if not as_json:
            raise
        out.error(CliError("interrupted", "the command was stopped before its end"))
        raise typer.Exit(INTERRUPTED) from None
    except KNOWN as error:
        out.error(known(error))
        raise typer.Exit(1) from None


def plain(text: str) -> str:
    """One line that shows what it says: nothing in strangers' words moves the cursor or turns around.

    Nor is it a command to the CI that runs this: GitHub's runner takes ``::name::`` at a line's beginning
    for one, and ``##[name]`` anywhere (``ActionCommand.cs`` of actions/runner).
    """
    shown = "".join(each if each.isprintable() and each not in _BLANK else ascii(each)[1:-1] for each in text)
    return _COMMAND.sub(lambda match: f"{match[0][:-1]}\\x{ord(match[0][-1]):x}", shown)


def without_users(text: str) -> str:
    """The text without what stands before the ``@`` of an address: a log may be read by others."""
    return _USER.sub("", text)


def one_json(value: Mapping[str, Any]) -> str:
    """One line of JSON that is no command to the CI that runs this; see ``plain``."""
    return json.dumps(value).replace("##[", "#\\u0023[")


def amount_of(text: str, asset: Asset) -> Amount:
    """What was written on the command line, without the asset's symbol.

    Raises:
        CliError: it is no such number, or has more decimals than the asset.
    """
    try:
        return asset.read(text)
    except Malformed as error:
        raise CliError("bad-request", error.detail) from error


def known(error: Exception) -> CliError:
    """An error of ``KNOWN`` in our words."""
    if isinstance(error, CliError):
        return error
    if isinstance(error, SealrunError):
        return CliError(error.type, error.detail)
    if isinstance(error, httpx.HTTPError):
        reason = f"{type(error).__name__}: {error}"
        return CliError("unreachable", f"expected an answer, got {reason}", "check the URL and the network")
    return _of_file(error)


def _of_file(error: Exception) -> CliError:
    """The system's error about a path, in our words."""
    name = getattr(error, "filename", None)
    for kind, words, following in FILE_ERRORS:
        if name is not None and isinstance(error, kind):
            return CliError("file", f"{name}: expected {words}", following)
    return CliError("file", str(error), "check the path and its permissions")
