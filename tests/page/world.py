"""A seller, a service, a chain and a static host on loopback, for tests of the buyer's page in a browser.

``python -m tests.page.world COMMAND...`` runs a command in it: ``SEALRUN_WORLD`` names a JSON file that says
where everything is. The chain counts every proof as valid, unless ``SEALRUN_TEST_PROOFS`` is set.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.chain import MinaChain
from local.market import EVIDENCE, Market, in_mina
from local.people import People, client_environment
from local.prover import Prover
from local.repositories import commit_all
from local.sale import LEDGER, PAYMENT, PRICE, Sale
from local.signals import interrupt_on_stop
from local.stack import Stack
from local.steps import Progress
from sealrun.offers.asset import MINA
from sealrun.offers.offer import Offer
from tests.page.host import static_page

ROOT = Path(__file__).resolve().parents[2]
PROOFS = bool(os.environ.get("SEALRUN_TEST_PROOFS"))
# A node that is not there.
NOWHERE = "http://127.0.0.1:9/graphql"
PIPELINE = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    target:
      default: wasm
      options: [wasm, native, docs]
    threads:
      type: number
      default: 2
    release:
      type: boolean
      default: false
    note:
      default: none
    settings:
      default: e30
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"

build:
  id_tokens:
    SEALRUN_ID_TOKEN:
      aud: "urn:sealrun:call:$[[ inputs.sealrun_call ]]"
  script:
    - mkdir -p sealrun-profile dist && printf %s "$SEALRUN_ID_TOKEN" > sealrun-profile/token.jwt
    - echo "building $[[ inputs.target ]] with $[[ inputs.threads ]] threads, release=$[[ inputs.release ]]"
    - test "$[[ inputs.note ]]" != fail
    - env PYTHONPATH=probe/src python3 -m sealrun_probe run --sampler perf,proc -- python3 build.py
    - echo "$[[ inputs.target ]] $[[ inputs.note ]]" > dist/report.txt
  artifacts:
    paths: [dist/, sealrun-profile/]
"""
BUILD = """\
import hashlib, json, pathlib, time, zlib

def compress(data):
    return zlib.compress(data, 9)

def digest(data):
    return hashlib.pbkdf2_hmac("sha256", data[:64], b"salt", 2000)

def build():
    end, data = time.monotonic() + 1.5, json.dumps(list(range(20000))).encode()
    while time.monotonic() < end:
        digest(compress(data))
    pathlib.Path("dist/lib.wasm").write_bytes(bytes(range(256)) * 100)

build()
"""
PROPERTIES: dict[str, Any] = {
    "target": {
        "type": "string",
        "enum": ["wasm", "native", "docs"],
        "default": "wasm",
        "title": "Target",
        "description": "Which package is built.",
    },
    "threads": {
        "type": "integer",
        "minimum": 1,
        "maximum": 8,
        "default": 2,
        "title": "Threads",
        "description": "How many worker threads the build uses.",
    },
    "release": {
        "type": "boolean",
        "default": False,
        "title": "Release build",
        "description": "Optimise, and strip the result.",
    },
    "note": {
        "type": "string",
        "pattern": "^[a-z][a-z0-9-]{0,39}$",
        "maxLength": 40,
        "title": "Note",
        "description": "A short text that goes into the report.",
    },
    "settings": {
        "type": "string",
        "contentEncoding": "base64url",
        "contentMediaType": "application/json",
        "maxLength": 512,
        "title": "Settings",
        "description": "More settings of the build, as a JSON object.",
    },
}
ORDER = ["target", "threads", "release", "note", "settings"]
INPUTS = {
    "type": "object",
    "properties": PROPERTIES,
    "required": ["target"],
    "x-order": ORDER,
    "additionalProperties": False,
}
NAMING = {
    "type": "object",
    "properties": {
        "builder": {
            "type": "string",
            "format": "sealrun-offer",
            "maxLength": 256,
            "title": "Builder",
            "x-price": {**MINA.of(PRICE).value(), **MINA.value()},
        },
    },
    "required": ["builder"],
    "additionalProperties": False,
}
SHOWN = {**EVIDENCE, "inputs": "public", "log": ["building *"]}


