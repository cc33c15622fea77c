"""A prepaid account as a Mina node tells it, for its buyer; what a seller must check is more (A1)."""

from dataclasses import dataclass
from typing import Any

from sealrun_cli.errors import CliError
from sealrun_cli.service import Service

STATE_FIELDS = 8


@dataclass(frozen=True)
class OnChain:
    """Amounts are nanomina; ``exit_slot`` is 0 before the exit is asked for."""

    balance: int
    spent: int
    exit_slot: int
    accrued: int
    root: int
    count: int

    def value(self) -> dict[str, Any]:
        """As JSON, amounts and fields as decimal text."""
        texts = {name: str(getattr(self, name)) for name in ("balance", "spent", "accrued", "root")}
        return {**texts, "exit_slot": self.exit_slot, "count": self.count}


def on_chain(service: Service, node: str, account: str) -> OnChain:
    """Ask one node.

    Raises:
        CliError: there is no prepaid account at the address, or the node does not say.
    """
    query = "query($key:PublicKey!){account(publicKey:$key){balance{total} zkappState}}"
    response = service.send("POST", node, body={"query": query, "variables": {"key": account}})
    try:
        found = response.json()["data"]["account"]
    except (ValueError, KeyError, TypeError):
        raise CliError("node-unavailable", f"node: expected data, got {response.text[:200]}") from None
    state = (found or {}).get("zkappState") or []
    if len(state) < STATE_FIELDS:
        raise CliError("account-missing", f"account: expected a prepaid account at {account}, got none")
    _terms, _x, _odd, spent, exit_slot, accrued, root, count = (int(each) for each in state[:STATE_FIELDS])
    return OnChain(int(found["balance"]["total"]), spent, exit_slot, accrued, root, count)
