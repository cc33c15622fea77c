"""An unmodified FungibleToken on a local chain, with who holds it at the beginning."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.chain import CONTRACTS, ChainFailed, MinaChain
from local.nodejs import NODE
from mina.keys import PrivateKey, PublicKey
from mina.tokens import derive_token_id, to_base58

PROGRAM = CONTRACTS / "build" / "deploy_token.js"
SECONDS = 300


@dataclass(frozen=True)
class FungibleToken:
    """A token of a standard admin, whose key is the issuer's."""

    chain: MinaChain
    issuer: PrivateKey
    owner: PrivateKey
    admin: PrivateKey
    symbol: str = "RUN"
    decimals: int = 0

    @property
    def id(self) -> str:
        """The token's id in base58."""
        return to_base58(derive_token_id(self.owner.public_key()))

    def price(self, amount: int) -> dict[str, Any]:
        """An offer's price in it, in smallest units."""
        owner = self.owner.public_key().to_base58()
        names = {"decimals": self.decimals, "symbol": self.symbol, "owner": owner}
        return {"asset": self.id, "amount": str(amount), **names}

    def deploy(self, held: Mapping[PublicKey, int]) -> None:
        """Put it on the chain, and mint for these holders."""
        mint = [{"to": key.to_base58(), "amount": str(amount)} for key, amount in held.items()]
        self._run(decimals=self.decimals, symbol=self.symbol, mint=mint)

    def pause(self, *, paused: bool = True) -> None:
        """Have the admin stop all that moves it, or let it go on."""
        self._run(paused=paused)

    def _run(self, **request: Any) -> None:
        keys = {"payer_key": self.issuer, "owner_key": self.owner, "admin_key": self.admin}
        common = {"node": self.chain.graphql, "proofs": self.chain.proofs, "poll_ms": 100}
        whole = {**common, **{name: key.to_base58() for name, key in keys.items()}, **request}
        command = [str(NODE), str(PROGRAM)]
        done = subprocess.run(
            command,
            input=json.dumps(whole),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ChainFailed(f"token: expected it to be done, got {(done.stdout or done.stderr)[:500]}")
