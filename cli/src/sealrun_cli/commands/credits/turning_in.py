"""``sealrun credits redeem`` and ``cash``: credits are burned for their backing."""

from sealrun.offers.asset import MINA
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import Yes
from sealrun_cli.lib.credit_desk import Count, CreditAddress, Desk, check_held, dealing, done, held
from sealrun_cli.lib.credit_view import Look
from sealrun_cli.lib.errors import CliError


def redeem(
    credit: CreditAddress,
    count: Count,
    *,
    key: options.Key,
    node: options.Node,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Turn in credits that runs have earned, as their seller: they are burned for their backing."""
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        look = desk.look()
        if look.credit.seller != desk.payer:
            detail = f"key: expected the seller's, {look.credit.seller.to_base58()}, got another"
            raise CliError(
                "not-allowed", detail, "other holders use `sealrun credits cash`, from the expiry on"
            )
        _turn_in(desk, look, count, yes=yes)


def cash(
    credit: CreditAddress,
    count: Count,
    *,
    key: options.Key,
    node: options.Node,
    network: options.Network = options.DEFAULT_NETWORK,
    fee: options.Fee = options.DEFAULT_FEE,
    poll_ms: options.PollMs = options.DEFAULT_POLL_MS,
    no_proofs: options.NoProofs = False,
    state: options.State = options.DEFAULT_STATE,
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Turn in credits that were not used, from their expiry on: they are burned for their backing."""
    sent = (fee, poll_ms, no_proofs)
    with dealing(credit, key, node, network, sent, state, as_json=as_json) as desk:
        look = desk.look()
        if not look.credit.expired:
            detail = f"credit: expected one from slot {look.credit.expiry} on, got slot {look.credit.slot}"
            raise CliError(
                "not-yet", detail, "until then the credit is good for runs, and the seller redeems"
            )
        _turn_in(desk, look, count, yes=yes)


def _turn_in(desk: Desk, look: Look, count: int, *, yes: bool) -> None:
    credit = look.credit
    paid = MINA.of(count * credit.backing.units)

    def plan() -> list[str]:
        check_held(look, count)
        return desk.plan("credits-redeem", look, f"burn     {credit.asset.of(count)} and get {paid}")

    result = desk.once(
        f"turn in {count}",
        -count,
        lambda: held(desk),
        lambda asked: desk.tool("credits-redeem", amount=str(count), nonce=asked.nonce),
        plan,
        yes=yes,
    )
    desk.out.result(result, f"{done(result, 'turned in')}: {credit.asset.of(count)} for {paid}")
