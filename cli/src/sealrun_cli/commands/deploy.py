"""``sealrun deploy``: the functions for an offer, into AWS, or as a service on this machine to try them."""

import json
import os
import secrets
import socket
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from mina.keys import PrivateKey
from sealrun.offers.offer import Offer
from sealrun_cli.lib import background, options, outgoing
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.contracts import pinned_keys
from sealrun_cli.lib.deploy_aws import deploy_to_aws
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import read_key
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.passphrases import PASSPHRASE_FILE
from sealrun_cli.lib.sandbox_state import found_sandbox
from sealrun_cli.lib.served import is_database
from sealrun_cli.lib.served_target import ServedTarget
from sealrun_cli.lib.target import DEFAULT_NAME, Name, Target, find_target, step
from sealrun_cli.lib.work_folder import WORK, work_folder

MODULE = "sealrun_cli.main"
STOP_SECONDS = 20


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
            raise CliError("bad-request", detail, "give --oracle-key FILE; only its ciphertext is kept")
        key = _oracle(oracle_key, offer)
        there = _served(file.parent, stack)
        if local and (there is None or there.pid):
            target: Target = _deploy_here(file.parent, stack, offer, key, node, out, yes=yes)
        elif there is not None:
            target = _deploy_served(there, offer, key, out, yes=yes)
        else:
            given = {**chain_parameters(offer, node), **_parameters(parameter or [])}
            target = deploy_to_aws(stack, offer, key, given, out, bucket=bucket, yes=yes)
        foreign = there is not None and not there.pid
        path = "" if foreign else str(target.save(file.parent))
        following = f"next     {step('seal', file, stack)}"
        written = [f"written  {path}"] if path else []
        lines = [f"deployed {target.name}: {target.url}", *written, following]
        out.result({"stack": target.name, "url": target.url, "file": path}, *lines)


def chain_parameters(offer: Offer, node: str) -> dict[str, str]:
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
        "VerificationKey": keys["PrepaidAccount"],
        "ProvedVerificationKey": keys["ProvedAccount"],
        "OfferVerificationKey": keys["Offer"],
    }


def _deploy_here(
    folder: Path, name: str, offer: Offer, key: PrivateKey, node: str, out: Output, *, yes: bool
) -> Target:
    """Start a service in the background, or take the one that runs, and give it the oracle's key."""
    target = _running(folder, name)
    if target is None:
        plan = [f"start    `sealrun serve` in the background, as stack {name}"]
        kept = f"         all that it stores is in {folder / WORK / _state(name)}, and stays when it stops"
        confirm(out, [*plan, kept], yes=yes)
    with nullcontext() if target else background.stopped_on_interrupt(MODULE, _ready(folder, name)):
        target = target or _start(folder, name, offer, node, out)
        _check_ledger_id(target, offer)
        return _kept(target, offer, key)


def _served(folder: Path, name: str) -> ServedTarget | None:
    """The service of this name, or of this database."""
    here = (folder / WORK / f"{name}.json").exists()
    target = find_target(folder, name) if here or is_database(name) else None
    return _as_started(target, folder, name) if isinstance(target, ServedTarget) else None


def _as_started(target: ServedTarget, folder: Path, name: str) -> ServedTarget:
    """With process and passphrase, where a ``deploy --local`` that started the service was killed since."""
    ready = _ready(folder, name)
    if target.pid or not ready.exists():
        return target
    pid = int(json.loads(ready.read_bytes())["pid"])
    if not background.alive(pid, MODULE):
        return target
    return replace(target, pid=pid, local={PASSPHRASE_FILE: str(_passphrase(ready.parent))})


def _deploy_served(target: ServedTarget, offer: Offer, key: PrivateKey, out: Output, *, yes: bool) -> Target:
    """Give a service the oracle's key and, for an offer with a price, the id of its ledger (A3)."""
    _check_ledger_id(target, offer)
    plan = [f"keep     the oracle's key {offer.oracle} in {target.name}, encrypted with {target.key_name}"]
    confirm(out, plan, yes=yes)
    return _kept(target, offer, key)


