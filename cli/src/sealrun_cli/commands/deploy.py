"""``sealrun deploy``: the functions for an offer, into AWS, or onto this machine to try them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from mina.keys import PrivateKey
from sealrun.offers.offer import Offer
from sealrun_cli.lib import background, options
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.deploy_aws import deploy_to_aws
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.sandbox_state import found_sandbox
from sealrun_cli.lib.served import is_database
from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.lib.target import DEFAULT_NAME, WORK, Name, Target, find_target, step, work_folder

MODULE = "local.stack"
REGION = "eu-central-1"


def deploy(
    *,
    file: options.File = OFFER_FILE,
    stack: Name = DEFAULT_NAME,
    oracle_key: Annotated[str, typer.Option(help="The oracle's key file; - for stdin.", metavar="FILE")] = "",
    node: options.Node = "",
    local: Annotated[bool, typer.Option("--local", help="On this machine, to try it.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the stack on this machine.")] = False,
    parameter: Annotated[
        list[str] | None, typer.Option(help="Any parameter of template.yaml.", metavar="NAME=VALUE")
    ] = None,
    bucket: Annotated[str, typer.Option(help="Where packages are put; else one of your account.")] = "",
    yes: Yes = False,
    as_json: options.Json = False,
) -> None:
    """Deploy the functions for an offer. AWS: shows every change before it is made, then follows it."""
    with speaking(as_json=as_json) as out:
        if stop:
            _stop(file.parent, stack, out)
            return
        offer = read_offer(file)
        if not oracle_key:
            detail = f"deploy: expected the key of the oracle {offer.oracle}, got none"
            raise CliError(
                "bad-request", detail, "give --oracle-key FILE; KMS encrypts it, nothing else keeps it"
            )
        key = _oracle(oracle_key, offer)
        there = _served(file.parent, stack)
        if there is not None:
            target: Target = _deploy_served(there, offer, key, out, yes=yes)
        elif local:
            target = _deploy_here(file.parent, stack, offer, key, node, out, yes=yes)
        else:
            given = {**chain_parameters(offer, node), **_parameters(parameter or [])}
            target = deploy_to_aws(stack, offer, key, given, out, bucket=bucket, yes=yes)
        path = str(target.save(file.parent)) if there is None else ""
        following = f"next     {step('seal', file, stack)}"
        written = [f"written  {path}"] if path else []
        lines = [f"deployed {target.name}: {target.url}", *written, following]
        out.result({"stack": target.name, "url": target.url, "file": path}, *lines)


def chain_parameters(offer: Offer, node: str, archive: str = "") -> dict[str, str]:
    """What functions need to sell for money, by the template's names; nothing for an offer of price 0."""
    if offer.payment is None:
        return {}
    if not node:
        raise CliError(
            "bad-request", "deploy: expected a Mina node for an offer with a price, got none", "give --node"
        )
    keys = pinned_keys()
    return {
        "Ledger": str(offer.payment.terms.ledger),
        "MinaNodes": node,
        "MinaArchives": archive,
        "VerificationKey": keys["PrepaidAccount"],
        "OfferVerificationKey": keys["Offer"],
    }


# The functions' variables, by the template's parameters.
VARIABLES = {
    "Ledger": "SEALRUN_LEDGER",
    "MinaNodes": "SEALRUN_MINA_NODES",
    "MinaArchives": "SEALRUN_MINA_ARCHIVES",
    "VerificationKey": "SEALRUN_VERIFICATION_KEY",
    "OfferVerificationKey": "SEALRUN_OFFER_VERIFICATION_KEY",
}


