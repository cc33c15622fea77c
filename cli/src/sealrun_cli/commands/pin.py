"""``sealrun pin``: put the public part of an evidence folder on IPFS, at any time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sealrun.adapters.files.evidence_folder import DiskFolder
from sealrun.adapters.ipfs.pins import PinService, open_pinner, parse_services
from sealrun.encoding.measure import Measured
from sealrun.errors import PinFailed, PinnerAway, SealrunError
from sealrun.evidence.index import Index
from sealrun.ports.evidence import Pinner
from sealrun.ports.keys import KeyService
from sealrun.verification.claims import CALL, INDEX, OFFER, RECEIPT, STATEMENTS, Verdict, require_equal
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.outgoing import open_guarded
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.target import DEFAULT_NAME, Name, find_target
from sealrun_cli.lib.units import size
from sealrun_cli.lib.verifying import BROKEN, verify_file

# For each file at each service; a mebibit a second is a slow line.
SECONDS = 60
BYTES_PER_SECOND = 128 << 10
ASK_SECONDS = 20
# The documents that anyone is given, by the claim that holds if they are what the receipt covers.
SHOWN_DOCUMENTS = {"form": RECEIPT, "statements": STATEMENTS, "offer": OFFER, "call": CALL, "policy": INDEX}
STATES = ("pinned", "already", "failed")
FORM = "name it as KIND:URL, such as kubo:http://127.0.0.1:5001, with --to or SEALRUN_PIN"


@dataclass(frozen=True)
class Pinned:
    """The result for one file at one service; ``why`` is empty unless it failed."""

    name: str
    cid: str
    service: str
    state: str
    why: str


def pin(
    folder: Annotated[Path, typer.Argument(help="An evidence folder, with its receipt.", metavar="DIR")],
    *,
    to: Annotated[
        str,
        typer.Option(
            help="KIND:URL of kubo, psa, filebase or pinata.", envvar="SEALRUN_PIN", metavar="WHERE"
        ),
    ] = "",
    token_file: Annotated[
        str, typer.Option(help="File of the service's token, - for stdin.", metavar="FILE")
    ] = "",
    stack: Name = DEFAULT_NAME,
    as_json: options.Json = False,
) -> None:
    """Pin on IPFS what the evidence shows to anyone.

    Status 0 only if all of it is pinned. Doing it again is harmless.
    """
    with speaking(as_json=as_json) as out, ExitStack() as opened:
        pinners = [opened.enter_context(closing(one)) for one in open_pinners(to, token_file, stack)]
        done = list(pin_folder(folder, pinners, out))
        counts = {state: sum(one.state == state for one in done) for state in STATES}
        totals = ", ".join(f"{count} {state}" for state, count in counts.items())
        value = {"folder": str(folder), **counts, "files": [asdict(one) for one in done]}
        again = ["next     check that the service can be reached, and run it again: what is pinned stays"]
        out.result(value, *_lines(done), f"{folder}: {totals}", *(again if counts["failed"] else []))
    if counts["failed"]:
        raise typer.Exit(BROKEN)


def pin_folder(root: Path, pinners: Sequence[Pinner], out: Output) -> Iterator[Pinned]:
    """Pin every file at every service, one file after the other; one out of reach is not asked again.

    Raises:
        CliError: as for ``public_files``.
    """
    folder, wanted = DiskFolder(root), public_files(root)
    away: dict[int, str] = {}
    for at, (name, measured) in enumerate(sorted(wanted.items()), start=1):
        out.progress(f"[{at}/{len(wanted)}] {name}, {size(measured.size)}")
        why = _mismatch(folder, name, measured)
        for number, pinner in enumerate(pinners):
            state, reason = "failed", why or away.get(number, "")
            if not reason:
                try:
                    state, reason = _pin(folder, name, measured, pinner)
                except PinnerAway as error:
                    away[number] = reason = error.detail
            yield Pinned(name, measured.cid, pinner.name, state, reason)


def public_files(root: Path) -> dict[str, Measured]:
    """What anyone may see, as it must be: what the index shows with a CID, and the documents about it.

    The index is the receipt's and shows only what the offer names (E1), or nothing may leave the folder. What
    the buyer opened beside it has no CID there, and openings, disclosures and inputs are not looked for (R7).

    Raises:
        CliError: the evidence does not hold, or the index or the offer is missing. A broken file is left out.
    """
    report = verify_file(root / RECEIPT, root)
    for claim in report.broken:
        if claim.name != "file":
            raise CliError("evidence", f"{claim.name}: {claim.says}")
    holding = {claim.name for claim in report.claims if claim.verdict is Verdict.HOLDS}
    if "policy" not in holding:
        raise CliError("evidence", f"folder: expected {OFFER} and {INDEX} in it, got at most one of them")
    folder = DiskFolder(root)
    shown = Index.parse(folder.document(INDEX) or b"").with_cids()
    items = {place: Measured(leaf.sha256, leaf.size, cid) for place, (cid, leaf) in shown.items()}
    return {
        **items,
        **{name: folder.measure(name) for claim, name in SHOWN_DOCUMENTS.items() if claim in holding},
    }


def open_pinners(to: str, token_file: str, stack: str) -> list[Pinner]:
    """The services' adapters. The stack's KMS key decrypts an encrypted token; a missing one is asked for.

    Raises:
        CliError: none is named, one is malformed, or one token would serve several.
    """
    try:
        services = parse_services(to, unsafe_loopback=True)  # a node on the caller's own machine
        tokens = _tokens(services, token_file)
        keys = partial(_keys, stack)
        pinners = [open_pinner(s, keys, client=open_guarded, token=tokens.get(s.name, "")) for s in services]
    except ValueError as error:
        raise CliError("bad-request", str(error), FORM) from None
    if not pinners:
        raise CliError("bad-request", "to: expected where to pin, got none", FORM)
    return pinners


def _tokens(services: Sequence[PinService], token_file: str) -> dict[str, str]:
    """The one token that is asked for, under the name of the only service that gets it."""
    without = [each for each in services if not each.token]
    asking = [each for each in without if each.lacks_token] or (without if token_file else [])
    if len(asking) > 1 or (token_file and not asking):
        detail = f"token: expected one service that it is for, got {len(asking)}"
        raise CliError("bad-request", detail, "name one service at a time with --to")
    return {each.name: _token(each.name, token_file) for each in asking}


def _token(name: str, token_file: str) -> str:
    token = read_secret(token_file, f"Token for {name}")
    if not token:
        raise CliError("bad-request", f"token: expected one for {name}, got none", "give --token-file")
    return token


def _keys(stack: str) -> KeyService:
    return find_target(Path(), stack).keys


def _mismatch(folder: DiskFolder, name: str, wanted: Measured) -> str:
    """Why the file is not the one that the receipt covers, or "". Its CID is computed again."""
    try:
        measured = folder.measure(name)
        require_equal("size", wanted.size, measured.size)
        require_equal("SHA-256", wanted.sha256, measured.sha256)
        require_equal("CID", wanted.cid, measured.cid)
    except SealrunError as error:
        return error.detail
    return ""


def _pin(folder: DiskFolder, name: str, wanted: Measured, pinner: Pinner) -> tuple[str, str]:
    """The state after the attempt, and the reason if it failed.

    Raises:
        PinnerAway: the service cannot be reached.
    """
    try:
        if _is_held(pinner, wanted.cid):
            return "already", ""
        seconds = SECONDS + wanted.size // BYTES_PER_SECOND
        pinner.pin(partial(folder.read, name), wanted, seconds=seconds)
    except PinnerAway:
        raise
    except SealrunError as error:
        return "failed", error.detail
    return "pinned", ""


def _is_held(pinner: Pinner, cid: str) -> bool:
    try:
        return pinner.holds(cid, seconds=ASK_SECONDS)
    except PinnerAway:
        raise
    except PinFailed:  # pinning again is harmless, and its error says what is wrong
        return False


def _lines(done: Sequence[Pinned]) -> list[str]:
    """A line for each file, and one for all files that failed at one service for one reason."""
    failed = Counter((one.service, one.why) for one in done if one.state == "failed")
    single = [_line(one) for one in done if failed[one.service, one.why] <= 1]
    several = [
        f"{'failed':<8} {service:<8} {count} files: {why}"
        for (service, why), count in failed.items()
        if count > 1
    ]
    return [*single, *several]


def _line(one: Pinned) -> str:
    return f"{one.state:<8} {one.service:<8} {one.cid} {one.name}{f': {one.why}' if one.why else ''}"
