"""`sealrun tick`: a free offer and tickets, sold from a branch and a bucket, without a server."""

import json
import os
import random
import secrets
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.aws import AwsServer
from local.gitlab.server import GitLabServer
from local.market import free_offer, pinned_source
from local.nodejs import NODE
from mina.keys import PrivateKey
from sealrun.adapters.aws.s3 import PREFIX
from sealrun.calls.letters import PostBox, call_letter, letter_digest
from sealrun.calls.ticket_url import Ticket
from sealrun.encoding.fields import canonical
from sealrun.money.buyer import sign_call
from sealrun.offers.offer import Offer
from sealrun_cli.lib.offer_file import read_offer, write_values
from tests.page.host import static_page
from tests.ports.stores import new_bucket, s3_server
from tests.spine.conftest import PROPERTIES, repository

pytestmark = pytest.mark.peers

ROOT = Path(__file__).resolve().parents[2]
SHORT_LEASES = "tests.spine.tick_short_leases"
# `make crash` kills more often.
KILLS = int(os.environ.get("SEALRUN_KILLS", "3"))


@dataclass
class TickShop:
    """An offer in a state branch, its GitLab and its bucket, and the folder from which everybody works."""

    gitlab: GitLabServer
    s3: AwsServer
    folder: Path
    remote: Path
    bucket: str
    offer: Offer
    buyer: PrivateKey

    @property
    def public_url(self) -> str:
        return f"{self.s3.url}/{self.bucket.partition('?')[0].removeprefix('s3://')}/public"

    @property
    def where(self) -> list[str]:
        return ["--remote", str(self.remote), "--bucket", self.bucket, "--public-url", self.public_url]

    def start(
        self, *words: str, module: str = "sealrun_cli.main", log: Any = None
    ) -> "subprocess.Popen[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            "SEALRUN_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "SEALRUN_UNSAFE_LOOPBACK": "1",
            **{name: value for name, value in self.s3.environment().items() if "URL" not in name},
        }
        line = [sys.executable, "-m", module, *words, "--json"]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            line, cwd=self.folder, env=environment, stdout=pipe, stderr=log or pipe, text=True
        )

    def command(self, *words: str) -> dict[str, Any]:
        out, err = (process := self.start(*words)).communicate(timeout=120)
        assert process.returncode == 0, err + out
        return dict(json.loads(out))

    def tick(self, *words: str) -> dict[str, Any]:
        return self.command("tick", *self.where, *words)

    def tickets(self, count: int = 1) -> list[str]:
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
        url, given = (
            f"{self.public_url}/offers/{self.offer.id}",
            ["--open", "greeting", "--count", str(count)],
        )
        words = [url, "--key", "buyer.key", "--until", tomorrow, "--letters", self.bucket, *given]
        return [each["url"] for each in self.command("ticket", *words)["tickets"]]

    def drop(self, url: str) -> tuple[str, str]:
        """Drop a ticket's letter; its call, and the name of its answer."""
        ticket = Ticket.parse(url)
        assert ticket.box is not None
        fresh: dict[str, Any] = {"salt": secrets.token_hex(32), "nonce": secrets.randbits(128)}
        redeemed = ticket.redeem({"greeting": "hello"}, **fresh, expires_at=int(time.time()) + 80_000)
        self.post(ticket.box.url, ticket.box.form(""), canonical(redeemed.body()))
        return redeemed.call.id, f"tickets/{ticket.grant.id}"

    def post(self, url: str, form: dict[str, str], letter: bytes) -> None:
        files = {"file": ("letter", letter, "application/json")}
        assert httpx.post(url, data=form, files=files, timeout=30).is_success

    def public(self, name: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.public_url}/{name}", timeout=30).raise_for_status().json())

    def waiting(self) -> list[str]:
        """The letters that no tick has removed."""
        name = self.bucket.partition("?")[0].removeprefix("s3://")
        found = s3_server()[1].list_objects_v2(Bucket=name, Prefix="letters/").get("Contents", [])
        return [each["Key"] for each in found]

    def runs(self, call: str) -> list[int]:
        pipelines = self.gitlab.store.pipelines.values()
        return [pipeline.id for pipeline in pipelines if call in pipeline.name]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TickShop]:
    folder = tmp_path_factory.mktemp("tick")
    commit = repository(folder / "seller")
    remote = folder / "state.git"
    subprocess.run(["git", "init", "-q", "--bare", str(remote)], check=True)
    oracle, buyer = PrivateKey.from_scalar(secrets.randbits(250) | 1), PrivateKey.from_scalar(77)
    with GitLabServer(folder / "gitlab") as gitlab:
        project = gitlab.create_project("seller/greetings", folder / "seller")
        token = gitlab.create_token(
            project, expires_at=(datetime.now(UTC).date() + timedelta(days=30)).isoformat()
        )
        source = {
            "provider": "gitlab",
            "origin": gitlab.url,
            "project": str(project),
            "ref": "refs/tags/v1",
            **pinned_source(folder / "seller", commit),
            "user": token.user,
        }
        kept = {
            "oracle.key": oracle.to_base58(),
            "buyer.key": buyer.to_base58(),
            "token": token.value,
            "passphrase": "for this test alone",
        }
        for name, text in kept.items():
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(text)
        write_values(folder / "offer.toml", written({**free_offer(oracle, PROPERTIES), "source": source}))
        offer = read_offer(folder / "offer.toml")
        shop = TickShop(gitlab, s3_server()[0], folder, remote, new_bucket(), offer, buyer)
        make_readable(shop)
        assert shop.tick("--pull")["there"] is False
        shop.command("deploy", "--oracle-key", "oracle.key", "--yes")
        assert shop.command("seal", "--token-file", "token", "--yes")["webhook"] is False
        assert shop.command("publish", "--yes")["state"] == "open"
        shop.tick("--push")
        shop.tick("--open-box")
        yield shop