def _deploy_here(
    folder: Path, name: str, offer: Offer, key: PrivateKey, node: str, out: Output, *, yes: bool
) -> Target:
    """Start the stack in the background, or take the one that runs, and give it the oracle's key."""
    target = _running(folder, name)
    wanted = str(offer.payment.terms.ledger) if offer.payment else "0"
    if target is not None and wanted not in ("0", target.ledger):
        detail = f"stack: expected the ledger {target.ledger[:12]}… of {name}, got {wanted[:12]}…"
        raise CliError("stack", detail, "give another --stack, or `sealrun deploy --stop` first")
    if target is None:
        plan = [f"start    AWS (moto), the functions as they ship and a gateway, as stack {name}, here"]
        confirm(out, [*plan, "         all that it stores is gone when it stops"], yes=yes)
        around = found_sandbox(folder)
        given = chain_parameters(offer, node or around.get("node", ""), around.get("archive", ""))
        target = _start(folder, name, given, out)
    address, sealed = target.sealed_oracle(key)
    target.give_oracle_keys({**target.oracle_keys(), address: sealed})
    return target


def _served(folder: Path, name: str) -> ServedTarget | None:
    """The service of this name, or of this database."""
    here = (folder / WORK / f"{name}.json").exists()
    target = find_target(folder, name) if here or is_database(name) else None
    return target if isinstance(target, ServedTarget) else None


def _deploy_served(target: ServedTarget, offer: Offer, key: PrivateKey, out: Output, *, yes: bool) -> Target:
    """Give a service the oracle's key and, for an offer with a price, the id of its ledger (A3)."""
    wanted = str(offer.payment.terms.ledger) if offer.payment else "0"
    if wanted not in ("0", target.ledger) and target.ledger != "0":
        detail = f"stack: expected the ledger {target.ledger[:12]}… of {target.name}, got {wanted[:12]}…"
        raise CliError("stack", detail, "serve it from another database")
    plan = [f"keep     the oracle's key {offer.oracle} in {target.name}, encrypted with {target.key_name}"]
    confirm(out, plan, yes=yes)
    if wanted != "0":
        target.deployment.take_ledger_id(int(wanted))
    target.give_oracle_key(*target.sealed_oracle(key))
    return replace(target, ledger=wanted if wanted != "0" else target.ledger)


def _start(folder: Path, name: str, given: Mapping[str, str], out: Output) -> Target:
    out.progress("starting (the first time, the layers are built)")
    work = work_folder(folder)
    state = work / f"{name}-stack"
    state.mkdir(exist_ok=True)
    named = [f"{VARIABLES[parameter]}={value}" for parameter, value in given.items() if value]
    pairs = [part for each in named for part in ("--environment", each)]
    ready = _ready(folder, name)
    arguments = ["--folder", str(state.resolve()), *pairs]
    with out.waiting("starting", "usually half a minute, the first time some minutes"):
        fields: dict[str, Any] = background.start(MODULE, ready, arguments, log=work / f"{name}.log")
    return Target(name=name, region=REGION, ledger=given.get("Ledger", "0"), **fields)


def _ready(folder: Path, name: str) -> Path:
    """The file that says where the stack on this machine is."""
    return folder / WORK / f"{name}-stack" / "ready.json"


def _running(folder: Path, name: str) -> Target | None:
    if not (folder / WORK / f"{name}.json").exists():
        return None
    target = find_target(folder, name)
    if isinstance(target, ServedTarget):
        detail = f"stack: expected {name} of `sealrun deploy --local`, got one of `sealrun serve`"
        raise CliError("stack", detail, "end `sealrun serve` itself, with Ctrl-C")
    if not target.local:
        raise CliError(
            "stack", f"stack: expected {name} on this machine, got one in AWS", "give another --stack"
        )
    return target if background.alive(target.pid, MODULE) else None


def _stop(folder: Path, name: str, out: Output) -> None:
    _running(folder, name)  # raises for a stack in AWS
    ended = background.stop(MODULE, _ready(folder, name))
    (folder / WORK / f"{name}.json").unlink(missing_ok=True)
    out.result({"stopped": ended}, "stopped" if ended else "it did not run")


def _oracle(source: str, offer: Offer) -> PrivateKey:
    key = read_key(source)
    if (address := key.public_key().to_base58()) != offer.oracle:
        raise CliError("key", f"oracle: expected the key of {offer.oracle}, got that of {address}")
    return key


def _parameters(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    if bad := [name for name, separator, _ in pairs if not separator]:
        raise CliError("bad-request", f"parameter: expected NAME=VALUE, got {bad[0][:40]!r}")
    return {name: value for name, _, value in pairs}
