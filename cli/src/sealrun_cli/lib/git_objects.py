"""The objects of a clone, by one ``git cat-file`` that answers until it is closed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from sealrun.errors import Malformed
from sealrun_cli.lib.errors import CliError

CHUNK = 1 << 20
# Of a commit or a tree; a directory of 16,384 entries with the longest names takes 5 MB.
MAX_BYTES = 16 << 20


class GitObjects:
    """Implements ``sealrun.mirror.mirror.Objects``. One question at a time.

    Raises:
        CliError: git is not installed, or ended.
    """

    def __init__(self, folder: Path) -> None:
        # No object is fetched from a promisor, and replaced objects are read as they are.
        command = ["git", "--no-replace-objects", "-C", str(folder), "cat-file", "--batch"]
        try:
            self._git = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "GIT_NO_LAZY_FETCH": "1"},
            )
        except FileNotFoundError as error:
            raise CliError("git", "git: expected it on PATH, got none", "install git") from error

    def read(self, kind: str, name: str) -> bytes:
        size = self._ask(kind, name)
        if size > MAX_BYTES:
            raise Malformed(f"{kind} {name}: expected at most {MAX_BYTES} bytes, got {size}")
        return b"".join(self._chunks(size))

    def blob(self, name: str) -> tuple[int, Iterator[bytes]]:
        size = self._ask("blob", name)
        return size, self._chunks(size)

    def close(self) -> None:
        """End git."""
        with suppress(OSError):
            self._pipe(self._git.stdin).close()
        self._git.kill()
        self._git.wait()
        self._pipe(self._git.stdout).close()

    def _ask(self, kind: str, name: str) -> int:
        try:
            asked = self._pipe(self._git.stdin)
            asked.write(f"{name}\n".encode())
            asked.flush()
        except OSError as error:
            raise CliError("git", "git cat-file: expected it to answer, got no more of it") from error
        words = self._pipe(self._git.stdout).readline().decode(errors="replace").split()
        match words:
            case [_, found, size] if found == kind and size.isdecimal():
                return int(size)
            case [_, found, size] if size.isdecimal():
                self._skip(int(size))
                raise Malformed(f"{name}: expected a {kind}, got a {found}")
            case [_, "missing"]:
                raise Malformed(f"{kind} {name}: expected it in the clone, got none; fetch it first")
            case _:
                raise CliError(
                    "git", f"git cat-file: expected an answer, got {' '.join(words)[:200] or 'none'}"
                )

    def _chunks(self, size: int) -> Iterator[bytes]:
        answer = self._pipe(self._git.stdout)
        while size > 0:
            chunk = answer.read(min(size, CHUNK))
            if not chunk:
                raise CliError("git", "git cat-file: expected the rest of an object, got no more of it")
            size -= len(chunk)
            yield chunk
        answer.read(1)  # the end of its line

    def _skip(self, size: int) -> None:
        for _ in self._chunks(size):
            pass

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101  both were asked for
        return pipe