def sold(shop: TickShop, buying: "subprocess.Popen[str]") -> dict[str, Any]:
    """Tick as long as a buyer waits; what the buyer's command says in the end."""
    end = time.monotonic() + 120
    while buying.poll() is None and time.monotonic() < end:
        shop.tick("--seconds", "30", "--open-box")
    out, err = buying.communicate(timeout=60)
    assert buying.returncode == 0, err + out
    said: dict[str, Any] = json.loads(out)
    assert said["state"] == "succeeded"
    return said


def written(value: dict[str, Any]) -> dict[str, Any]:
    """The offer as its file has it."""
    document_only = ("sealrun", "kind", "prices")
    kept = {name: each for name, each in value.items() if name not in document_only and each is not None}
    return {**kept, "price": "0"}


def make_readable(shop: TickShop) -> None:
    """The policy of the guide: everybody reads what lies under public/, and nothing else."""
    name = shop.bucket.partition("?")[0].removeprefix("s3://")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/public/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3_server()[1].put_bucket_policy(Bucket=name, Policy=policy)
    rule: Any = {"AllowedOrigins": ["*"], "AllowedMethods": ["GET", "POST"], "AllowedHeaders": ["*"]}
    s3_server()[1].put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})


def test_a_ticket_from_its_issuing_to_a_receipt_that_verifies_by_the_command_and_in_the_page(
    shop: TickShop,
) -> None:
    url, other = shop.tickets(2)
    redeeming = shop.start("redeem", url, "--input", "greeting=hi", "--evidence", "got-ticket")
    with static_page(shop.folder / "page") as page:
        given, told = shop.folder / "address", shop.folder / "shown.json"
        given.write_text(f"{page}#{other.partition('#')[2]}")
        script, picture = Path(__file__).with_name("ticket_page.mjs"), shop.folder / "page.png"
        line = [NODE, str(script), str(picture), json.dumps({"greeting": "hello"}), page, shop.s3.url]
        with given.open() as stdin, told.open("w") as stdout:
            browser = subprocess.Popen(line, stdin=stdin, stdout=stdout)
        wait_for_letter(shop, f"letters/tickets/{Ticket.parse(other).grant.id}")
        said = sold(shop, redeeming)
        while browser.poll() is None:
            shop.tick("--seconds", "30", "--open-box")
        shown = json.loads(told.read_text())
    assert len(shop.runs(said["call"])) == 1
    assert shop.command("verify", "got-ticket")["holds"] is True
    assert shown["problems"] == []
    assert "Succeeded" in shown["shown"]
    assert len(shop.runs(shown["address"][-64:])) == 1
    assert Ticket.parse(other).secret.to_base58() not in json.dumps(shown["requests"])


def wait_for_letter(shop: TickShop, name: str) -> None:
    """Return once it lies in the bucket."""
    end = time.monotonic() + 60
    while name not in shop.waiting():
        assert time.monotonic() < end, f"expected {name} in the bucket"
        time.sleep(0.2)


def test_a_free_call_is_dropped_into_the_offers_own_box(shop: TickShop) -> None:
    url = f"{shop.public_url}/offers/{shop.offer.id}"
    line = ["call", url, "--key", "buyer.key", "--input", "greeting=hello", "--evidence", "got-call"]
    calling = shop.start(*line)
    said = sold(shop, calling)
    assert len(shop.runs(said["call"])) == 1
    assert shop.command("verify", "got-call")["holds"] is True


