"""``offer.toml``: the offer as its seller writes it, and the document that it stands for.

The file has the names of the offer document, with five comforts: ``price`` is the one in MINA, with decimals,
``[tokens.SYMBOL]`` is a price in a token, ``[terms]`` leaves out the network and the oracle, ``[inputs]``
what is the same in every schema, and constants are left out.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from mina.tokens import derive_token_id, to_base58
from sealrun.adapters.files.plain_files import write_plain
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.errors import Malformed, SealrunError
from sealrun.offers.asset import TRADED
from sealrun.offers.offer import FORM, Offer
from sealrun.offers.prices import Price, named_asset
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import amount_of

OFFER_FILE = Path("offer.toml")
MAX_FILE_BYTES = 1 << 16
_TOP = ("title", "network", "price", "oracle", "quota_per_hour")
_OPTIONAL = ("edge",)
_TOKENS = "tokens"
_TABLES = (
    "source", "facts", "inputs", "success", "access", "limits", "evidence", "terms", "payment", "credential"
)  # fmt: skip
_SAID = {
    "price": f"{TRADED.symbol} for one good run; 0 is free",
    "oracle": "whose signature receipts carry; the operator holds its key",
    "quota_per_hour": "calls of all buyers together",
    "edge": "the key of the edge that takes the calls",
}
_ABOVE = {
    "source": "What runs: a protected tag, and what it named when this file was written.",
    "facts": "What the CI's own token must say of the last job, where proofs of it settle.",
    "inputs": "What a buyer may set (JSON Schema, six kinds).",
    "success": "The jobs that must succeed; without this, all that the pipeline does not allow to fail.",
    "access": "Who may call an offer of price 0 (a price opens it to all who pay), and how often.",
    "limits": "Bounds of one run and of all runs together; a longer run is stopped and costs nothing.",
    "evidence": "What anyone may see of a run; what a pattern does not name, only the buyer sees.",
    "terms": "Who is paid. Another line here is another account for every buyer.",
    "payment": "How much a deposit and a failing buyer are trusted.",
    "credential": "Where the sealed API token lies.",
}
# Beside the values of these tables; those of the others speak for themselves or are the seller's own inputs.
_INSIDE: dict[str, dict[str, Any]] = {
    "success": {"jobs": "by their names in the pipeline"},
    "access": {
        "per_buyer": {
            "per_hour": "calls of one buyer",
            "at_once": "runs of one buyer that are not over",
            "minutes_per_month": "of one buyer's runs",
        }
    },
    "limits": {
        "seconds": "of one run, from when a runner takes it",
        "log_bytes": "of one run, to be collected",
        "artifact_bytes": "of one run, to be collected",
        "files": "of one run, to be collected",
        "queue_seconds": "a run that no runner takes by then has not started, and costs nothing",
        "at_once": "runs of all buyers that are not over",
        "minutes_per_month": "of all runs; one that is not over counts with its whole time limit",
    },
    "payment": {
        "depth": "blocks over a deposit before it counts",
        "nodes": "Mina nodes that must agree",
        "failed_per_day": "of one account, by UTC day; calls of the day that are not over count too",
    },
}


def document(value: Mapping[str, Any]) -> bytes:
    """The canonical offer document of what the file says.

    Raises:
        CliError: a name that the comforts need is missing or of the wrong kind.
    """
    known = (*_TOP, *_OPTIONAL, _TOKENS, *_TABLES)
    if unknown := sorted(value.keys() - set(known)):
        raise CliError("offer", f"offer.toml: expected {', '.join(known)}, got also {unknown[0]}")
    if missing := sorted({*_TOP, "source", "inputs"} - value.keys()):
        raise CliError("offer", f"offer.toml: expected {missing[0]}, got nothing by that name")
    prices = _prices(value)
    shape = {"type": "object", "additionalProperties": False, "properties": {}}
    whole = {
        **{name: each for name, each in value.items() if name not in ("price", _TOKENS)},
        "sealrun": FORM,
        "kind": "job",
        "prices": prices,
        "inputs": {**shape, **value["inputs"]},
        "terms": _terms(value) if prices else None,
    }
    if not prices and (paid := {"facts", "terms", "payment", "credential"} & value.keys()):
        raise CliError("offer", f"offer.toml: expected no [{min(paid)}] beside a price of 0, got one")
    return canonical(whole)


def read_offer(path: Path) -> Offer:
    """The offer in the file, checked as every stack checks it.

    Raises:
        CliError: there is no such file, or it is not TOML, or not an offer.
    """
    try:
        return Offer.parse(document(read_values(path)))
    except SealrunError as error:
        raise CliError(
            "offer", f"{path}: {error.detail}", f"edit {path}, or run `sealrun init` again"
        ) from error


def read_values(path: Path) -> dict[str, Any]:
    """The file's own values."""
    if not path.exists():
        raise CliError("offer", f"offer: expected {path}, got no such file", "run `sealrun init` first")
    with path.open("rb") as file:
        text = file.read(MAX_FILE_BYTES)
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CliError("offer", f"{path}: expected TOML, got {error}", f"edit {path}") from error


