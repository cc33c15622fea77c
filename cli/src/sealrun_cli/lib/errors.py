"""What the command says when it gives up: a stable type, what was expected and came, what to do next."""

from sealrun.offers.asset import FEES

_TOP_UP = "add money with `sealrun topup`, or wait until running calls are over"
# How a tool ends when its transaction was not sent, or was decided: what was asked for can be forgotten.
DECIDED = (
    "bad-request",
    "account-missing",
    "wrong-account",
    "already-open",
    "too-little",
    "not-yet",
    "proof-failed",
    "failed",
)
# By the `type` of a problem document, of sealrun's errors and of the contracts' tools.
_NEXT = {
    "bad-request": "run the command with --help",
    "malformed": "run the command with --help",
    "node-unavailable": "try again later, or name another node with --node",
    "account-missing": f"an account needs money before it can act: have {FEES.symbol} sent to it",
    "receiver-missing": "have an account opened for it in this asset, or run the command with --yes",
    "wrong-account": "check the account's address and its terms",
    "not-allowed": "use the buyer's key; an account is shown to its seller and operator, too",
    "not-owed": "ask the operator's stack again: run the command once more",
    "not-yet": "ask to leave with `sealrun exit` first; then wait for its slot: one takes 3 minutes, "
    "and in a sandbox, where slots pass only with blocks, `sealrun sandbox` shows how to let them pass",
    "proof-failed": "check the key, the account and its terms: the same request will be refused again",
    "broken-claim": "compare both: it is not what the receipt, the offer or the rule says",
    "failed": "look at the account with `sealrun account`; nothing but the fee was paid",
    "not-included": "the transaction may still come: run the command again, that is harmless",
    "refused": "read what was refused above; the same request will be refused again",
    "already-open": "look at it with `sealrun account`; for another one, name another --account-key",
    "too-little": f"have {FEES.symbol} sent to the payer, or name a smaller amount",
    "account-refused": "use its buyer's key, another one with --account, or `sealrun open` a new one",
    "payment-required": _TOP_UP,
    "inputs-refused": "give inputs that fit the offer's schema; see it at the offer's URL",
    "offer-closed": "paused or suspended: try again later; closed: look for the seller's newer offer",
    "expired": "set this machine's clock, and run the command again",
    "too-many": "wait a minute",
    "conflict": "nothing was done twice: use another identifier, or follow the first call",
    "internal": "the operator's fault, not yours: try again later, then tell the operator",
    "method-not-allowed": "check the URL: this one takes another method",
    "not-covered": _TOP_UP,
    "no-answer": "it may have been done all the same: look at the call or the account before you try again",
    "throttled": "wait a minute, then run the command again",
    "not-found": "check the URL and the id; another operator may have it",
    "pin-failed": "the evidence stays on the operator's store; run the command again later",
    "provider": "look at the project's CI; the run may have been started",
    "provider-busy": "try again later: nothing was started",
    "provider-refused": "check the token's rights and the project's settings: nothing was started",
    "provider-too-slow": "look for the run by the call's name before you start another",
    "provider-unclear": "look for the run by the call's name before you start another",
    "secret-found": "keep the job from writing the operator's secrets, and replace those that it wrote",
    "store-unavailable": "try again later: nothing was lost",
    "ticket-used": "ask its issuer for another ticket",
    "token-refused": "read what the token says against what was expected; the grade stays 0",
    "unavailable": "try again later",
    "unsafe-archive": "have the job leave fewer, smaller files with plain names",
    # The command's own.
    "aws": "check your AWS profile's rights, and the stack's events in CloudFormation",
    "backup": "name a folder as `sealrun backup` made it",
    "cap": "a person may raise the cap, or buy it with `sealrun call`",
    "commit": "fetch it: git fetch --tags, or name another commit",
    "depth": "call the offer with `sealrun call`, or let a job that is less deep do it",
    "evidence": "take the evidence again with `sealrun evidence`",
    "fault": "run the command again; if it fails again, send this message to the maintainers",
    "figure": "do not settle or sign more: ask the operator, whose answer does not hold",
    "file": "check the file's name and content",
    "git": "name the folder of a whole clone, which `git fsck` finds sound",
    "inputs": "make the inputs of the offer and the pipeline the same, then run `sealrun check`",
    "interrupted": "look how it stands before you run it again: what was sent may still come",
    "key": "name the file of the other key; `sealrun key FILE` shows a key's address",
    "offer": "run `sealrun check`, or write a new offer with `sealrun init`",
    "parent": "name the call for which this job runs, while it runs",
    "payment": "the seller wants another way to pay: compare with the offer's URL",
    "pipeline": "make the CI configuration smaller, or split it into local includes",
    "proofs": "see with `sealrun prove --list` what waits, then run `sealrun prove` again",
    "receipt": "do not rely on it: take the receipt again from the operator's own URL",
    "stack": "run `sealrun deploy`, or name another one with --stack",
    "state": "move the file away; the next command starts from the chain with --node",
    "token": "no proof has room for it: the seller is not paid for this call, and goes on with the others",
    "too-large": "take single files from the evidence's URLs",
    "unreachable": "check the URL and the network",
}


class CliError(Exception):
    """The command cannot go on.

    Attributes:
        kind: stable, for scripts.
        detail: what was expected and what came; holds no secret.
        following: what to do next.
    """

    def __init__(self, kind: str, detail: str, following: str = "") -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
        self.following = following or _NEXT.get(kind, "")

    def value(self) -> dict[str, str]:
        """As JSON."""
        return {"type": self.kind, "detail": self.detail, "next": self.following}
