"""What an account's amounts are of: by this client's own memory, else by the token's owner on chain."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mina import tokens
from sealrun.chain.token import FUNGIBLE_CODE
from sealrun.errors import Malformed
from sealrun.offers.asset import MINA, Asset, asset_of
from sealrun.offers.prices import named_asset, parse_prices
from sealrun.offers.terms import Terms
from sealrun_cli.lib.book import known_assets, known_page
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.nodes import data_of
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.service import Service, well_formed

_OWNER = "query($id:TokenId!){tokenOwner(tokenId:$id){tokenSymbol zkappState verificationKey{hash}}}"
# Of a service's list of offers.
MAX_PAGES = 20


def asset_on(
    service: Service, node: str, state: Path, account: str, *, given: str = "", url: str = ""
) -> Asset:
    """What the account is kept in: as this client knows it, else the token that was given, else MINA.

    Args:
        service: the way out.
        node: tells a token's names.
        state: this client's memory.
        account: its address.
        given: a token's id, or its symbol in an account of this client or an offer of a service.
        url: that service's; empty for none.

    Raises:
        CliError: there is no such token, or more than one, or it is another than that of the account's terms.
    """
    known = known_page(state, account)
    if known is not None:
        if given and given not in (known.asset.id, known.asset.symbol):
            detail = f"asset: expected {known.asset.symbol}, in which {account} is kept, got {given[:80]}"
            raise CliError("bad-request", detail, "leave --asset out: an account has one asset")
        return known.asset if known.named else named_on_chain(service, node, known.asset)
    if given in ("", MINA.symbol, MINA.id):
        return MINA
    try:
        asset = asset_of(tokens.from_base58(given))
    except ValueError:
        return _of_symbol(service, node, state, given, url)
    return named_on_chain(service, node, asset)


def _of_symbol(service: Service, node: str, state: Path, symbol: str, url: str) -> Asset:
    """The one token that is called so where this client has an account, or in the offers of the service."""
    known: list[Asset] = [*known_assets(state), *(_offered(service, url) if url else ())]
    found = {asset.id: asset for asset in known if asset.symbol == symbol}
    if len(found) > 1:
        detail = f"asset: expected one token, got {symbol}, which is the symbol of {' and of '.join(found)}"
        raise CliError("bad-request", detail, "name it by its id")
    if not found:
        detail = f"asset: expected a token id, or a symbol in your accounts or in offers, got {symbol[:80]}"
        raise CliError("bad-request", detail, "name the token by its id, or the offers' service with --url")
    asset = next(iter(found.values()))
    require_same(asset, named_on_chain(service, node, asset_of(asset.token)))
    return asset


def _offered(service: Service, url: str) -> Iterator[Asset]:
    """The assets in which a service's offers have prices, of its first pages."""
    after = ""
    for _ in range(MAX_PAGES):
        page = service.get(f"{url}/offers{after}")
        with well_formed("offer", url):
            for offer in page["offers"]:
                yield from (price.cost.asset for price in parse_prices(offer["prices"]))
            if page["next"] is None:
                return
            after = f"?after={int(page['next'], 16):064x}"


def asset_of_terms(request: Mapping[str, Any], node: str, state: Path) -> Asset:
    """What amounts of a request with account and terms are of; a node is asked for a token's names only."""
    asset = Terms.parse(request["terms"]).asset
    known = known_page(state, request["account"])
    if known is not None and known.named and known.asset.id == asset.id:
        return known.asset
    with open_client() as http:
        return named_on_chain(Service(http), node, asset)


def require_same(offered: Asset, real: Asset) -> None:
    """An offer writes an asset as it is: an amount reads otherwise with other decimals, and is signed alike.

    Raises:
        CliError: symbol or decimals differ.
    """
    if offered != real:
        expected, got = (f"{each.symbol} of {each.decimals} decimals" for each in (real, offered))
        detail = f"asset: expected {expected}, got {got} in the offer, for {offered.id}"
        raise CliError("offer", detail, "do not buy: amounts of this offer do not say what they are")


def check_names(service: Service, node: str, asset: Asset) -> None:
    """An offer writes the token's symbol and decimals as its owner on chain has them; nobody signs them.

    Raises:
        CliError: they differ, the owner is no FungibleToken, or the node gives no answer.
    """
    real = named_on_chain(service, node, asset_of(asset.token))
    if asset != MINA and real == asset_of(asset.token):
        raise CliError("account-refused", f"asset: expected a FungibleToken of a symbol, got {asset.id}")
    require_same(asset, real)


def named_on_chain(service: Service, node: str, asset: Asset) -> Asset:
    """The token with the symbol and decimals that its owner has; as it is where the owner tells none.

    A node that lies here makes amounts read wrongly; ids and smallest units stay as they are.
    """
    if asset == MINA:
        return MINA
    owner = data_of(service, node, _OWNER, id=asset.id).get("tokenOwner") or {}
    try:
        if owner["verificationKey"]["hash"] != FUNGIBLE_CODE:
            return asset
        names = {"symbol": owner["tokenSymbol"], "decimals": int(owner["zkappState"][0])}
        return named_asset({"asset": asset.id, **names})
    except (KeyError, TypeError, ValueError, IndexError, Malformed):
        return asset
