"""What the command says when it gives up: a stable type, what was expected and came, what to do next."""

# By the `type` of a problem document, of sealrun's errors and of the contracts' tools.
_NEXT = {
    "bad-request": "run the command with --help",
    "malformed": "run the command with --help",
    "node-unavailable": "try again later, or name another node with --node",
    "account-missing": "an account needs money before it can act: have MINA sent to it",
    "wrong-account": "check the account's address and its terms",
    "not-allowed": "use the key of the account's buyer, seller or operator",
    "not-owed": "ask the operator's stack again: run the command once more",
    "not-yet": "try again once the exit slot is reached",
    "not-included": "the transaction may still come: run the command again, that is harmless",
    "refused": "read what was refused above; the same request will be refused again",
    "account-refused": "open a new account with `sealrun open`, or use another one with --account",
    "payment-required": "send more MINA to the account, or wait until running calls are over",
    "inputs-refused": "give inputs that fit the offer's schema; see it at the offer's URL",
    "offer-closed": "look for the seller's newer offer",
    "expired": "set this machine's clock, and run the command again",
    "too-many": "wait a minute",
}


class CliError(Exception):
    """The command cannot go on.

    Attributes:
        kind: stable, for scripts.
        detail: what was expected and what came; holds no secret.
        following: what to do next, empty where the detail says it.
    """

    def __init__(self, kind: str, detail: str, following: str = "") -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.following = following or _NEXT.get(kind, "")

    def value(self) -> dict[str, str]:
        """As JSON."""
        return {"type": self.kind, "detail": self.detail, "next": self.following}
