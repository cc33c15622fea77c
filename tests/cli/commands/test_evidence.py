"""``sealrun evidence`` and ``sealrun disclose``, over the handler of functions/receipt."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from mina.keys import PrivateKey
from sealrun.calls.call import SignedCall
from sealrun.encoding.measure import measure_document
from sealrun.errors import Malformed
from sealrun_cli.lib import fetching
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.evidence import fetch
from sealrun_cli.lib.fetching import NOTHING, KnownCall
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.service import Service
from sealrun_cli.main import app
from tests.broken.make import kept, write
from tests.broken.sale import LEFT, OPENED, sale_of, sold
from tests.sealrun.gateway import Gateway, load
from tests.sealrun.market import Market
from tests.sealrun.world import BUYER, SELLER, sign_call

RUN = CliRunner()
PUBLIC = {"outputs/build/dist/out.txt", "outputs/build/dist/again.txt", "profile/run.json"}


class Shop:
    """One operator's function and bucket behind HTTP; ``spoil`` changes answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.record = sold()
        self.world.clock.now = int(time.time())  # the client's clock is the real one
        market = Market(ledger=self.world.ledger, clock=self.world.clock)
        self._gateway = Gateway(load("receipt", market, monkeypatch, store=self.world.store))
        self.asked: list[str] = []
        self.spoil: Callable[[str, bytes], bytes] = lambda _, body: body
        self.heard: Callable[[str], None] = lambda _: None  # the rights to read that are shown

    def fetch(
        self, to: Path, *, buyer: PrivateKey | None = None, gateway: str = "", known: KnownCall = NOTHING
    ) -> dict[str, Any]:
        url = f"https://calls.test/calls/{self.record.id}"
        with httpx.Client(transport=httpx.MockTransport(self._answer)) as http:
            out = Output(as_json=True)
            return fetch(Service(http), url, to, buyer=buyer, out=out, gateway=gateway, known=known)[0]

    def refused(self, to: Path, *, buyer: PrivateKey | None = None, gateway: str = "") -> str:
        """Why nothing came of it."""
        with pytest.raises((CliError, Malformed, httpx.HTTPError)) as caught:
            self.fetch(to, buyer=buyer, gateway=gateway)
        return str(caught.value)

    @property
    def files_asked(self) -> int:
        return len([name for name in self.asked if len(name) == 64])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        self.asked.append(name)
        if "sealrun-signature" in request.headers:
            self.heard(request.headers["sealrun-signature"])
        if request.url.host == "ipfs.test":
            pinned = {measure_document(body).cid: body for body in self.world.store.bytes.values()}
            return httpx.Response(200, content=self.spoil("pinned", pinned[name]))
        if request.url.host == "evidence.test":
            return httpx.Response(200, content=self.spoil("file", self.world.store.bytes[name]))
        answer = self._gateway.answer(request)
        kind = {"content-type": answer.headers["content-type"]}
        return httpx.Response(answer.status_code, headers=kind, content=self.spoil(name, answer.content))


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(monkeypatch)


def said(done: Result) -> dict[str, Any]:
    return dict(json.loads(done.stdout))


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_l5_anyone_fetches_what_the_offer_shows_and_nothing_more(shop: Shop, tmp_path: Path) -> None:
    done = shop.fetch(tmp_path)
    assert (done["holds"], done["grade"]) == (True, 0)
    assert files(tmp_path) > PUBLIC
    assert not {"openings.json", "outputs/build/notes.txt", "profile/build/job.log"} & files(tmp_path)


def test_l5_the_buyer_fetches_everything(shop: Shop, tmp_path: Path) -> None:
    done = shop.fetch(tmp_path, buyer=BUYER)
    made = sale_of(shop.world, shop.record).folder()
    good = {name: data for name, data in made.items() if name != OPENED}
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == good
    left = [data for name, data in good.items() if name.split("/")[0] in ("outputs", "profile")]
    assert (done["files"], done["bytes"]) == (len(left), sum(map(len, left)))


