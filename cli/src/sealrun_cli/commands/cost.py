"""``sealrun cost``: what AWS and Mina charge, per call and per million, with the arithmetic shown.

Prices are data (``prices.json``, with their date and sources). How often one call uses each service is
counted from the code: 402 and 202, the webhooks, collection, and the buyer's reads.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any

import typer

from sealrun.offers.asset import ACCOUNT_CREATION_FEE, FEES, TRADED, Amount
from sealrun.offers.terms import SHARE_UNIT
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.init_answers import SHARE
from sealrun_cli.lib.options import Json
from sealrun_cli.lib.output import amount_of, speaking

MILLION = 1_000_000
GB = 1 << 30
# What comes through the distribution: 402, 202, three deliveries, the buyer's looks at a run of 200 s, of
# which the last has the receipt, and what the run left. A client looks when the service says; a test counts
# how often that is. Not counted are a read of the offer and the statements for other tools, where asked for.
LOOKS, DELIVERIES = 3, 3
VIEWED = 2 + DELIVERIES + LOOKS + 1
# And the collection, which the last delivery wakes: the others say that the run goes on.
REQUESTS = VIEWED + 1
# Seconds that a warm function takes for each request but the collection; `make bench` measures it.
REQUEST_SECONDS = 0.04
MEMORY_GB = 0.5
COLLECT_GB = 0.5
WEBHOOK_GB = 0.25
# A collection mostly waits for its provider: for so many answers of GitLab in turn, where the run has one
# job; a test counts them. What each takes, and the rest of a collection, in seconds, is an estimate.
ANSWERS, ANSWER_SECONDS, OWN_SECONDS = 7, 0.15, 0.3
COLLECT_SECONDS = ANSWERS * ANSWER_SECONDS + OWN_SECONDS
# Units of a paid call's claim, start, collection and reads, with those of the indices; a test counts them.
WRITES = 36
READS = 17
# One object of the receipt's documents and the log, beside the artifacts.
DOCUMENTS = 1
# The documents, when the buyer takes the evidence; the files' are counted with the evidence.
GETS = 1
# A warm function keeps what it opened for minutes.
DECRYPTIONS = 0
# Bytes of an answer through the distribution; evidence comes from the bucket itself.
ANSWER_BYTES = 2 << 10
# An estimate: ours alone, some 250 bytes a request. Lambda's own lines are not written (template.yaml).
LOG_BYTES = 250 * REQUESTS
# One sweep a minute, one health check in five, in a month of 30 days, as the template has it.
MINUTES = 60 * 24 * 30
SWEEPS, CHECKS = MINUTES, MINUTES // 5
ALARMS = 14
# Calls, latency, waiting, late, unavailable; and refusals, of five types in a usual month.
METRICS = 5 + 5


@dataclass(frozen=True)
class Use:
    """One seller's usage, for one call unless a field says otherwise."""

    calls: int  # a month
    collect_seconds: float
    files: int
    megabytes: float  # of outputs and logs, stored for ``months`` and read once
    months: float
    settle_every: int  # calls to one settlement


@dataclass(frozen=True)
class Line:
    """One line of the bill: how many of a thing, and the price of each."""

    what: str
    count: float
    each: float

    @property
    def total(self) -> float:
        """The cost, in the currency of the price."""
        return self.count * self.each

    @property
    def shown(self) -> str:
        """The arithmetic, as a line of text."""
        return f"{self.what:<42} {self.count:>12.6g} x {self.each:<11.6g} = {self.total:.9f}"

    def value(self) -> dict[str, str | float]:
        """As JSON."""
        return {"what": self.what, "count": self.count, "each": self.each, "total": self.total}


def cost(
    *,
    calls: Annotated[int, typer.Option("--calls", help="Calls a month.", min=1)] = 10_000,
    collect_seconds: Annotated[
        float, typer.Option(help="Time to collect one run.", min=0.1)
    ] = COLLECT_SECONDS,
    files: Annotated[int, typer.Option(help="Files that a run leaves.", min=0)] = 1,
    megabytes: Annotated[float, typer.Option(help="Their size with the log, in MB.", min=0)] = 1.0,
    months: Annotated[float, typer.Option(help="How long evidence is kept.", min=0)] = 3.0,
    settle_every: Annotated[int, typer.Option(help="Calls to one settlement.", min=1, max=1 << 20)] = 100,
    price: Annotated[str, typer.Option(help=f"{TRADED.symbol} for one good run.")] = "0",
    share: Annotated[
        int, typer.Option(help="The operator's share in basis points.", min=0, max=SHARE_UNIT)
    ] = SHARE,
    mina_usd: Annotated[float, typer.Option(help=f"Dollars for one {FEES.symbol}, to compare.", min=0)] = 0.0,
    as_json: Json = False,
) -> None:
    """Show what a call costs on AWS and on Mina.

    Prices come with the command; no service is asked. The minutes of your CI provider come on top.
    """
    with speaking(as_json=as_json) as out:
        data, use = prices(), Use(calls, collect_seconds, files, megabytes, months, settle_every)
        serving, evidence = list(per_call(use, data)), list(per_evidence(use, data))
        each, monthly = [*serving, *evidence], list(per_month(data))
        call, month = sum(line.total for line in each), sum(line.total for line in monthly)
        chain = per_call_on_chain(use, data)
        earned = _earned(amount_of(price, TRADED), share, chain)
        value = {
            "as_of": data["as_of"], "region": data["region"], "currency": data["currency"],
            "per_call": [line.value() for line in each], "per_month": [line.value() for line in monthly],
            "call": call, "million": call * MILLION,
            "million_without_evidence": sum(line.total for line in serving) * MILLION,
            "month": month + call * use.calls,
            "mina_per_call": chain.number, "mina_per_million": FEES.of(chain.units * MILLION).number,
            "earned_per_call": earned,
        }  # fmt: skip
        out.result(
            value,
            *_lines(use, data, serving, evidence, monthly),
            *_chain_lines(use, chain, _fee(data), mina_usd),
            *_earning(earned),
        )