def write_values(path: Path, value: Mapping[str, Any]) -> None:
    """Write the file with a line of explanation above each part.

    Raises:
        Malformed: a link lies there, which a cloned repository may bring (E7).
    """
    made = tomlkit.document()
    made.add(
        tomlkit.comment("What is for sale. `sealrun check` reads this; published, it never changes again.")
    )
    for name in (*_TOP, *(each for each in _OPTIONAL if each in value)):
        made.add(name, tomlkit.item(value[name]))
        if name in _SAID:
            made[name].comment(_SAID[name])
    for name in _TABLES:
        if name in value:
            made.add(tomlkit.nl())
            made.add(tomlkit.comment(_ABOVE[name]))
            made.add(name, _table(value[name], _INSIDE.get(name, {})))
    # A line of explanation belongs to the table below it.
    text = re.sub(r"^(# .*)\n\n\[", r"\1\n[", tomlkit.dumps(made), flags=re.MULTILINE)
    write_plain(path, text.encode())


def _prices(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The price in MINA, where there is one, and one for each token, in the document's order."""
    units = amount_of(str(value["price"]), TRADED).units
    prices = [Price(TRADED.of(units), None)] if units else []
    tokens = value.get(_TOKENS, {})
    if not isinstance(tokens, dict) or not all(isinstance(each, dict) for each in tokens.values()):
        raise CliError("offer", "offer.toml: expected [tokens.SYMBOL] for each token, got something else")
    prices += [_token_price(symbol, each) for symbol, each in tokens.items()]
    return [price.value() for price in sorted(prices, key=lambda price: price.cost.asset.token)]


def _token_price(symbol: str, value: Mapping[str, Any]) -> Price:
    """``owner``, ``decimals`` and ``price`` of one token; its id follows from its owner."""
    try:
        members = read.only(value, ("owner", "decimals", "price"), where=f"tokens.{symbol}"[:80])
        owner = read.public_key(members, "owner")
        token = to_base58(derive_token_id(owner))
        asset = named_asset({"asset": token, "symbol": symbol, "decimals": members["decimals"]})
    except Malformed as error:
        raise CliError("offer", f"offer.toml: {error.detail}") from error
    return Price(amount_of(str(members["price"]), asset), owner)


def _terms(value: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("terms"), dict):
        raise CliError(
            "offer", "offer.toml: expected [terms] beside a price, got none", "run `sealrun init` again"
        )
    word = {} if "keys" in value["terms"] else {"oracle": value["oracle"]}
    return {"network": value["network"], **word, **value["terms"]}


def _table(value: Mapping[str, Any], says: Mapping[str, Any]) -> Table:
    """A table, with an explanation beside each value that has one."""
    made = tomlkit.table()
    plain = {name: each for name, each in value.items() if not isinstance(each, dict)}
    for name, each in {**plain, **value}.items():
        made.add(name, _table(each, says.get(name, {})) if isinstance(each, dict) else tomlkit.item(each))
        if name in says and not isinstance(each, dict):
            made[name].comment(says[name])
    return made