def test_who_made_the_call_and_has_its_receipt_asks_for_the_rest_alone(shop: Shop, tmp_path: Path) -> None:
    stored = shop.world.ledger.offer(shop.record.offer_hash)
    made = SignedCall.parse(shop.record.body, stored.offer).call.public
    shop.fetch(tmp_path / "known", buyer=BUYER, known=KnownCall(shop.record.receipt, made))
    asked, shop.asked = [name for name in shop.asked if len(name) < 64], []
    assert asked == ["evidence", "receipt.intoto.jsonl"]
    shop.fetch(tmp_path / "unknown", buyer=BUYER)
    assert files(tmp_path / "known") == files(tmp_path / "unknown")


def test_c1_a_receipt_of_another_call_is_not_taken_from_whoever_has_one(shop: Shop, tmp_path: Path) -> None:
    other = shop.world.call(
        sign_call(shop.world.offer, nonce=77, expires_at=shop.world.clock.now + 60)
    ).record
    url = f"https://calls.test/calls/{other.id}"
    known = KnownCall(shop.record.receipt)
    with httpx.Client() as http, pytest.raises(CliError, match="expected a signed one of"):
        fetch(Service(http), url, tmp_path, buyer=None, out=Output(as_json=True), known=known)


def test_l5_another_key_than_the_buyers_is_told_so(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CliError, match="expected the buyer's over the seven fields") as caught:
        shop.fetch(tmp_path, buyer=SELLER)
    assert caught.value.kind == "not-allowed"


def test_what_is_there_and_right_is_not_fetched_again(shop: Shop, tmp_path: Path) -> None:
    first = shop.fetch(tmp_path)
    (tmp_path / "outputs/build/dist/out.txt").write_bytes(b"bui1t\n")
    (tmp_path / "outputs/build/dist/again.txt").unlink()
    shop.asked.clear()
    again = shop.fetch(tmp_path)
    assert (again["files"], again["kept"]) == (first["files"], first["files"] - 2)
    assert again["bytes"] == len(LEFT["dist/out.txt"]) + len(LEFT["dist/again.txt"])
    assert (shop.files_asked, again["holds"]) == (2, True)


def test_public_files_come_from_a_gateway_by_their_cids(shop: Shop, tmp_path: Path) -> None:
    done = shop.fetch(tmp_path, gateway="https://ipfs.test/")
    cids = [name for name in shop.asked if len(name) == 59]
    assert (done["holds"], shop.files_asked) == (True, 0)
    assert len(cids) + 1 == done["files"] >= len(PUBLIC), "run.json stood in the answer"
    assert shop.fetch(tmp_path / "buyer", buyer=BUYER, gateway="https://ipfs.test")["holds"]
    assert shop.files_asked > 0, "expected what has no CID from the service"


@pytest.mark.parametrize(
    ("gateway", "spoil", "text"),
    [
        ("https://ipfs.test", lambda body: b"x" + body[1:], "expected sha256"),
        ("https://ipfs.test", lambda body: body + b"x", "expected at most"),
        ("http://ipfs.test", lambda body: body, "url: expected https://"),
    ],
)
def test_a_gateway_is_not_believed(
    shop: Shop, tmp_path: Path, gateway: str, spoil: Callable[[bytes], bytes], text: str
) -> None:
    shop.spoil = lambda name, body: spoil(body) if name == "pinned" else body
    assert text in shop.refused(tmp_path, gateway=gateway)


def test_a_fetch_that_broke_off_goes_on(shop: Shop, tmp_path: Path) -> None:
    def breaks(name: str, body: bytes) -> bytes:
        if name == "file" and shop.files_asked == 3:
            raise httpx.ReadError("gone")
        return body

    shop.spoil = breaks
    assert shop.refused(tmp_path).endswith(": expected an answer, got ReadError: gone")
    assert ".sealrun-part" not in files(tmp_path)
    shop.spoil = lambda _, body: body
    assert shop.fetch(tmp_path)["kept"] == 2


