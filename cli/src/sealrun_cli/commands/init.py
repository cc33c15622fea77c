"""``sealrun init``: write ``offer.toml`` from the pipeline's own words, the clone, provider and answers."""

from pathlib import Path
from typing import Annotated

import typer

from sealrun.offers.asset import TRADED
from sealrun.offers.facts import last_job_facts
from sealrun.offers.inputs import ORDER
from sealrun.offers.source import INPUTS, parse_source
from sealrun.offers.terms import MAX_EXIT_DELAY
from sealrun.providers.kind import kind_of
from sealrun_cli.lib import options
from sealrun_cli.lib.confirming import ask, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.init_answers import (
    DEPTH,
    EXIT_DELAY,
    PROVED_EXIT_DELAY,
    SHARE,
    Trade,
    evidence,
    shows_outputs,
)
from sealrun_cli.lib.issuer import issuer_for, live_keys, root_of, save_keys
from sealrun_cli.lib.offer_file import OFFER_FILE, read_offer, write_values
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.schemas import Hints, lost_defaults, schema_of
from sealrun_cli.lib.set_up import known_provider
from sealrun_cli.lib.source_lookup import Found, look_up, wanted_source
from sealrun_cli.lib.target import step

ISSUER_KEYS = Path("issuer-keys.json")
Given = Annotated[
    list[str] | None,
    typer.Option("--pattern", help="What a string input may be; ^...$ without |.", metavar="NAME=REGEX"),
]