@dataclass(frozen=True)
class World:
    """Where everything is."""

    page: str
    service: str
    evidence: str  # where the evidence's files lie
    free: str  # an offer's hash
    paid: str
    asking: str  # one whose job calls the offer that its buyer names
    account: str  # prepaid, for the paid offer
    buyer: str  # the key that pays, base58
    node: str
    faucet: str  # of the chain
    slots: str  # where slots of the chain pass
    command: str  # `sealrun`, which sends with the seller's key to this chain
    seller: str  # the folder of the seller's files

    def value(self) -> dict[str, str]:
        return dict(vars(self))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Everything, started; an account with 20 MINA is open."""
    people = People.make(folder / "keys")
    with (
        MinaChain(folder / "chain", proofs=PROOFS) as chain,
        static_page(folder / "host", f"mina:devnet={chain.graphql}", f"mina:devnet={NOWHERE}") as page,
        Prover(folder / "prover.log") as prover,
        Stack(folder / "stack", with_gitlab=True, environment=chain.environment(LEDGER)) as stack,
    ):
        people.fund(chain)
        assert stack.gitlab is not None
        market = Market(stack, stack.gitlab, people.oracle)
        commit = _repository(folder / "seller")
        paid = _offered(
            market,
            folder,
            commit,
            "seller/wasm",
            title="Build the wasm package",
            evidence=SHOWN,
            prices=in_mina(PRICE),
            terms=people.terms(LEDGER),
            payment=PAYMENT,
        )
        free = _offered(market, folder, commit, "seller/trial", title="Try the build, free")
        asking = _offered(market, folder, commit, "seller/asking", title="Build with it", inputs=NAMING)
        sale = Sale(Progress(1), chain, people, stack.url, paid, folder, prover)
        sale.open()
        yield World(
            page,
            stack.url,
            stack.aws.url,
            free.id,
            paid.id,
            asking.id,
            sale.account,
            people.buyer.to_base58(),
            chain.graphql,
            chain.described["faucet"],
            chain.described["slots"],
            _command(folder, people, chain, prover),
            str(folder),
        )


def _command(folder: Path, people: People, chain: MinaChain, prover: Prover) -> str:
    """A program that runs `sealrun` as somebody else than the buyer: the seller pays the fee."""
    settings = {
        name: value
        for name, value in client_environment(chain, folder, prover).items()
        if name.startswith("SEALRUN_")
    }
    given = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    proofs = "" if PROOFS else "--no-proofs"
    key = f"--key {shlex.quote(people.file('seller'))} {proofs} --poll-ms 200 --json"
    program = folder / "sealrun-as-the-seller"
    program.write_text(
        f'#!/bin/sh\nexec env {given} {Path(sys.executable).with_name("sealrun")} "$@" {key}\n'
    )
    program.chmod(0o755)
    return str(program)


def _repository(folder: Path) -> str:
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    (folder / "build.py").write_text(BUILD)
    shutil.copytree(ROOT / "probe" / "src", folder / "probe" / "src", ignore=shutil.ignore_patterns("*.pyc"))
    return commit_all(folder, "v2")


def _offered(market: Market[Stack], folder: Path, commit: str, path: str, **changes: Any) -> Offer:
    offer, token = market.offer_pipeline(
        path, folder / "seller", tag="v2", commit=commit, properties={}, **{"inputs": INPUTS, **changes}
    )
    market.publish(offer, token.value)
    return offer


def main() -> int:
    """Run the command that was given; its status."""
    interrupt_on_stop()
    with tempfile.TemporaryDirectory() as scratch, world(Path(scratch) / "world") as here:
        file = Path(scratch) / "world.json"
        file.write_text(json.dumps(here.value()))
        environment = {**os.environ, "SEALRUN_WORLD": str(file)}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
