"""``make demo``: sell one real CI job on this machine, and have the receipt checked by mina-signer."""

import base64
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

from local.gitlab import GitLabServer
from local.stack import Stack
from mina.keys import PrivateKey
from sealrun.adapters.dynamodb import DynamoLedger
from sealrun.adapters.kms import KmsKeys
from sealrun.buyer import sign_call, sign_read
from sealrun.calls import SignedCall
from sealrun.credentials import key_context
from sealrun.fields import canonical
from sealrun.offers import Offer
from sealrun.workflows.publish_offer import publish_offer

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
    stack: Stack
    gitlab: GitLabServer
    oracle: PrivateKey
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
            project = self.gitlab.create_project("seller/sealrun", repository)
            token = self.gitlab.create_token(project)
            source = {"project": str(project), "commit": commit, "user": token.user}
            offer = Offer.parse(canonical(_offer_value(self.gitlab.url, source, self.oracle)))
            say(f"project {self.gitlab.url}/seller/sealrun, tag {TAG}, commit {commit[:12]}")
            say(f"offer   {offer.id}")
        return offer, token.value

    def publish(self, offer: Offer, token: str) -> None:
        """The operator gives the oracle its key, seals the token and publishes the offer."""
        with self.progress.step("operator: seal the API token, publish the offer, add the webhook") as say:
            provisioned, aws = self.stack.provisioned, self.stack.aws
            keys = KmsKeys(aws.client("kms"), key_id=provisioned.kms_key)
            ledger = DynamoLedger(aws.client("dynamodb"), table=provisioned.table)
            context = key_context("oracle", self.oracle.public_key().to_base58())
            oracle_key = _base64(keys.encrypt(self.oracle.to_base58().encode(), context=context))
            self.stack.configure("collect", {"SEALRUN_ORACLE_KEY": oracle_key})
            secret = "whsec_" + _base64(secrets.token_bytes(32))
            publish_offer(
                offer,
                token=token,
                webhook_secret=secret,
                ledger=ledger,
                keys=keys,
                entropy=secrets.token_bytes,
            )
            url = f"{self.stack.url}/webhooks/gitlab"
            self.gitlab.add_hook(int(offer.source.project), url, signing_token=secret)
            say(f"at      {self.stack.url}/offers/{offer.id[:16]}…")

    def buy(self, offer: Offer) -> tuple[SignedCall, str]:
        """The buyer reads the offer, signs one call of it and sends it, twice."""
        with self.progress.step("buyer: read the offer, sign one call, send it") as say:
            base = f"{self.stack.url}/offers/{offer.id}"
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
        receipt = Demo(progress, stack, stack.gitlab, oracle, buyer).run()
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


def _offer_value(origin: str, source: dict[str, Any], oracle: PrivateKey) -> dict[str, Any]:
    return {
        "sealrun": 1,
        "kind": "job",
        "title": "Build sealrun's own layers, byte-reproducibly",
        "network": "mina:devnet",
        "source": {"provider": "gitlab", "origin": origin, "ref": f"refs/tags/{TAG}", **source},
        "inputs": {
            "type": "object",
            "properties": {"layer": {"type": "string", "enum": ["mina", "sealrun", "both"]}},
            "additionalProperties": False,
        },
        "price": "0",
        "terms": None,
        "oracle": oracle.public_key().to_base58(),
        "access": {"open": True, "keys": []},
        "quota_per_hour": 10,
        "limits": {"seconds": 600, "log_bytes": 1 << 20, "artifact_bytes": 64 << 20, "files": 20},
        "evidence": {"outputs": "public", "log": "buyer"},
    }


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


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
