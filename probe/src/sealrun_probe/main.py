"""The command line: ``sealrun-probe run [OPTIONS] -- COMMAND`` and ``sealrun-probe done``."""

import argparse
import os
import sys
from pathlib import Path

from sealrun_probe import done, leave
from sealrun_probe.command import leave_as
from sealrun_probe.run import ORDER, run, say
from sealrun_probe.uprobes import Probe, parse_probe

# As many as an offer's evidence policy can name.
MAX_PROBES = 50
_SAYS = """The probe exits as the command does, leaves stdin and stdout alone and passes signals on.
It uses the first sampler that works here (rusage always does); stderr and profile.json say which one."""
_EXAMPLE = "example: sealrun-probe run --out sealrun-profile -- make -j2 dist"
_DONE_SAYS = """Hashes the files that the other jobs left, and writes sealrun-profile/done.yml: a child
pipeline whose one job has a token of the CI's own that names the call and this hash."""


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments, run the command, end as it ended."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["done"]:
        return _done(_parser().parse_args(given))
    at = given.index("--") if "--" in given else len(given)
    parser = _parser()
    options = parser.parse_args(given[:at])
    words = given[at + 1 :]
    if not words:
        parser.error("expected -- and a command, got none")
    # The token is for the evidence: the command, which may run others' code, does not get it.
    token = os.environ.pop(leave.TOKEN_VARIABLE, "")
    probes = _probes(parser, options)
    status = run(words, folder=options.out, order=options.sampler, probes=probes, token=token)
    return leave_as(status)


def _done(options: argparse.Namespace) -> int:
    try:
        digest = done.write_child(
            options.out, call=options.call, outputs=options.outputs, image=options.image
        )
    except (done.Refused, OSError) as error:
        say(str(error))
        return 1
    say(f"outputs {digest}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sealrun-probe",
        description="Run a CI job's command and leave samples of where it spent its time.",
        epilog=_EXAMPLE,
    )
    commands = parser.add_subparsers(required=True)
    own = commands.add_parser(
        "run",
        usage="sealrun-probe run [OPTIONS] -- COMMAND",
        help="run a command and sample it",
        description=_SAYS,
        epilog=_EXAMPLE,
    )
    own.add_argument(
        "--out", type=Path, default=leave.FOLDER, help=f"folder to leave, {leave.FOLDER} by default"
    )
    own.add_argument(
        "--sampler",
        type=_order,
        metavar="NAME,...",
        help=f"which to try in turn, of {','.join(ORDER)}; by default what they saw decides",
    )
    own.add_argument(
        "--probe",
        action="append",
        default=[],
        type=_probe,
        metavar="NAME=BINARY:FUNCTION[:VALUES]",
        help="a user probe on a function, as perf probe has it; needs perf and root",
    )
    last = commands.add_parser(
        "done",
        help="write the child pipeline of a call's last job",
        description=_DONE_SAYS,
        epilog="example: sealrun-probe done --call $[[ inputs.sealrun_call ]] out",
    )
    last.add_argument("--call", required=True, metavar="HASH", help="the call's hash, 64 hex digits")
    last.add_argument("--image", default="alpine:3", help="of the last job, alpine:3 by default")
    last.add_argument(
        "--out", type=Path, default=leave.FOLDER, help=f"folder to leave, {leave.FOLDER} by default"
    )
    last.add_argument("outputs", type=Path, help="the folder of the outputs, below this one")
    return parser


def _probes(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Probe]:
    probes: list[Probe] = options.probe
    names = {probe.name for probe in probes}
    if len(names) != len(probes) or len(probes) > MAX_PROBES:
        parser.error(f"--probe: expected at most {MAX_PROBES} names, each once, got others")
    return probes


def _order(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := [name for name in names if name not in ORDER]:
        raise argparse.ArgumentTypeError(f"expected some of {', '.join(ORDER)}, got {unknown[0][:40]!r}")
    return names


def _probe(text: str) -> Probe:
    try:
        return parse_probe(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
