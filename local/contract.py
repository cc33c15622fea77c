"""A seller's offer contract on the local chain: it carries the sealed credential and can be closed (A11)."""

import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from local.chain import CONTRACTS, ChainFailed, MinaChain
from local.nodejs import NODE
from local.prover import Prover
from mina.keys import PrivateKey
from sealrun.chain.offer_contract import contract_of, credential_document
from sealrun.offers.offer import Offer
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tools import ask_prover

TOOLS = CONTRACTS / "build" / "tools"
TOOL_SECONDS = 300


@dataclass(frozen=True)
class Contract:
    """A contract that is open, or will be opened with a fresh key."""

    chain: MinaChain
    seller: PrivateKey = field(repr=False)  # pays, and may close
    key: PrivateKey = field(repr=False)  # the contract's own, without power once it is open
    prover: Prover | None = None  # one that runs; without it each transaction starts a program

    @property
    def member(self) -> dict[str, str]:
        """The ``credential`` of an offer that names this contract."""
        return {"kind": "chain", "contract": self.key.public_key().to_base58()}

    def open(self, offer: Offer, sealed: bytes, *, uri: str) -> str:
        """Put the offer on chain, with its sealed credential in the opening event.

        Returns the transaction's hash.
        """
        document = json.loads(credential_document(offer.source.origin, sealed))
        named = {"offer_key": self.key.to_base58(), "offer_hash": str(offer.hash), "uri": uri}
        return str(self._tool("offer", offer, **named, credential=document)["hash"])

    def close(self, offer: Offer) -> None:
        """Close the offer on chain; it cannot be opened again."""
        named = {"offer": self.key.public_key().to_base58(), "seller_key": self.seller.to_base58()}
        self._tool("close", offer, **named)

    def _tool(self, name: str, of: Offer, /, **request: Any) -> dict[str, Any]:
        common = {
            "node": self.chain.graphql,
            "payer_key": self.seller.to_base58(),
            "proofs": self.chain.proofs,
            "poll_ms": 50,
            "terms": contract_of(of)[1].terms.value(),
        }
        if self.prover is not None:
            asked = {"tool": name, **common, **request}
            return ask_prover(self.prover.socket, asked, Output(as_json=True, quiet=True))
        return run_tool(name, **common, **request)


def run_tool(name: str, /, **request: Any) -> dict[str, Any]:
    """Run one of the contracts' tools, which must succeed; keys are passed on its stdin only."""
    done = subprocess.run(
        [NODE, TOOLS / f"{name}.js"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise ChainFailed(f"{name}: expected it to be done, got {(done.stdout or done.stderr)[:500]}")
    return dict(json.loads(done.stdout))
