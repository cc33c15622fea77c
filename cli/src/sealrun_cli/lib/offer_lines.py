"""An offer as people read it."""

import shlex

from sealrun.offers.offer import Offer
from sealrun.receipts.grade import Grade
from sealrun_cli.lib.inputs import listed
from sealrun_cli.lib.units import lasting


def offer_lines(offer: Offer) -> list[str]:
    """Price, source, limits, grade, inputs and oracle, one line each."""
    source, grade = offer.source, Grade(offer.evidence.grade)
    price = f"{offer.cost} if the run succeeds, else nothing" if offer.payment else "free"
    return [
        f"price    {price}",
        *alike(offer),
        f"runs     {source.provider} at {source.origin}, project {source.project}, {source.ref}",
        f"commit   {source.commit}",
        f"limits   {lasting(offer.limits.seconds)} a run, {offer.quota_per_hour} calls an hour",
        f"grade    at least {grade.value}: {grade.says}",
        *listed(offer.inputs),
        f"oracle   {offer.oracle}",
    ]


def alike(offer: Offer) -> list[str]:
    """A warning for each group of the offer's tokens whose symbols read alike: a symbol is nobody's own."""
    groups: dict[str, list[str]] = {}
    for asset in (price.cost.asset for price in offer.prices):
        groups.setdefault(asset.symbol.casefold(), []).append(f"{asset.symbol} {asset.id}")
    return [
        f"warning  symbols alike, of different tokens: {', '.join(names)}; name one by its id"
        for names in groups.values()
        if len(names) > 1
    ]


def buying(offer: Offer, url: str) -> str:
    """The first command that a buyer runs."""
    at = shlex.quote(url)
    if offer.payment is None:
        return f"sealrun call {at} --key buyer.key"
    several = " --asset SYMBOL" if len(offer.prices) > 1 else ""
    return f"sealrun open {at} --deposit 20{several} --account-key account.key --key buyer.key"
