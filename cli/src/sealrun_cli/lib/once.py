"""Transactions that are sent once, however often a command is run again after a lost answer.

What is asked for is on disk, with the payer's nonce, from before it is sent until the result was told. A
repeat has the same nonce, which only one transaction can use up. Once it is used up, a figure on chain tells
whether it was this one; where the figure does not tell, nothing is sent again.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from sealrun.encoding import read
from sealrun.encoding.fields import MAX_UINT64
from sealrun.errors import Malformed
from sealrun.offers.terms import MAX_UINT32
from sealrun_cli.lib.book import replace_json
from sealrun_cli.lib.confirming import confirm
from sealrun_cli.lib.errors import DECIDED, CliError
from sealrun_cli.lib.output import Output

_NAMES = ("what", "payer", "nonce", "before", "after")


class Now(NamedTuple):
    """What one answer of a node says: the payer's next nonce, and the figure that the transaction changes."""

    nonce: int
    figure: int


@dataclass(frozen=True)
class Asked:
    """A transaction that no block has decided about yet, as far as this command knows."""

    what: str
    payer: str
    nonce: int
    before: int  # the figure
    after: int  # the figure that the transaction leads to, or goes past

    @classmethod
    def kept(cls, path: Path) -> "Asked | None":
        """What an earlier command left behind.

        Raises:
            CliError: something else lies there.
        """
        if not path.exists():
            return None
        try:
            value = read.only(json.loads(path.read_bytes()), _NAMES, where=path.name)
            before, after = (read.decimal(value, name, high=MAX_UINT64) for name in ("before", "after"))
            nonce = read.whole(value, "nonce", low=0, high=MAX_UINT32)
            return cls(str(value["what"]), str(value["payer"]), nonce, before, after)
        except (ValueError, Malformed) as error:
            raise CliError("state", f"{path}: expected what this command wrote, got {error}") from error

    def keep(self, path: Path) -> None:
        """Write it to disk; called before anything is sent."""
        figures = {"before": str(self.before), "after": str(self.after)}
        replace_json(path, {"what": self.what, "payer": self.payer, "nonce": self.nonce, **figures})

    def came(self, figure: int) -> bool:
        """Whether the figure shows it. What others do in the same direction counts too."""
        return figure >= self.after if self.after > self.before else figure <= self.after


@dataclass(frozen=True)
class Once:
    """One transaction of one payer. ``what`` is the same for the same request, and differs for another."""

    what: str
    payer: str
    change: int  # of the figure
    path: Path  # where the ``Asked`` is kept
    out: Output
    shows: str = "an explorer of the network at that nonce"  # what tells whether it was done

    def run(
        self,
        look: Callable[[], Now],
        send: Callable[[Asked], dict[str, Any]],
        plan: Callable[[], Sequence[str]],
        *,
        yes: bool,
    ) -> dict[str, Any]:
        """Send it once, or find that an earlier command has. The caller locks until it told the result.

        Args:
            look: asks the chain.
            send: runs the program.
            plan: checks that it can be done, and tells it; not asked where it was done before.
            yes: whether nobody needs to agree.

        Raises:
            CliError: nobody agreed, the tool gave up, or an earlier request stands in the way.
        """
        now, kept = look(), Asked.kept(self.path)
        if kept is not None and now.nonce > kept.nonce:
            if not kept.came(now.figure):
                raise self._unclear(kept, now.figure)
            if self._same(kept):
                self.out.once_told(self.path.unlink)
                return {"status": "already-done"}
            self.path.unlink()
            kept = None
        if kept is not None and not self._same(kept):
            raise self._unfinished(kept)
        again = [f"again    with nonce {kept.nonce}, as before: only one of them can count"] if kept else []
        confirm(self.out, [*plan(), *again], yes=yes)
        asked = kept or Asked(self.what, self.payer, now.nonce, now.figure, now.figure + self.change)
        asked.keep(self.path)
        return self._send(asked, send, again=kept is not None)

    def _send(self, asked: Asked, send: Callable[[Asked], dict[str, Any]], *, again: bool) -> dict[str, Any]:
        try:
            sent = send(asked)
        except CliError as error:
            if error.kind == "refused" and again:
                # A node refuses a transaction that is already waiting in its pool.
                detail = f"expected it in a block by now; asked again, the node says: {error.detail}"
                raise CliError("not-included", detail) from error
            # A node's refusal is no decision: others may have the transaction. What a repeat was not sent for
            # says nothing of the attempt before.
            if error.kind == "failed" or (error.kind in DECIDED and not again):
                with suppress(FileNotFoundError):
                    self.path.unlink()
            raise
        if sent.get("status") != "pending":
            self.out.once_told(self.path.unlink)
        return sent

    def _same(self, kept: Asked) -> bool:
        return (kept.what, kept.payer) == (self.what, self.payer)

    def _unfinished(self, kept: Asked) -> CliError:
        detail = f"expected the request of before, {kept.what}, which is in no block yet; got {self.what}"
        return CliError("conflict", detail, f"repeat that one first; to forget it, move {self.path} away")

    def _unclear(self, kept: Asked, figure: int) -> CliError:
        used = f"nonce {kept.nonce} of {kept.payer} is used up, and the chain does not show by what"
        detail = f"{kept.what}: {used}: {kept.before} before, {kept.after} with it, {figure} now"
        following = f"look with {self.shows} whether it was done; then move {self.path} away"
        return CliError("conflict", detail, following)
