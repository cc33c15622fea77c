"""``sealrun offer``: its hash, whether a commit still is what it sells, and whether it stands on chain."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tomlkit
import typer

from mina.keys import PublicKey
from sealrun.adapters.files.plain_files import write_plain
from sealrun.offers.offer import Offer
from sealrun.offers.source import INPUTS
from sealrun_cli.lib import options
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.inputs import listed
from sealrun_cli.lib.offer_file import OFFER_FILE, document, read_offer, read_values
from sealrun_cli.lib.outgoing import open_client
from sealrun_cli.lib.output import speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.service import Service, good, shown

# In the order of the contract's declarations: offerHash, termsHash, credentialHash, closed.
OFFER_HASH, CLOSED, STATE_FIELDS = 0, 3, 4
SHOWN = 5
OTHER = 1


@dataclass(frozen=True)
class Standing:
    """How an offer's file compares with one commit and with the chain."""

    offer: str
    commit: str
    of_commit: str  # the hash that the offer would have if its tag were at this commit
    changed: tuple[str, ...]  # files that differ from what is sold, except the offer's own
    chain: str  # open, closed, another offer, none; not asked

    @property
    def matches(self) -> bool:
        """True if no new offer is needed."""
        return not self.changed and self.chain in ("open", "not asked")

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "offer": self.offer,
            "commit": self.commit,
            "offer_of_commit": self.of_commit,
            "changed": list(self.changed),
            "chain": self.chain,
            "matches": self.matches,
        }


def offer(
    *,
    file: options.File = OFFER_FILE,
    commit: Annotated[str, typer.Option(help="The commit to compare with.")] = "HEAD",
    pin: Annotated[
        str, typer.Option(help="Write this tag's commit into the file: a new offer.", metavar="TAG")
    ] = "",
    node: options.Node = "",
    must_match: Annotated[
        bool, typer.Option("--must-match", help="End with status 1 where a new offer is due.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Show the offer's hash and inputs, and if a new one is due.

    Compares the file with a commit and, with --node, with the chain. Needs no key.
    """
    with speaking(as_json=as_json) as out, open_client() as http:
        if pin:
            write_pin(file, pin)
        schema, compared = read_offer(file).inputs, standing(file, commit, Service(http), node)
        due = "what is for sale is what is here" if compared.matches else "a new offer is due"
        lines = [
            f"offer    {compared.offer}",
            *listed(schema),
            f"commit   {compared.commit}: {_changes(compared)}",
            f"chain    {compared.chain}",
        ]
        out.result({**compared.value(), "inputs": schema.schema}, *lines, due)
    if must_match and not compared.matches:
        raise typer.Exit(OTHER)


def standing(file: Path, commit: str, service: Service, node: str) -> Standing:
    """Look at the file, the clone around it, and the node where one is named."""
    values, sold, clone = read_values(file), read_offer(file), Repository(file.parent)
    at = clone.commit(commit)
    of_commit = Offer.parse(document({**values, "source": _source(values["source"], clone, at)}))
    own = file.resolve().relative_to(Path(clone.top()).resolve()).as_posix()
    changed = tuple(name for name in clone.changed(sold.source.commit, at) if name != own)
    return Standing(sold.id, at, of_commit.id, changed, _on_chain(sold, service, node))


def write_pin(file: Path, tag: str) -> None:
    """Write the tag and its commit into the file; everything else in it stays, including comments.

    Raises:
        Malformed: the file is a link, which a cloned repository may bring (E7).
    """
    values, clone = read_values(file), Repository(file.parent)
    tagged = clone.tagged(tag)
    source = {**_source(values["source"], clone, tagged.commit), "ref": tagged.ref}
    written: Any = tomlkit.parse(file.read_text())
    for name in ("ref", "commit", "tree"):
        written["source"][name] = source[name]
    for name in ("sha256", "includes"):
        written["source"]["configuration"][name] = source["configuration"][name]
    write_plain(file, tomlkit.dumps(written).encode())


def _source(source: dict[str, Any], clone: Repository, commit: str) -> dict[str, Any]:
    """The file's source, updated from the commit."""
    path = source["configuration"]["path"]
    content = clone.file(commit, path)
    includes = list(read_pipeline(source["provider"], content, source.get("inputs_as", INPUTS)).includes)
    configuration = {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "includes": includes}
    return {**source, "commit": commit, "tree": clone.tree(commit), "configuration": configuration}


def _on_chain(sold: Offer, service: Service, node: str) -> str:
    """What the state of the offer's contract says; less than what the functions check before a call (A11)."""
    if sold.contract is None or not node:
        return "not asked"
    state = _state(service, node, sold.contract)
    if state is None:
        return "none"
    if state[OFFER_HASH] != sold.hash:
        return "another offer"
    return "closed" if state[CLOSED] else "open"


def _state(service: Service, node: str, contract: PublicKey) -> list[int] | None:
    query = "query($key:PublicKey!){account(publicKey:$key){zkappState}}"
    variables = {"key": contract.to_base58()}
    answer = good(service.send("POST", node, body={"query": query, "variables": variables}))
    try:
        account = answer["data"]["account"]
        state = [int(each) for each in account["zkappState"] or []] if account else []
    except (KeyError, TypeError, ValueError):
        got = str(answer)[:200]
        raise CliError("node-unavailable", f"{shown(node)}: expected an account, got {got}") from None
    return state if len(state) >= STATE_FIELDS else None


def _changes(compared: Standing) -> str:
    if not compared.changed:
        return "as sold"
    more = ", ..." if len(compared.changed) > SHOWN else ""
    return f"differs in {', '.join(compared.changed[:SHOWN])}{more}"
