"""Finds the files in tar, and in ar as Debian's packages are: both only lay files one behind another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sealrun.errors import UnsafeArchive

# Types of entries without bytes of their own, whatever size they name: links, devices, folders, pipes.
_NO_BYTES = b"123456"


@dataclass(frozen=True)
class _Form:
    """How the files stand in it. Each has a header, in which ``sign`` stands at ``at``; bytes."""

    begins: bytes  # what stands before the first header
    header: int
    at: int
    sign: bytes
    block: int  # the next header stands at a multiple of it

    def recognises(self, head: bytes) -> bool:
        first = head.removeprefix(self.begins)
        return head.startswith(self.begins) and first[self.at :].startswith(self.sign)


# POSIX.1-1988 and later, GNU's too; ar(5), of which no two kinds differ in what is read here.
_TAR = _Form(b"", 512, 257, b"ustar", 512)
_AR = _Form(b"!<arch>\n", 60, 58, b"`\n", 2)
# As much of the beginning of a file as identifies these.
HEAD = 262


def is_bundle(head: bytes) -> bool:
    """True for bytes that begin as tar or ar do, with a file in it."""
    return _TAR.recognises(head) or _AR.recognises(head)


def bundled(chunks: Iterable[bytes]) -> Iterator[Iterator[bytes]]:
    """The bytes of each file in turn; what of one is not read before the next one is passed over.

    Not read: tars from before 1988, and GNU's own form for files with holes, which counts as damaged.

    Raises:
        UnsafeArchive: the bytes are damaged, cut short, or of another form.
    """
    source = _Source(chunks)
    head = source.peek(HEAD)
    form = next((form for form in (_TAR, _AR) if form.recognises(head)), None)
    if form is None:
        raise UnsafeArchive("bundle: expected a tar or an ar archive, got another file")
    source.take(len(form.begins))
    while header := source.take(form.header):
        if form is _TAR and not any(header):
            continue  # the end, of which there may be several
        if len(header) < form.header or not header[form.at :].startswith(form.sign):
            raise UnsafeArchive("bundle: expected a sound one, got a header that is none")
        size = _size(form, header)
        file = source.pieces(size)
        yield file
        for _ in file:
            pass
        padding = -size % form.block
        if len(source.take(padding)) < padding and form is _TAR:
            raise UnsafeArchive("bundle: expected a sound one, got one that is cut short")


def _size(form: _Form, header: bytes) -> int:
    try:
        if form is _AR:
            return int(header[48:58])
        if header[156] in _NO_BYTES:
            return 0
        if header[124] & 0x80:  # GNU's numbers past eight octal digits
            return int.from_bytes(header[125:136])
        return int(header[124:136].strip(b" \0") or b"0", 8)
    except ValueError as error:
        raise UnsafeArchive("bundle: expected a sound one, got a size that is none") from error


class _Source:
    """Chunks of any length, taken in pieces of others; no byte is copied more often than it is taken."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._here, self._at = iter(chunks), b"", 0

    def peek(self, size: int) -> bytes:
        """So many bytes, which stay; fewer at the end."""
        while len(self._here) - self._at < size and (chunk := next(self._chunks, None)) is not None:
            self._here, self._at = self._here[self._at :] + chunk, 0
        return self._here[self._at : self._at + size]

    def take(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        taken = self.peek(size)
        self._at += len(taken)
        return taken

    def pieces(self, size: int) -> Iterator[bytes]:
        """So many bytes, piece by piece.

        Raises:
            UnsafeArchive: there are fewer.
        """
        while size > 0:
            piece = self.take(min(size, len(self._here) - self._at or 1))
            if not piece:
                raise UnsafeArchive("bundle: expected a sound one, got one that is cut short")
            size -= len(piece)
            yield piece