def prices() -> dict[str, Any]:
    """The price list that ships with the command."""
    text = resources.files("sealrun_cli.lib").joinpath("prices.json").read_bytes()
    return dict(json.loads(text))


def per_call(use: Use, data: dict[str, Any]) -> Iterator[Line]:
    """What AWS charges for one call."""
    asked, woken = (VIEWED - DELIVERIES) * REQUEST_SECONDS, DELIVERIES * REQUEST_SECONDS
    seconds = MEMORY_GB * asked + WEBHOOK_GB * woken + COLLECT_GB * use.collect_seconds
    counts = {
        "lambda_request": REQUESTS,
        "lambda_gb_second": seconds,
        "dynamodb_write": WRITES,
        "dynamodb_read": READS,
        "s3_put": DOCUMENTS + use.files,
        "s3_get": GETS,
        "kms_request": DECRYPTIONS,
        "cloudfront_request": VIEWED,
        "cloudfront_gb": VIEWED * ANSWER_BYTES / GB,
        "log_gb": LOG_BYTES / GB,
    }
    yield from _priced(counts, data)


def per_evidence(use: Use, data: dict[str, Any]) -> Iterator[Line]:
    """What it costs to keep one call's evidence, and to hand it out once."""
    size = use.megabytes * 1e6 / GB
    counts = {"s3_gb_month": size * use.months, "s3_get": DOCUMENTS - 1 + use.files, "s3_gb_out": size}
    yield from _priced(counts, data)


def per_month(data: dict[str, Any]) -> Iterator[Line]:
    """What AWS charges for a stack that nobody calls."""
    counts = {
        "kms_key": 1,
        "alarm": ALARMS,
        "metric": METRICS,
        "dashboard": 1,
        "scheduled": SWEEPS + CHECKS,
        "lambda_request": SWEEPS + CHECKS,
        "lambda_gb_second": (SWEEPS * COLLECT_GB + CHECKS * MEMORY_GB) * REQUEST_SECONDS,
        "dynamodb_read": SWEEPS + CHECKS,
    }
    yield from _priced(counts, data)


def per_call_on_chain(use: Use, data: dict[str, Any]) -> Amount:
    """Fees for one call: its part of a settlement, paid by the seller. Rounded up."""
    return FEES.of(-(-_fee(data).units // use.settle_every))


def _fee(data: dict[str, Any]) -> Amount:
    """The fee of one transaction."""
    return FEES.read(str(data["mina"]["fee"]["each"]))


def _priced(counts: dict[str, float], data: dict[str, Any]) -> Iterator[Line]:
    for name, count in counts.items():
        price = data["prices"][name]
        yield Line(price["says"], count, price["each"])


def _lines(
    use: Use, data: dict[str, Any], serving: list[Line], evidence: list[Line], monthly: list[Line]
) -> Iterator[str]:
    served, kept, month = (sum(line.total for line in lines) for lines in (serving, evidence, monthly))
    call, unit = served + kept, data["currency"]
    yield f"AWS, {data['region']}, prices of {data['as_of']} ({data['note']})"
    yield "one call:"
    yield from (f"  {line.shown}" for line in serving)
    yield f"  together {served:.6f} {unit} a call, {served * MILLION:.2f} {unit} a million"
    yield "its evidence, kept and handed out once:"
    yield from (f"  {line.shown}" for line in evidence)
    yield f"  with it {call:.6f} {unit} a call, {call * MILLION:.2f} {unit} a million"
    yield "a stack, each month:"
    yield from (f"  {line.shown}" for line in monthly)
    yield f"  together {month:.2f} {unit}; with {use.calls} calls {month + call * use.calls:.2f} {unit}"


def _chain_lines(use: Use, chain: Amount, fee: Amount, mina_usd: float) -> Iterator[str]:
    dollars = (
        f" ({chain.units * MILLION / FEES.scale * mina_usd:.2f} USD at {mina_usd:g})" if mina_usd else ""
    )
    yield f"Mina: a call itself costs no fee; a settlement of {use.settle_every} calls costs {fee}"
    million = f"{FEES.of(chain.units * MILLION)} a million{dollars}"
    yield f"  {fee} / {use.settle_every} = {chain} a call, {million}"
    once = f"{ACCOUNT_CREATION_FEE} and {fee.number} of fee, once"
    yield f"  opening an account costs its buyer {once}; pulling the share {fee.number}"


def _earned(price: Amount, share: int, chain: Amount) -> dict[str, Any]:
    """What seller and operator earn from one good run, before the costs of AWS."""
    if not price.units:
        return {}
    operator = price.asset.of(price.units * share // SHARE_UNIT)
    seller = price - operator - chain
    if seller.units < 0:
        detail = f"price: expected more than a call's fee of {chain}, got {price}"
        raise CliError("bad-request", detail, "settle more calls at once: --settle-every")
    units = {"operator": str(operator.units), "seller": str(seller.units)}
    return {**units, "asset": price.asset.id, **price.asset.value()}


def _earning(earned: dict[str, Any]) -> Iterator[str]:
    if earned:
        operator, seller = TRADED.of(earned["operator"]), TRADED.of(earned["seller"])
        yield f"earned by one good run: operator {operator}, seller {seller} after fees"