def test_a_fetch_that_was_killed_goes_on(shop: Shop, tmp_path: Path) -> None:
    """Where it dies within the first file, nothing but a part of that file is in the folder."""
    (tmp_path / ".sealrun-part").write_bytes(b"{")
    assert shop.fetch(tmp_path)["holds"]
    assert ".sealrun-part" not in files(tmp_path)


@pytest.mark.parametrize(
    ("name", "spoil", "text"),
    [
        ("file", lambda body: b"x" + body[1:], "expected sha256"),
        ("file", lambda body: body + b"x", "expected at most"),
        ("receipt", lambda body: body.replace(b'"status":1', b'"status":2'), "expected a signed one of"),
        (
            "evidence",
            lambda body: body.replace(b"build/dist/out.txt", b"build/dist/0ut.txt"),
            "leaf: expected",
        ),
        ("evidence", lambda body: body.replace(b"unixfs-v1-2025", b"unixfs-v0-2015"), "CID profile"),
        (
            "evidence",
            lambda body: body.replace(b"https://evidence.test", b"http://evidence.test"),
            "https://",
        ),
        ("evidence", lambda _: b"[", "expected JSON"),
    ],
)
def test_what_is_not_what_the_receipt_covers_is_refused(
    shop: Shop, tmp_path: Path, name: str, spoil: Callable[[bytes], bytes], text: str
) -> None:
    shop.spoil = lambda asked, body: spoil(body) if asked == name else body
    assert text in shop.refused(tmp_path)


def other_call(shop: Shop) -> bytes:
    """The documents of another call of this buyer's."""
    call = SignedCall.parse(shop.record.body, shop.world.offer).call.public
    return replace(call, nonce=99).document()


def test_l5_no_right_to_read_another_call_is_signed(shop: Shop, tmp_path: Path) -> None:
    rights: list[str] = []
    other = other_call(shop).decode()

    def spoil(name: str, body: bytes) -> bytes:
        value = json.loads(body) if name == "evidence" else {}
        return json.dumps({**value, "documents": {"call.json": other}}).encode() if value else body

    shop.spoil, shop.heard = spoil, rights.append
    assert "call.json: expected the call of https://calls.test" in shop.refused(tmp_path, buyer=BUYER)
    assert rights == []


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda value: value.pop(name)