def _check_ledger_id(target: ServedTarget, offer: Offer) -> None:
    wanted = str(offer.payment.terms.ledger) if offer.payment else "0"
    if wanted not in ("0", target.ledger) and target.ledger != "0":
        detail = f"stack: expected the ledger {target.ledger[:12]}… of {target.name}, got {wanted[:12]}…"
        raise CliError("stack", detail, "give another --stack: a ledger of its own for each database")


def _kept(target: ServedTarget, offer: Offer, key: PrivateKey) -> ServedTarget:
    """The service, once its database has the key and the ledger's id."""
    if offer.payment is not None:
        target.deployment.take_ledger_id(offer.payment.terms.ledger)
        target = replace(target, ledger=str(offer.payment.terms.ledger))
    target.give_oracle_key(*target.sealed_oracle(key))
    return target


def _start(folder: Path, name: str, offer: Offer, node: str, out: Output) -> ServedTarget:
    """A service on a port of 127.0.0.1: the one that it had before, where that is free."""
    around, work = found_sandbox(folder), work_folder(folder)
    node = node or around.get("node", "")
    chain_parameters(offer, node)
    state = work / _state(name)
    state.mkdir(mode=0o700, exist_ok=True)
    secret = _passphrase(state)
    chain = ["--node", node] if node else []
    chain += ["--archive", around["archive"]] if "archive" in around else []
    arguments = [
        *("serve", "--json", "--stack", name, "--listen", f"127.0.0.1:{_port(folder, name)}"),
        *("--metrics", "-", "--sweep-seconds", "5", "--stop-seconds", str(STOP_SECONDS)),
        *("--passphrase-file", str(secret), *chain),
    ]
    environment = {name: each for name, each in os.environ.items() if not name.startswith("SEALRUN_")}
    environment |= {"SEALRUN_UNSAFE_LOOPBACK": "1"}
    environment |= outgoing.for_service(around.get("storage", ""))
    log, ready = work / f"{name}.log", _ready(folder, name)
    out.progress("starting")
    with out.waiting("starting", "some seconds"):
        started = background.start(MODULE, ready, arguments, log=log, folder=folder, environment=environment)
    target = find_target(folder, name)
    if not isinstance(target, ServedTarget):
        raise TypeError(f"stack: expected a service, got {target.name}")
    return replace(target, pid=int(started["pid"]), local={PASSPHRASE_FILE: str(secret)})


def _passphrase(state: Path) -> Path:
    """The file of the passphrase, which is made once; it lies beside what it opens, for trying only."""
    path = state.resolve() / "passphrase"
    if path.is_symlink():  # a cloned repository may bring one, and the secret would go where it leads (E7)
        raise CliError("file", f"{path}: expected a plain file, got a link", "remove it")
    if not path.exists() or not path.stat().st_size:  # empty after a start that was killed
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32))
    return path


def _port(folder: Path, name: str) -> int:
    """The port of an earlier start, so that buyers and webhooks find the service; 0 where it is taken."""
    before = _served(folder, name)
    port = urlsplit(before.url).port if before else None
    try:
        with socket.create_server(("127.0.0.1", port or 0)):
            return port or 0
    except OSError:
        return 0


def _state(name: str) -> str:
    """The folder in which ``sealrun serve`` keeps everything unless it is told otherwise."""
    return f"{name}-served"


def _ready(folder: Path, name: str) -> Path:
    """The file that says that the service on this machine is up."""
    return folder / WORK / _state(name) / "ready.json"


def _running(folder: Path, name: str) -> ServedTarget | None:
    """The service that ``deploy --local`` started, if it still runs.

    Raises:
        CliError: the stack of this name is in AWS, or somebody runs its service.
    """
    if not (folder / WORK / f"{name}.json").exists():
        return None
    if (target := _served(folder, name)) is None:
        raise CliError(
            "stack", f"stack: expected {name} on this machine, got one in AWS", "give another --stack"
        )
    if not target.pid:
        detail = f"stack: expected {name} of `sealrun deploy --local`, got one of `sealrun serve`"
        raise CliError("stack", detail, "end `sealrun serve` itself, with Ctrl-C")
    return target if background.alive(target.pid, MODULE) else None


def _stop(folder: Path, name: str, out: Output) -> None:
    _running(folder, name)  # raises for one that deploy did not start
    ended = background.stop(MODULE, _ready(folder, name))
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
