"""``make demo``: sell one real CI job on this machine, and have the receipt checked by mina-signer."""

import hashlib
import json
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.market import Market
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.buyer import sign_call, sign_read
from sealrun.calls import SignedCall
from sealrun.fields import canonical
from sealrun.offers import Offer

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "out" / "demo"
TAG = "v0-demo"
PATIENCE_SECONDS = 240
STEPS = 8


class DemoFailed(Exception):
    """A step did not come out as it must."""


class Progress:
    """Numbered steps with their times."""

    def __init__(self) -> None:
        self._number, self._start = 0, time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """One step; what is said in it stands indented below."""
        self._number += 1
        start = time.monotonic()
        print(f"[{self._number}/{STEPS}] {what}", flush=True)
        yield lambda line: print(f"      {line}", flush=True)
        print(f"      ({time.monotonic() - start:.1f} s)", flush=True)

    def total(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._start


@dataclass
class Demo:
    """The steps of a sale, on a running stack."""

    progress: Progress
    market: Market
    buyer: PrivateKey

    def run(self) -> dict[str, Any]:
        """Sell, buy, follow and collect; the receipt."""
        offer, token = self.sell()
        self.publish(offer, token)
        signed, url = self.buy(offer)
        self.follow(url)
        return self.collect(url, signed)

    def sell(self) -> tuple[Offer, str]:
        """The seller tags a commit and offers its pipeline."""
        with self.progress.step("seller: offer this repository's own build at a protected tag") as say:
            repository, commit = _tagged_copy()
            offer, token = self.market.offer_pipeline(
                "seller/sealrun",
                repository,
                tag=TAG,
                commit=commit,
                properties={"layer": {"type": "string", "enum": ["mina", "sealrun", "both"]}},
                title="Build sealrun's own layers, byte-reproducibly",
            )
            say(f"project {offer.source.origin}/seller/sealrun, tag {TAG}, commit {commit[:12]}")
            say(f"offer   {offer.id}")
        return offer, token.value

    def publish(self, offer: Offer, token: str) -> None:
        """The operator gives the oracle its key, seals the token and publishes the offer."""
        with self.progress.step("operator: seal the API token, publish the offer, add the webhook") as say:
            self.market.publish(offer, token)
            say(f"at      {self.market.stack.url}/offers/{offer.id[:16]}…")

    def buy(self, offer: Offer) -> tuple[SignedCall, str]:
        """The buyer reads the offer, signs one call of it and sends it, twice."""
        with self.progress.step("buyer: read the offer, sign one call, send it") as say:
            base = f"{self.market.stack.url}/offers/{offer.id}"
            document = canonical(_ok(httpx.get(base, timeout=30))["document"])
            signed = sign_call(
                self.buyer,
                Offer.parse(document),
                inputs={"layer": "both"},
                salt=secrets.token_hex(32),
                nonce=secrets.randbits(128),
                expires_at=int(time.time()) + 600,
            )
            start = time.monotonic()
            first = _ok(httpx.post(f"{base}/calls", json=signed.body(), timeout=30))
            say(f"call    {first['call']}")
            say(f"202 in {(time.monotonic() - start) * 1000:.0f} ms: {first['state']}, {first['run']['url']}")
            again = _ok(httpx.post(f"{base}/calls", json=signed.body(), timeout=30))
            _must(again["run"] == first["run"], "the same call again", first["run"], again["run"])
            say("sent again: the same run, no second pipeline")
        return signed, first["url"]

    def follow(self, url: str) -> None:
        """Show the call's states until it is over."""
        with self.progress.step("the pipeline runs; its webhook wakes the collector") as say:
            seen, end = "", time.monotonic() + PATIENCE_SECONDS
            while (call := _ok(httpx.get(url, timeout=30)))["receipt"] is None:
                if call["state"] != seen:
                    seen = call["state"]
                    say(seen)
                _must(time.monotonic() < end, "the call", f"over in {PATIENCE_SECONDS} s", call["state"])
                time.sleep(0.25)
            say(f"{call['state']}: {call['reason']}")
            _must(call["state"] == "succeeded", "the call", "succeeded", call["state"])

    def collect(self, url: str, signed: SignedCall) -> dict[str, Any]:
        """The buyer takes the receipt and the files, and compares every digest."""
        with self.progress.step("buyer: take the receipt and what the run left") as say:
            receipt: dict[str, Any] = _ok(httpx.get(f"{url}/receipt"))
            (OUT / "receipt.json").write_text(json.dumps(receipt, indent=2) + "\n")
            right = sign_read(self.buyer, signed.call, expires_at=int(time.time()) + 300)
            evidence = _ok(httpx.get(f"{url}/evidence", headers=right))
            (OUT / "profile.json").write_bytes(httpx.get(evidence["profile"]).content)
            for part in [*evidence["outputs"], *evidence["logs"]]:
                body = httpx.get(part["url"]).content
                digest = hashlib.sha256(body).hexdigest()
                _must(digest == part["sha256"], part["name"], part["sha256"], digest)
                (OUT / Path(part["name"]).name).write_bytes(body)
                say(f"{digest[:16]}…  {len(body):>7} bytes  {part['name']}")
        return receipt


def main() -> int:
    """Run the demo; 0 when every step came out as it must."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    progress = Progress()
    try:
        receipt, oracle = _sale(progress)
        _confirm(progress, receipt, oracle)
    except (DemoFailed, httpx.HTTPError, subprocess.CalledProcessError, OSError) as error:
        print(f"demo failed: {error}", file=sys.stderr)
        return 1
    print(f"\nSold, run and receipted in {progress.total():.0f} s. out/demo/ holds:")
    for path in sorted(path for path in OUT.iterdir() if path.is_file()):
        print(f"  {path.name:<14} {path.stat().st_size:>8} bytes")
    return 0


def _sale(progress: Progress) -> tuple[dict[str, Any], str]:
    """One sale with fresh keys; the receipt and the oracle's public key."""
    oracle, buyer = (PrivateKey.from_scalar(1 + secrets.randbits(250)) for _ in range(2))
    with progress.step("start AWS (moto), Lambda (awslambdaric) and GitLab (gitlab-ci-local) on loopback"):
        stack = Stack(OUT / "stack", with_gitlab=True)
    with stack:
        if stack.gitlab is None:
            raise DemoFailed("stack: expected a GitLab, got none")
        receipt = Demo(progress, Market(stack, stack.gitlab, oracle), buyer).run()
    return receipt, oracle.public_key().to_base58()


def _confirm(progress: Progress, receipt: dict[str, Any], oracle: str) -> None:
    """mina-signer checks the signature, and must refuse a receipt that was changed."""
    with progress.step("mina-signer, which knows nothing of sealrun, checks the oracle's signature") as say:
        _must(receipt["publicKey"] == oracle, "the receipt's key", oracle, receipt["publicKey"])
        confirmed = _mina_signer(OUT / "receipt.json")
        _must(confirmed.returncode == 0, "receipt.json", "a signature that holds", confirmed.stderr)
        say(confirmed.stdout.strip())
    with progress.step("the same receipt with its status changed") as say:
        changed = OUT / "stack" / "changed.json"
        changed.write_text(json.dumps({**receipt, "data": {**receipt["data"], "status": 2}}))
        refused = _mina_signer(changed)
        _must(refused.returncode == 1, "a changed receipt", "exit status 1", refused.returncode)
        say(refused.stdout.strip())


def _mina_signer(receipt: Path) -> subprocess.CompletedProcess[str]:
    command = ["node", "local/confirm.mjs", str(receipt)]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def _tagged_copy() -> tuple[Path, str]:
    """The seller's repository: a copy of this one's HEAD with a tag; its path and commit."""
    repository = OUT / "stack" / "seller.git"
    _git("clone", "--quiet", "--bare", "--no-hardlinks", str(ROOT), str(repository))
    commit = _git("-C", str(repository), "rev-parse", "HEAD")
    _git("-C", str(repository), "tag", TAG, commit)
    return repository, commit


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _ok(answer: httpx.Response) -> Any:
    """The answer's JSON, if its status is a good one."""
    if not answer.is_success:
        request = answer.request
        raise DemoFailed(f"{request.method} {request.url}: got {answer.status_code} {answer.text[:500]}")
    return answer.json()


def _must(holds: bool, what: str, expected: object, got: object) -> None:  # noqa: FBT001
    if not holds:
        raise DemoFailed(f"{what}: expected {expected}, got {got}")


if __name__ == "__main__":
    sys.exit(main())