def init(
    *,
    provider: Annotated[str, typer.Option(help="gitlab, github or forgejo.")] = "gitlab",
    origin: Annotated[str, typer.Option(help="The provider's address; else the clone's remote.")] = "",
    project: Annotated[str, typer.Option(help="Its path there, or its id; else the clone's remote.")] = "",
    tag: Annotated[str, typer.Option(help="The protected tag that is for sale.")] = "",
    config: Annotated[str, typer.Option(help="Path of the pipeline's file.")] = "",
    user: Annotated[
        int, typer.Option(help="The provider's id of the token's account; else asked with it.")
    ] = 0,
    token_file: Annotated[
        str, typer.Option(help="File of an access token, - for stdin; used once, not kept.", metavar="FILE")
    ] = "",
    title: Annotated[str, typer.Option(help="What buyers read first.")] = "",
    price: Annotated[str, typer.Option(help=f"{TRADED.symbol} for one good run; 0 is free.")] = "",
    oracle: Annotated[str, typer.Option(help="The oracle's address, or its key file.")] = "",
    seller: Annotated[str, typer.Option(help="Who is paid: an address, or a key file.")] = "",
    operator: Annotated[str, typer.Option(help="Who gets the share: an address, or a key file.")] = "",
    share: Annotated[
        int, typer.Option(help="The operator's share in basis points.", min=0, max=10_000)
    ] = SHARE,
    exit_delay: Annotated[
        int,
        typer.Option(
            help=f"Slots that a leaving buyer waits; {EXIT_DELAY}, or {PROVED_EXIT_DELAY} with --proved.",
            min=0,
            max=MAX_EXIT_DELAY,
            show_default=False,
        ),
    ] = 0,
    depth: Annotated[int, typer.Option(help="Blocks over a deposit before it counts.", min=0)] = DEPTH,
    ledger: Annotated[str, typer.Option(help="The ledger of the terms that you already sell under.")] = "",
    network: options.Network = options.DEFAULT_NETWORK,
    contract: Annotated[
        str, typer.Option(help="Keep the sealed token on chain, in a contract of this address or key file.")
    ] = "",
    private_inputs: Annotated[
        bool, typer.Option("--private-inputs", help="Only buyers see inputs, and no list has receipts.")
    ] = False,
    public_outputs: Annotated[
        bool | None,
        typer.Option(
            "--public-outputs/--private-outputs",
            help="Who sees what a run leaves: anyone, or its buyer only. Private where a run has a price.",
        ),
    ] = None,
    as_variables: Annotated[
        bool, typer.Option("--as-variables", help="Send inputs as CI variables: for a GitLab before 17.11.")
    ] = False,
    pattern: Given = None,
    limit: Annotated[
        list[str] | None, typer.Option("--range", help="Bounds of a number.", metavar="NAME=LOW..HIGH")
    ] = None,
    json_input: Annotated[
        list[str] | None, typer.Option(help="A string input that takes base64url of JSON.", metavar="NAME")
    ] = None,
    offer_input: Annotated[
        list[str] | None,
        typer.Option(help="A string input that names an offer.", metavar="NAME"),
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(help="An input that buyers do not set.", metavar="NAME")
    ] = None,
    file: Annotated[Path, typer.Option(help="Where to write.", metavar="FILE")] = OFFER_FILE,
    proved: Annotated[
        bool, typer.Option("--proved", help="Proofs of the CI's own tokens settle, and no oracle's word.")
    ] = False,
    issuer_keys: Annotated[
        Path, typer.Option(help="Where the issuer's keys are kept, for --proved.", metavar="FILE")
    ] = ISSUER_KEYS,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    provider_terms: Annotated[
        bool, typer.Option("--provider-terms", help="I know the provider's own terms, and may sell this.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write offer.toml, the file that says what is for sale.

    Inputs, tag and project are read from the pipeline and the clone; what no flag says is asked.
    """
    with speaking(as_json=as_json) as out:
        if file.exists() and not force:
            raise CliError("offer", f"offer: expected no {file} yet, got one", "edit it, or add --force")
        _show_terms(provider, out, agreed=provider_terms)
        inputs_as = "variables" if as_variables else INPUTS
        hints = Hints(
            patterns=_named(pattern, "pattern"),
            ranges={name: _range(name, text) for name, text in _named(limit, "range").items()},
            json_inputs=frozenset(json_input or []),
            offer_inputs=frozenset(offer_input or []),
            left_out=frozenset(leave_out or []),
            words=kind_of(provider).form(inputs_as).pipeline,
        )
        wanted = wanted_source(
            file.parent, provider, origin, project, tag, config, token_file, user, inputs_as
        )
        looked_up = look_up(wanted, out)
        facts, keys = _proved(looked_up, issuer_keys, out) if proved else ({}, 0)
        delay = exit_delay or (PROVED_EXIT_DELAY if proved else EXIT_DELAY)
        trade = Trade(price, oracle, seller, operator, share, delay, depth, ledger, contract, keys)
        schema = schema_of(looked_up.pipeline, hints)
        for name in lost_defaults(schema, looked_up.pipeline):
            out.progress(f"{name}: the default in the file does not fit the input, so the offer has none")
        value = {
            "title": ask(title, "Title", "--title"),
            "network": network,
            "source": looked_up.source,
            "inputs": {name: schema[name] for name in ("properties", "required", ORDER)},
            "evidence": {},
            **({"facts": facts} if facts else {}),
            **trade.members(),
        }
        shown = shows_outputs(public_outputs, free=value["price"] == "0")
        value["evidence"] = evidence(private=private_inputs, outputs=shown)
        write_values(file, value)
        _say(out, file, public=shown and not private_inputs)


def _proved(found: Found, keys_file: Path, out: Output) -> tuple[dict[str, str], int]:
    """What the last job's token must say, and the root of the keys that its issuer has now."""
    source = parse_source(found.source)
    keys = live_keys(source, here=True)
    save_keys(keys_file, keys)
    root = root_of(source, keys)
    name = issuer_for(source, here=True).name
    out.progress(f"{name} signs with {len(keys)} keys, kept in {keys_file}; root {root:064x}")
    return last_job_facts(source, found.path), root


def _show_terms(provider: str, out: Output, *, agreed: bool) -> None:
    """What the provider's own terms say of selling its runs; where they forbid some, the seller agrees."""
    kind = kind_of(known_provider(provider))
    confirm(out, kind.terms.splitlines(), yes=agreed or not kind.agree, flag="--provider-terms")


def _say(out: Output, file: Path, *, public: bool) -> None:
    """Report the file just written. It is parsed as a stack parses it; if that fails, the file stays."""
    offer = read_offer(file)
    source, schema = offer.source, offer.inputs.schema
    prices = [price.value() for price in offer.prices]
    out.result(
        {"file": str(file), "offer": offer.id, "inputs": schema, "prices": prices},
        f"wrote {file}: {source.ref} at {source.commit[:12]}, {offer.cost} a run",
        f"inputs that buyers set: {', '.join(offer.inputs.names) or 'none'}",
        f"outputs of a run: {'anyone sees them' if public else 'only its buyer sees them'}",
        f"next     read {file}, then: {step('check', file)}",
    )


def _named(given: list[str] | None, flag: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in given or []]
    if bad := [name for name, separator, _ in pairs if not separator]:
        raise CliError("bad-request", f"{flag}: expected NAME=VALUE, got {bad[0][:40]!r}")
    return {name: value for name, _, value in pairs}


def _range(name: str, text: str) -> tuple[float, float]:
    low, separator, high = text.partition("..")
    try:
        bounds = float(low), float(high)
    except ValueError:
        bounds = 1.0, 0.0
    if not separator or not bounds[0] <= bounds[1]:
        raise CliError("bad-request", f"range: expected {name}=LOW..HIGH, got {text[:40]!r}")
    return bounds
