"""URLs of evidence that hold for a while: whoever has one may fetch one file, and nothing else."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sealrun.encoding.fields import canonical
from sealrun.errors import NotAllowed


@dataclass(frozen=True)
class SignedUrls:
    """Signs them and checks them with one key: HMAC-SHA-256 over digest, end and file name."""

    base: str  # without a slash at its end, as https://oracle.example/evidence
    key: bytes = field(repr=False)
    clock: Callable[[], int]  # Unix seconds

    def sign(self, sha256: str, *, seconds: int, filename: str) -> str:
        """A URL of this file that holds for so many seconds."""
        until = str(self.clock() + seconds)
        shown = {"until": until, "as": filename, "mac": self._mac(sha256, until, filename)}
        return f"{self.base}/{sha256}?{urlencode(shown)}"

    def check(self, sha256: str, query: Mapping[str, str]) -> str:
        """The name that the file is to be saved under.

        Raises:
            NotAllowed: the URL was not made here, or its time is over.
        """
        until, filename = query.get("until", ""), query.get("as", "")
        expected = self._mac(sha256, until, filename)
        if not hmac.compare_digest(expected.encode(), query.get("mac", "").encode("utf-8", "replace")):
            raise NotAllowed("url: expected one that was made here, got another")
        if int(until) < self.clock():
            raise NotAllowed("url: expected one whose time is not over, got an older one")
        return filename

    def _mac(self, sha256: str, until: str, filename: str) -> str:
        signed = canonical({"sha256": sha256, "until": until, "as": filename})
        return hmac.new(self.key, signed, hashlib.sha256).hexdigest()
