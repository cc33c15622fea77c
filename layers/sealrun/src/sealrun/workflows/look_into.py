"""Look for secrets in a file that anyone may see, and in what it holds where it is compressed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sealrun.encoding.bundles import bundled, is_bundle
from sealrun.encoding.inflate import inflated, is_compressed, is_zip, with_head
from sealrun.errors import TookTooLong, UnsafeArchive
from sealrun.evidence.secret_scan import Scanner
from sealrun.ports.evidence import Content, Spool, Unpack
from sealrun.workflows.deadline import Deadline

# A zip in a compressed tar in a zip. As many tars may lie in each other uncompressed.
MAX_DEPTH = 3
MAX_FILES = 20_000
# What a file or a piece of one counts at least, in bytes: also millions of empty ones take their time.
LEAST = 4 << 10


@dataclass
class Look:
    """Looks into the files of one run; ``bytes_left`` bounds what may come out of all that is compressed.

    What is kept on disk for a second look counts too. What is compressed is mostly other people's packages
    and sources, of which every third one has an example that looks like a random password. So only secrets of
    known shape are looked for there.
    """

    scanner: Scanner
    unpack: Unpack
    spool: Spool
    in_time: Deadline
    bytes_left: int = 4 << 30

    def shows(self, content: Content) -> bool:
        """True if nothing in it looks like a secret; False as well where that cannot be seen.

        That is a file that is damaged, that holds more than allowed, that is compressed too often, or that
        there is no time for.
        """
        try:
            return not self._holds(content, 0)
        except (UnsafeArchive, TookTooLong):
            return False

    def _holds(self, content: Content, depth: int) -> bool:
        scanner = replace(self.scanner, shaped_only=True) if depth else self.scanner
        chunks = self.in_time.on(self._counted(content()) if depth else content())
        head, whole = with_head(chunks)
        if scanner.holds(whole):
            return True
        return any(self._holds(inner, depth + 1) for inner in self._within(content, head, depth))

    def _within(self, content: Content, head: bytes, depth: int, bundles: int = 0) -> Iterator[Content]:
        """What is compressed in it; ``bundles`` says in how many tars and the like it lies uncompressed."""
        if not (is_zip(head) or is_compressed(head) or is_bundle(head)):
            return
        if (bundles if is_bundle(head) else depth) == MAX_DEPTH:
            raise UnsafeArchive(f"compressed file: expected at most {MAX_DEPTH} within each other, got more")
        if is_compressed(head):
            yield lambda: inflated(content())
        elif is_bundle(head):
            yield from self._within_bundle(content, depth, bundles)
        else:
            for _, inner in self.unpack(content(), max_bytes=self.bytes_left, max_files=MAX_FILES):
                yield inner  # the names stand in the zip as they are

    def _within_bundle(self, content: Content, depth: int, bundles: int) -> Iterator[Content]:
        """What is compressed in a tar or the like, whose own bytes were looked at as they are."""
        for file in bundled(self.in_time.on(content())):
            head, whole = with_head(file)
            if is_zip(head) or is_compressed(head) or is_bundle(head):
                with self.spool(self._counted(whole)) as inner:
                    yield from self._within(inner, head, depth, bundles + 1)

    def _counted(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        self._take(LEAST)
        for chunk in chunks:
            self._take(max(len(chunk), LEAST))
            yield chunk

    def _take(self, size: int) -> None:
        self.bytes_left -= size
        if self.bytes_left < 0:
            raise UnsafeArchive("compressed file: expected at most 4 GiB in all of them, got more")