def test_a_letter_is_answered_in_the_words_of_the_functions(shop: TickShop) -> None:
    listed = shop.public("offers")["offers"]
    assert [each["offer"] for each in listed] == [shop.offer.id]
    box = PostBox.parse(shop.public(f"offers/{shop.offer.id}")["letters"])
    fresh: dict[str, Any] = {"salt": secrets.token_hex(32), "nonce": 1, "expires_at": int(time.time()) + 600}
    wrong = canonical(sign_call(shop.buyer, shop.offer, inputs={"greeting": "NO"}, **fresh).body())
    for letter in (b"nonsense", wrong):
        shop.post(box.url, box.form(letter_digest(letter)), letter)
    shop.post(box.url, box.form("no-name-of-a-letter"), b"{}")
    shop.tick("--open-box", "--seconds", "0")
    assert shop.waiting() == []
    answers = [shop.public(f"answers/{call_letter(shop.offer.id, each)}") for each in (b"nonsense", wrong)]
    types = [each["body"]["type"].removeprefix("urn:sealrun:problem:") for each in answers]
    assert [each["status"] for each in answers] == [400, 422]
    assert types == ["malformed", "inputs-refused"]
    assert {each["headers"]["content-type"] for each in answers} == {"application/problem+json"}


def test_l11_a_call_whose_files_cannot_be_written_and_an_offer_of_an_older_version_keep_no_letter_waiting(
    shop: TickShop,
) -> None:
    first, second = shop.tickets(2)
    call, name = shop.drop(first)
    finish(shop, [name])
    shop.tick("--pull")
    pulled = shop.folder / ".sealrun" / "sealrun-tick" / "pulled.json"
    noted = json.loads(pulled.read_text())
    noted["unpublished"][call] = 0
    pulled.write_text(json.dumps(noted))
    older = canonical({**json.loads(shop.offer.document), "sealrun": 1})
    with closing(sqlite3.connect(pulled.with_name("ledger.db"))) as database:
        database.execute("CREATE TEMP TABLE older AS SELECT * FROM offers")
        database.execute("UPDATE older SET hash = ?, document = ?", [f"{1:064x}", older])
        database.execute("INSERT INTO offers SELECT * FROM older")
        database.commit()
    shop.tick("--push")
    lose_evidence(shop)
    other, name = shop.drop(second)
    [answer] = finish(shop, [name])
    assert answer["status"] == 202
    assert shop.public(f"calls/{other}")["state"] == "succeeded"
    assert [each["offer"] for each in shop.public("offers")["offers"]] == [shop.offer.id]


def lose_evidence(shop: TickShop) -> None:
    """As a bucket does whose files end after some days."""
    name, client = shop.bucket.partition("?")[0].removeprefix("s3://"), s3_server()[1]
    for each in client.list_objects_v2(Bucket=name, Prefix=PREFIX)["Contents"]:
        client.delete_object(Bucket=name, Key=each["Key"])


def test_r3_ticks_that_overlap_start_each_run_once(shop: TickShop) -> None:
    calls = [shop.drop(url) for url in shop.tickets(2)]
    line = ["tick", *shop.where, "--open-box", "--seconds", "0"]
    both = [shop.start(*line, module=SHORT_LEASES) for _ in range(2)]
    told = [each.communicate(timeout=120) for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    moved = [json.loads(out)["moved"] for out, _ in told]
    assert moved.count(True) < 2, "one of them always wins"
    answered = finish(shop, [name for _, name in calls])
    assert [each["status"] for each in answered] == [202, 202]
    assert [len(shop.runs(call)) for call, _ in calls] == [1, 1]


def test_r3_a_tick_that_is_killed_at_any_moment_loses_nothing_and_starts_nothing_twice(
    shop: TickShop,
) -> None:
    calls = [shop.drop(url) for url in shop.tickets(KILLS)]
    for _ in range(KILLS):
        killed = shop.start("tick", *shop.where, "--letters", "1", "--open-box", module=SHORT_LEASES)
        time.sleep(random.uniform(1.0, 6.0))  # noqa: S311  somewhere in a tick's life
        killed.kill()
        killed.communicate()
    answered = finish(shop, [name for _, name in calls])
    assert [each["status"] for each in answered] == [202] * KILLS
    ended = [shop.public(f"calls/{call}") for call, _ in calls]
    assert [each["state"] for each in ended] == ["succeeded"] * KILLS
    assert [len(shop.runs(call)) for call, _ in calls] == [1] * KILLS


def finish(shop: TickShop, names: list[str]) -> list[dict[str, Any]]:
    """Tick until every letter has its answer and no call is open; the answers."""
    end = time.monotonic() + 240 + 20 * len(names)
    while time.monotonic() < end:
        words = ("tick", *shop.where, "--open-box", "--seconds", "60")
        out, err = (process := shop.start(*words, module=SHORT_LEASES)).communicate(timeout=200)
        assert process.returncode == 0, err
        if json.loads(out)["waiting"] == 0 and not shop.waiting():
            return [shop.public(f"answers/{name}") for name in names]
    raise AssertionError("ticks: expected every call to be over")
