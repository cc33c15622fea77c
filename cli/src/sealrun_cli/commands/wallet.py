"""``sealrun wallet``: a fresh key for a development network, straight into a project's CI secrets."""

import re
import secrets
from typing import Annotated

import typer

from mina.field import Q
from mina.keys import PrivateKey
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.set_up import address_of, known_provider, set_up_of
from sealrun_cli.lib.vault import Vault

# Money that is worth nothing anywhere else; there is no faucet of mainnet.
DEVNET = "mina:devnet"
# As o1js asks it, in `Mina.faucet`: {network, address}, and an answer whose status is success.
FAUCET = "https://faucet.minaprotocol.com/api/v1/faucet"
FAUCET_PAGE = "https://faucet.minaprotocol.com"


def wallet(
    name: Annotated[str, typer.Argument(help="Name of the CI variable or secret.")] = "SEALRUN_WALLET",
    *,
    provider: Annotated[str, typer.Option(help="gitlab or github.")] = "gitlab",
    origin: Annotated[str, typer.Option(help="GitLab's address, or that of GitHub's API.")] = "",
    project: Annotated[str, typer.Option(help="Path or id of the project; owner/name.")] = "",
    token_file: Annotated[
        str, typer.Option(help="File of a token that may write the secrets, - for stdin.", metavar="FILE")
    ] = "",
    network: options.Network = DEVNET,
    faucet: Annotated[str, typer.Option(help="The faucet; empty for none.", metavar="URL")] = FAUCET,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a secret of that name; its key is lost.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Make a wallet of devnet for CI jobs.

    Its key goes into the project's CI secrets, and the faucet pays it.

    The key is in no file, no argument and no output; only jobs of the project get it.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        _only_development(network)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name) or not project:
            raise CliError("bad-request", "wallet: expected NAME of letters, digits and _, and --project")
        token = read_secret(token_file, "Token that may write the project's secrets")
        vault = _vault(Service(http), provider, origin, project, token)
        if vault.holds(name) and not force:
            detail = f"{name}: expected no secret of this name, got one, whose key would be lost"
            raise CliError("conflict", detail, "choose another name, or add --force")
        key = PrivateKey.from_scalar(1 + secrets.randbelow(Q - 1))
        address = key.public_key().to_base58()
        vault.put(name, key.to_base58())
        out.progress(f"{project}: the key of {address} is in {name}")
        paid = bool(faucet) and _ask(Service(http), faucet, address, out)
        outcome = "the faucet pays it within some blocks" if paid else "the faucet did not pay it"
        out.result({"address": address, "variable": name, "paid": paid}, address, outcome)
    if faucet and not paid:
        raise typer.Exit(1)


def _only_development(network: str) -> None:
    if network != DEVNET:
        detail = f"network: expected {DEVNET}, for a key that CI jobs hold, got {network[:40]!r}"
        raise CliError("bad-request", detail, "keep keys of real money in a wallet of your own")


def _vault(service: Service, provider: str, origin: str, project: str, token: str) -> Vault:
    known = known_provider(provider)
    url = address_of(known, origin) if origin else ""
    return set_up_of(known, url, token).vault(service, project)


def _ask(service: Service, faucet: str, address: str, out: Output) -> bool:
    """True if the faucet pays. A failure is reported, not raised, because the key is already stored."""
    try:
        answer = service.send("POST", faucet, body={"address": address, "network": "devnet"})
        document = answer.json()
        good = answer.is_success and document.get("status", "success") == "success"
    except (CliError, ValueError, AttributeError) as error:
        out.progress(f"faucet: expected success, got {error}")
        return False
    if not good:
        out.progress(f"faucet: expected success, got {answer.status_code} {answer.text[:200]}")
        out.progress(f"next:  ask for {address} at {FAUCET_PAGE}")
    return good
