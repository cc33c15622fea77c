"""``sealrun sandbox``: try everything on this machine, with a provider and a Mina chain of one's own."""

from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from sealrun.offers.asset import FEES
from sealrun_cli.lib import background
from sealrun_cli.lib.confirming import Yes, confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import kept_or_new
from sealrun_cli.lib.options import Json
from sealrun_cli.lib.output import Output, speaking
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.sandbox_state import FILE, MODULE, TOKEN, found_sandbox
from sealrun_cli.lib.work_folder import WORK, work_folder

# What a run is made from, by the providers that there are here; the first one is the default.
PIPELINES = {"gitlab": ".gitlab-ci.yml", "github": ".github/workflows/*.y*ml"}
NAMES = {"gitlab": "GitLab", "github": "GitHub"}
GIFT = FEES.read("100")
FAUCET_SECONDS = 120


def sandbox(
    *,
    fund: Annotated[
        list[Path] | None,
        typer.Option("--fund", help=f"Key file, made if there is none, that gets {GIFT}.", metavar="FILE"),
    ] = None,
    provider: Annotated[
        str, typer.Option(help="gitlab or github; else the one that runs here, or gitlab.")
    ] = "",
    project: Annotated[
        str, typer.Option(help="The project's path in this GitLab; at GitHub, OWNER/NAME.")
    ] = "seller/project",
    no_proofs: Annotated[
        bool, typer.Option("--no-proofs", help="A chain that counts proofs as valid.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End it.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Try everything here: a GitLab or GitHub, and a Mina chain.

    The provider has the repository of this folder as its project. No other machine can reach it.
    """
    with speaking(as_json=as_json) as out:
        if stop:
            ended = background.stop(MODULE, Path(WORK, FILE))
            out.result({"stopped": ended}, "stopped" if ended else "it did not run")
            return
        state = found_sandbox(Path())
        _check_provider(provider, state)
        with nullcontext() if state else background.stopped_on_interrupt(MODULE, Path(WORK, FILE)):
            named = provider or next(iter(PIPELINES))
            state = state or _start(out, named, project, no_proofs=no_proofs, yes=yes)
            for path in fund or []:
                _give(state, path, out)
        shown = {name: each for name, each in state.items() if name != "pid"}
        lines = [f"{state['provider']}   {state['origin']}/{state['project']}", f"token    {WORK / TOKEN}"]
        passing = f"""curl -d '{{"count": 120}}' {state["slots"]}"""
        slots = f"slots    pass only with blocks; to let 120 pass: {passing}"
        more = [f"node     {state['node']}", slots, f"next     export SEALRUN_MINA_NODE={state['node']}"]
        out.result({**shown, "token_file": str(WORK / TOKEN)}, *lines, *more)


def _check_provider(provider: str, state: Mapping[str, Any]) -> None:
    """Raise CliError where there is no such provider here, or another one runs."""
    if provider and provider not in PIPELINES:
        detail = f"provider: expected {' or '.join(PIPELINES)}, got {provider[:20]!r}"
        raise CliError("bad-request", detail)
    if provider and state and state["provider"] != provider:
        detail = (
            f"sandbox: expected one with {NAMES[provider]}, got {NAMES[state['provider']]} in this folder"
        )
        raise CliError("sandbox", detail, "end it first: sealrun sandbox --stop")


def _start(out: Output, provider: str, project: str, *, no_proofs: bool, yes: bool) -> dict[str, Any]:
    background.need_checkout()
    if not Repository(Path()).found():
        detail = f"sandbox: expected a git repository in {Path.cwd()}, got none"
        raise CliError("sandbox", detail, "go into the one that has the pipeline, or run: git init")
    pipeline = PIPELINES[provider]
    if not any(Path().glob(pipeline)):
        confirm(out, [f"{Path.cwd()} has no {pipeline}: there would be nothing to run or to sell"], yes=yes)
    work = work_folder(Path())
    out.progress(f"starting a {NAMES[provider]} and a Mina chain (the first time, its contracts are built)")
    named = ["--folder", str((work / "sandbox").resolve()), "--repository", str(Path.cwd())]
    options = [*named, "--provider", provider, "--project", project, *(["--no-proofs"] if no_proofs else [])]
    (work / "sandbox").mkdir(exist_ok=True)
    with out.waiting("starting", "usually half a minute, the first time some minutes"):
        return background.start(MODULE, work / FILE, options, log=work / "sandbox.log")


def _give(state: dict[str, Any], path: Path, out: Output) -> None:
    """Pay the key money of the sandbox's chain, which is worth nothing anywhere else."""
    key = kept_or_new(path, out)
    address = key.public_key().to_base58()
    body = {"address": address, "amount": str(GIFT.units)}
    answer = httpx.post(state["faucet"], json=body, timeout=FAUCET_SECONDS, trust_env=False)
    if not answer.is_success:
        raise CliError(
            "sandbox", f"faucet: expected it to pay, got {answer.text[:200]}", "run the command again"
        )
    out.progress(f"{path}: {address} has {FEES.of(answer.json()['balance'])}")