def _as_number(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda value: value.update({name: 5})


NAMES = ("documents", "index", "openings", "files")


@pytest.mark.parametrize(
    "change",
    [
        *map(_without, NAMES),
        *map(_as_number, NAMES),
        lambda value: value["files"][0].pop("url"),
        lambda value: value["documents"].update({"offer.json": 5}),
        lambda value: value["documents"].update({"offer.json": "\ud800"}),
    ],
)
def test_an_answer_of_another_form_is_said_to_be_one(
    shop: Shop, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    def spoil(name: str, body: bytes) -> bytes:
        value = json.loads(body)
        if name == "evidence":
            change(value)
        return json.dumps(value).encode()

    shop.spoil = spoil
    assert "expected documents, index, openings and files" in shop.refused(tmp_path, buyer=BUYER)


@pytest.mark.parametrize("after", [0, -1, 1.5, "1", True, [1], 10**9])
def test_l11_a_next_page_is_one_that_can_be(shop: Shop, tmp_path: Path, after: object) -> None:
    def spoil(name: str, body: bytes) -> bytes:
        return json.dumps({**json.loads(body), "next": after}).encode() if name == "evidence" else body

    shop.spoil = spoil
    assert "expected documents, index, openings and files" in shop.refused(tmp_path)
    assert shop.asked.count("evidence") == 1


@pytest.mark.parametrize(("step", "files"), [(0, 1), (1, 9000)])
def test_l11_pages_go_on_and_end(shop: Shop, tmp_path: Path, step: int, files: int) -> None:
    """A service that gives the same page for ever, or more files than any run has, is not followed."""

    def spoil(name: str, body: bytes) -> bytes:
        if name != "evidence":
            return body
        at = shop.asked.count("evidence")
        more = [{"name": f"{at}/{n}", "url": "https://evidence.test/x"} for n in range(files)]
        return json.dumps({**json.loads(body), "files": more, "next": 7 + at * step}).encode()

    shop.spoil = spoil
    assert "expected at most 8202 files in order, got others" in shop.refused(tmp_path)
    assert shop.asked.count("evidence") == 2 - step


def test_e6_documents_of_all_pages_have_one_bound(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 pages with documents of 6 MiB each would all be kept in memory."""
    monkeypatch.setattr(fetching, "MAX_DOCUMENT_BYTES", 1 << 20)

    def spoil(name: str, body: bytes) -> bytes:
        if name != "evidence":
            return body
        at, value = shop.asked.count("evidence"), json.loads(body)
        documents = {**value["documents"], f"more-{at}.json": "x" * (400 << 10)}
        return json.dumps({**value, "documents": documents, "next": at + 7}).encode()

    shop.spoil = spoil
    assert "expected documents of at most 1.0 MiB (1048576 bytes) in all, got more" in shop.refused(tmp_path)
    assert shop.asked.count("evidence") == 3


@pytest.mark.parametrize(
    "body", [b'{"a":' * 50_000 + b"1" + b"}" * 50_000, b'{"data":1,"data":2}', b'{"data":NaN}']
)
def test_json_that_two_readers_read_in_two_ways_is_none(shop: Shop, tmp_path: Path, body: bytes) -> None:
    shop.spoil = lambda *_: body
    assert "expected JSON" in shop.refused(tmp_path)


def test_l9_a_service_elsewhere_names_nothing_on_this_machine(shop: Shop, tmp_path: Path) -> None:
    shop.spoil = lambda _, body: body.replace(b"https://evidence.test", b"http://127.0.0.1:1")
    assert "expected https://, got http://127.0.0.1:1" in shop.refused(tmp_path)
    assert shop.files_asked == 0


def test_l5_what_the_buyer_has_is_not_replaced_by_what_the_service_says_now(
    shop: Shop, tmp_path: Path
) -> None:
    shop.fetch(tmp_path, buyer=BUYER)
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    lies: dict[str, Any] = {
        "openings": {"openings": "{}"},
        "inputs.json": {"documents": {"inputs.json": "{}"}},
        "index": {"index": "{}"},
    }
    for lie in lies.values():
        shop.spoil = lambda name, body, lie=lie: (  # type: ignore[misc]
            json.dumps({**json.loads(body), **lie}).encode() if name == "evidence" else body
        )
        assert "as the service has it, got another" in shop.refused(tmp_path)
    shop.spoil = lambda name, body: b"" if name == "receipt.intoto.jsonl" else body
    assert "as the service has it, got another" in shop.refused(tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.parametrize("name", ["offer.json", "outputs/build/dist/out.txt", "notes.txt"])
def test_e5_a_folder_with_files_of_somebody_elses_is_left_as_it_is(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    write({name: b"a draft"}, tmp_path)
    assert f"or this call's, got one with {name}" in shop.refused(tmp_path)
    assert files(tmp_path) == {name}
    (tmp_path / name).unlink()
    assert shop.fetch(tmp_path)["holds"]


def test_statements_that_are_not_the_receipts_are_found_at_the_end(shop: Shop, tmp_path: Path) -> None:
    shop.spoil = lambda asked, body: b"" if asked == "receipt.intoto.jsonl" else body
    done = shop.fetch(tmp_path)
    assert (done["holds"], done["broken"][0].split()[0]) == (False, "statements")


def test_a_folder_of_another_receipt_is_left_as_it_is(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "receipt.json").write_bytes(b"another")
    assert "expected an empty one or this call's" in shop.refused(tmp_path)
    assert files(tmp_path) == {"receipt.json"}


def test_urls_that_are_old_are_asked_for_again(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "URL_SECONDS", -1)
    shop.fetch(tmp_path)
    assert shop.asked.count("evidence") == 1 + shop.files_asked


def test_more_than_a_disk_should_take_is_refused(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_TOTAL_BYTES", 10)
    assert "expected at most 10 bytes in all" in shop.refused(tmp_path)


def disclose(folder: Path, label: str, to: Path) -> Result:
    return RUN.invoke(app, ["disclose", str(folder), label, "--to", str(to), "--json"])


@pytest.mark.parametrize(
    "label", ["outputs/build/notes.txt", "profile/build/job.log", "profile/build/job.log:2"]
)
def test_e1_one_item_is_opened_by_itself_and_no_other(tmp_path: Path, label: str) -> None:
    good = kept("good")
    write(good, tmp_path / "buyers")
    done = disclose(tmp_path / "buyers", label, tmp_path / "opened.json")
    assert (done.exit_code, f"{said(done)['tree']}/{said(done)['label']}") == (0, label)
    opened = (tmp_path / "opened.json").read_text()
    assert opened.count('"salt"') == 1
    others = [name for name in good if "/" in name and name not in (label, OPENED)]
    assert not [name for name in others if f'"{name.split("/", 1)[1]}"' in opened]
    strangers = {"receipt.json": good["receipt.json"], "disclosures/1.json": opened.encode()}
    write(strangers, tmp_path / "strangers")
    checked = RUN.invoke(
        app,
        [
            "verify",
            str(tmp_path / "strangers/receipt.json"),
            "--evidence",
            str(tmp_path / "strangers"),
            "--json",
        ],
    )
    claims = {claim["name"]: claim for claim in said(checked)["claims"]}
    assert (checked.exit_code, claims["disclosure"]["verdict"]) == (0, "holds")
    assert claims["file"]["says"] == f"{label} is not here"


def test_e1_a_disclosed_files_bytes_are_checked_without_the_index(tmp_path: Path) -> None:
    good, label = kept("good"), "outputs/build/notes.txt"
    for data, status in ((good[label], 0), (b"x" + good[label][1:], 1)):
        folder = tmp_path / str(status)
        write({"receipt.json": good["receipt.json"], OPENED: good[OPENED], label: data}, folder)
        checked = RUN.invoke(app, ["verify", str(folder / "receipt.json"), "--evidence", str(folder)])
        assert checked.exit_code == status


def test_a_disclosure_needs_an_item_the_openings_and_a_new_file(tmp_path: Path) -> None:
    write(kept("good"), tmp_path / "buyers")
    done = disclose(tmp_path / "buyers", "build/notes.txt", tmp_path / "1.json")
    assert "expected one such as outputs/build/dist/again.txt" in said(done)["error"]["detail"]
    (tmp_path / "1.json").write_text("mine")
    assert disclose(tmp_path / "buyers", "outputs/build/notes.txt", tmp_path / "1.json").exit_code == 1
    assert (tmp_path / "1.json").read_text() == "mine"
    (tmp_path / "buyers/openings.json").unlink()
    done = disclose(tmp_path / "buyers", "outputs/build/notes.txt", tmp_path / "2.json")
    assert "expected receipt.json and openings.json" in said(done)["error"]["detail"]


def test_openings_of_another_receipt_make_no_disclosure(tmp_path: Path) -> None:
    write(kept("good"), tmp_path / "b")
    openings = tmp_path / "b/openings.json"
    first = json.loads(openings.read_bytes())["outputs"][0]["salt"]
    openings.write_bytes(openings.read_bytes().replace(first.encode(), first[::-1].encode(), 1))
    done = disclose(tmp_path / "b", "outputs/build/notes.txt", tmp_path / "1.json")
    assert "outputs hash: expected" in said(done)["error"]["detail"]
    assert not (tmp_path / "1.json").exists()
