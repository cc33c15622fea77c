"""Dealing in credits: what a plan says, what is refused before it is sent, what reaches the programs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from mina import tokens
from mina.keys import PrivateKey, PublicKey
from sealrun.chain.account import PERMISSIONS, TIMING
from sealrun.chain.credits import CREDIT_PERMISSIONS
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.asset import MINA
from sealrun.offers.promise import Promise, promise_uri
from sealrun.offers.provider_rules import Issuer
from sealrun_cli.commands.credits import issuing
from sealrun_cli.lib import credit_desk, issuer
from sealrun_cli.lib.book import page
from sealrun_cli.lib.contracts import CHECKOUT
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import new_key
from sealrun_cli.main import app
from tests.cli.web import Asked, Web, web
from tests.sealrun.offers.test_proved import proved
from tests.sealrun.world import make_paid_offer

NANO = 10**9
SELLER, BUYER, MATE, TOKEN, VAULT, ASK = (PrivateKey.from_scalar(51 + n) for n in range(6))
CODES = {
    name: key["hash"]
    for name, key in json.loads((CHECKOUT / "verification_keys.json").read_text()).items()
    if isinstance(key, dict)
}
OFFER = "https://ci.example/offers/" + "5f" * 32


def address(key: PrivateKey) -> str:
    return key.public_key().to_base58()


ASSET = tokens.to_base58(tokens.derive_token_id(TOKEN.public_key()))
PROMISE = Promise(
    network="mina:devnet",
    token=TOKEN.public_key(),
    vault=VAULT.public_key(),
    seller=SELLER.public_key(),
    symbol="RUN",
    cap=100,
    backing=MINA.of(NANO // 2),
    price=MINA.of(NANO),
    expiry=9_000,
    title="100 builds",
    text="One credit pays for one build.",
    offers=(OFFER,),
)


def contract(key: PublicKey, name: str, state: list[int], permissions: dict[str, str], **more: Any) -> Any:
    allowed = {**permissions, "setVerificationKey": {"auth": "Impossible", "txnVersion": "3"}}
    return {
        "publicKey": key.to_base58(),
        "token": MINA.id,
        "balance": {"total": "0"},
        "zkappState": [str(value) for value in [*state, *[0] * (8 - len(state))]],
        "verificationKey": {"hash": CODES[name]},
        "permissions": allowed,
        "timing": dict.fromkeys(TIMING),
        **more,
    }


@dataclass
class Chain:
    """A node with one credit and one ask, and the programs that send to it."""

    slot: int = 800
    minted: int = 60
    held: dict[str, int] = field(default_factory=lambda: {address(SELLER): 30, address(BUYER): 5})
    for_sale: int = 25
    price: int = NANO
    money: int = 100 * NANO
    nonces: dict[str, int] = field(default_factory=dict)
    hidden: int = 0
    lost: bool = False  # the answer of what was done
    uri: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
    ran: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def out(self) -> int:
        return sum(self.held.values()) + self.for_sale

    def answer(self, asked: Asked) -> tuple[int, Any]:
        query = asked.body["query"]
        keys = {name: self._key(query, name) for name in ("payer", "other")}
        state = [*SELLER.public_key().to_fields(), *TOKEN.public_key().to_fields()]
        block = {"protocolState": {"consensusState": {"slotSinceGenesis": str(self.slot)}}}
        counted = {"publicKey": address(TOKEN), "token": ASSET, "balance": {"total": str(self.out)}}
        holders = [
            {"publicKey": key, "token": ASSET, "balance": {"total": str(total)}}
            for key, total in {**self.held, **({address(MATE): self.hidden} if self.hidden else {})}.items()
        ]
        data = {
            "syncStatus": "SYNCED",
            "networkID": "mina:devnet",
            "bestChain": [block],
            "token": contract(
                TOKEN.public_key(),
                "FungibleToken",
                [0, *VAULT.public_key().to_fields(), 0],
                CREDIT_PERMISSIONS,
                tokenSymbol="RUN",
                zkappUri=self.uri,
            ),
            "vault": contract(
                VAULT.public_key(),
                "CreditVault",
                [*state, 100, self.minted, NANO // 2, 9_000],
                CREDIT_PERMISSIONS,
                balance={"total": str(self.out * NANO // 2)},
            ),
            "counted": counted,
            "ask": self._ask(),
            "tokenOwner": {"publicKey": address(TOKEN)},
            "tokenAccounts": [counted, self._ask(), *holders],
        }
        for name, key in keys.items():
            total = self.held.get(key)
            data[name] = {"nonce": str(self.nonces.get(key, 0)), "balance": {"total": str(self.money)}}
            data[f"{name}Held"] = None if total is None else {"balance": {"total": str(total)}}
        return 200, {"data": {**data, **self.changes}}

    def _ask(self) -> Any:
        state = [*SELLER.public_key().to_fields(), self.price]
        more = {"token": ASSET, "balance": {"total": str(self.for_sale)}}
        return contract(ASK.public_key(), "Ask", state, PERMISSIONS, **more)

    def _key(self, query: str, name: str) -> str:
        _, _, rest = query.partition(f'{name}:account(publicKey:"')
        return rest.partition('"')[0]

    def tool(self, name: str, sender: Any, _out: object, **request: Any) -> dict[str, Any]:
        self.ran.append((name, request))
        payer = address(sender.key)
        self.nonces[payer] = self.nonces.get(payer, 0) + 1
        amount = int(request.get("amount", 0))
        if name == "credits-buy":
            receiver = request.get("to", payer)
            self.held[receiver] = self.held.get(receiver, 0) + amount
            self.for_sale -= amount
        if name in ("credits-give", "credits-redeem"):
            self.held[payer] -= amount
        if self.lost:
            raise CliError("node-unavailable", "no answer")
        told = {"token": address(TOKEN), "ask": address(ASK), "amount": str(amount)}
        return {"status": "included", "hash": "5J", **told, **request}


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    chain = Chain()
    monkeypatch.setattr(credit_desk, "run_tool", chain.tool)
    monkeypatch.setattr(issuing, "run_tool", chain.tool)
    return chain


@pytest.fixture
def site(chain: Chain) -> Iterator[Web]:
    with web({"POST /graphql": chain.answer}) as running:
        running.answers["GET /run.json"] = (200, json.loads(PROMISE.document()))
        served = httpx.get(f"{running.url}/run.json").content  # the bytes, of which the token has the hash
        chain.uri = promise_uri(f"{running.url}/run.json", served)
        yield running


@dataclass
class Command:
    site: Web
    folder: Path

    def __call__(
        self, name: str, *more: str, key: PrivateKey = BUYER, yes: bool = True, as_json: bool = True
    ) -> Result:
        named = ["credits", name, address(TOKEN), *more, "--node", f"{self.site.url}/graphql"]
        named += ["--json"] if as_json else []
        paying = [] if name == "show" else ["--key", "-", "--state", str(self.folder)]
        flags = ["--yes"] if yes and name != "show" else []
        return CliRunner().invoke(app, [*named, *paying, *flags], input=key.to_base58())


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALRUN_UNSAFE_LOOPBACK", "1")


@pytest.fixture
def command(site: Web, tmp_path: Path) -> Command:
    return Command(site, tmp_path)


def error(done: Result) -> dict[str, str]:
    assert done.exit_code == 1, done.output
    return dict(json.loads(done.stdout)["error"])


BUY = ("buy", "4", "--ask", address(ASK))


def test_a_purchase_shows_cost_and_time_and_asks_first(chain: Chain, command: Command) -> None:
    refused = command(*BUY, yes=False)
    assert (error(refused)["type"], chain.ran) == ("confirm", [])
    for said in (
        "buy      4 RUN at 1 MINA each, backed 0.5 MINA",
        "costs    4.1 MINA: 4 MINA, 0.1 MINA of fee",
        "takes    2 proofs, usually 17 s",
        "0.5 MINA behind each, 30 MINA in the vault, until slot 9000",
        "trust    2 MINA of it is the seller's word: only 2 MINA is held for you, and paid from slot 9000 on",
    ):
        assert said in refused.stderr
    done = command(*BUY)
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "included")
    name, request = chain.ran[0]
    assert (name, request["price"], request["nonce"]) == ("credits-buy", str(NANO), 0)
    assert list(command.folder.glob("*.json")) == []


@pytest.mark.parametrize(
    ("changes", "kind", "says"),
    [
        ({"slot": 9_000}, "refused", "expected one that has not expired"),
        ({"for_sale": 3}, "refused", "expected at least 4 credits, got 3"),
        ({"money": 4 * NANO}, "too-little", "expected at least 4.1 MINA"),
        ({"hidden": 500}, "account-refused", "token.accounts: sum"),
        ({"changes": {"vault": None}}, "account-refused", "expected an owner and its vault"),
        ({"changes": {"ask": None}}, "account-refused", "ask: expected one in RUN"),
        ({"changes": {"networkID": "mina:mainnet"}}, "node-unavailable", "expected networkID mina:devnet"),
    ],
)
def test_a17_what_is_no_honest_sale_is_refused_before_anything_is_sent(
    chain: Chain, command: Command, changes: dict[str, Any], kind: str, says: str
) -> None:
    for name, value in changes.items():
        setattr(chain, name, value)
    said = error(command(*BUY))
    assert (said["type"], chain.ran) == (kind, [])
    assert says in said["detail"]


@pytest.mark.parametrize(
    ("line", "payer"),
    [
        (("buy", "25", "--ask", address(ASK)), BUYER),
        (("give", "5", "--to", address(MATE)), BUYER),
        (("redeem", "30"), SELLER),
    ],
)
def test_all_of_something_is_dealt_once_though_the_answer_is_lost(
    chain: Chain, command: Command, line: tuple[str, ...], payer: PrivateKey
) -> None:
    chain.lost = True
    assert error(command(*line, key=payer))["type"] == "node-unavailable"
    before = (dict(chain.held), len(chain.ran))
    done = command(*line, key=payer)
    assert json.loads(done.stdout) == {"status": "already-done"}, done.output
    assert (chain.held, len(chain.ran)) == before


def test_of_a_gift_that_no_figure_shows_no_command_that_tells_nothing_of_it_is_named(
    chain: Chain, command: Command
) -> None:
    """``credits show`` tells what there is of a credit, not who has how much."""
    give = ("give", "3", "--to", address(MATE))
    chain.lost = True
    assert error(command(*give))["type"] == "node-unavailable"
    chain.lost, chain.held = False, {address(SELLER): 23, address(BUYER): 12}
    told = error(command(*give))
    assert (told["type"], len(chain.ran)) == ("conflict", 1)
    assert f"nonce 0 of {address(BUYER)} is used up" in told["detail"]
    assert "5 before, 2 with it, 12 now" in told["detail"]
    assert "credits show" not in told["next"]


def test_what_was_asked_for_on_one_network_is_not_looked_for_on_another(
    chain: Chain, command: Command
) -> None:
    """An issuer's key gives its credit the same address on each, and a buyer's key has a nonce on each."""
    chain.lost = True
    assert command(*BUY).exit_code == 1
    chain.lost, chain.changes = False, {"networkID": "mina:mainnet"}
    there = command(*BUY, "--network", "mina:mainnet")
    assert (json.loads(there.stdout)["status"], len(chain.ran)) == ("included", 2)
    chain.changes = {}
    assert json.loads(command(*BUY).stdout)["status"] == "already-done"
    assert len(chain.ran) == 2


@pytest.mark.parametrize("decimals", [0, 3])
def test_credits_go_into_an_account_only_once_its_terms_were_shown(
    chain: Chain, command: Command, tmp_path: Path, decimals: int
) -> None:
    """The seller of the offer need not be that of the credit, and it takes the money of the account."""
    price = {"asset": ASSET, "amount": "1", "decimals": decimals, "symbol": "RUN", "owner": address(TOKEN)}
    offer = make_paid_offer(prices=[price])
    command.site.answers[f"GET /offers/{offer.id}"] = (
        200,
        {"document": json.loads(offer.document), "open": True, "reason": ""},
    )
    into = ("--into", f"{command.site.url}/offers/{offer.id}", "--account-key", str(tmp_path / "account.key"))
    refused = command(*BUY, *into, yes=False)
    assert chain.ran == []
    if decimals:
        assert "expected RUN of 0 decimals, got RUN of 3 decimals" in error(refused)["detail"]
        return
    terms = offer.payment.terms  # type: ignore[union-attr]
    assert error(refused)["type"] == "confirm"
    assert f"seller {terms.seller.to_base58()}, operator's share" in refused.stderr
    assert f"exit delay {terms.exit_delay} slots" in refused.stderr
    done = command(*BUY, *into, as_json=False)
    account = PrivateKey.from_base58((tmp_path / "account.key").read_text().strip()).public_key()
    assert f"in {account.to_base58()}\n" in done.stdout
    assert f" --pay --account {account.to_base58()} --asset RUN --key " in done.stdout


def offered(site: Web, **changes: Any) -> str:
    """An offer for one credit a run; its address."""
    price = {"asset": ASSET, "amount": "1", "decimals": 0, "symbol": "RUN", "owner": address(TOKEN)}
    offer = make_paid_offer(prices=[price])
    view = {"document": json.loads(offer.document), "open": True, "reason": None, "dropped": [], **changes}
    site.answers[f"GET /offers/{offer.id}"] = (200, view)
    return f"{site.url}/offers/{offer.id}"


def test_a_purse_opens_a_colleagues_account_in_one_step(
    chain: Chain, command: Command, tmp_path: Path
) -> None:
    url = offered(command.site)
    new = ("--into", url, "--account-key", str(tmp_path / "account.key"))
    plan = command("give", "2", *new, "--for", address(MATE), yes=False).stderr
    assert "costs    1.1 MINA: 1 MINA for 1 account, 0.1 MINA of fee" in plan
    assert f"into a new prepaid account of {address(MATE)}: 2 runs" in plan
    assert not (tmp_path / "account.key").exists()
    done = command("give", "2", *new, "--for", address(MATE))
    assert done.exit_code == 0, done.output
    [(name, request)] = chain.ran
    assert (name, request["buyer"], request["deposit"]) == ("open", address(MATE), "2")
    account = json.loads(done.stdout)["account"]
    assert not (tmp_path / f"{account}.json").exists(), "its buyer signs for it, not the purse"
    assert command("give", "1", *new).exit_code == 0
    assert (tmp_path / f"{account}.json").exists()


@pytest.mark.parametrize("words", [("give", "1"), BUY], ids=["give", "buy"])
def test_a4_no_account_is_opened_on_another_network_than_the_offers(
    chain: Chain, command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """An issuer's key gives its credit the same id on each; no service would take calls on the account."""
    chain.changes = {"networkID": "mina:mainnet"}
    new = ("--into", offered(command.site), "--account-key", str(tmp_path / "account.key"))
    said = error(command(*words, *new, "--network", "mina:mainnet"))
    assert (said["type"], chain.ran, [*tmp_path.glob("*.key")]) == ("bad-request", [], [])
    assert "offer: expected one on mina:mainnet, got one on mina:devnet" in said["detail"]


@pytest.mark.parametrize("words", [("give", "1"), BUY], ids=["give", "buy"])
def test_a10_what_may_still_be_opened_keeps_its_terms(
    chain: Chain, command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """A block can have the account of an attempt whose answer was lost, and only its terms leave it."""
    new = ("--into", offered(command.site), "--account-key", str(tmp_path / "account.key"))
    chain.lost = True
    assert command(*words, *new).exit_code == 1
    [place] = tmp_path.glob("B62*.json")
    value = json.loads(place.read_text())
    place.write_text(json.dumps({**value, "terms": {**value["terms"], "exit_delay": 1}}))  # of another offer
    kept, before = place.read_bytes(), len(chain.ran)
    said = error(command(*words, *new))
    assert (said["type"], len(chain.ran), place.read_bytes()) == ("wrong-account", before, kept)
    assert "of other terms" in said["detail"]
    assert "name another file with --account-key" in said["next"]


def test_of_an_account_that_was_certainly_not_opened_nothing_is_kept(
    chain: Chain, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its key may be used for another offer. What an earlier attempt sent may still come."""

    def too_little(*_given: Any, **_named: Any) -> dict[str, Any]:
        raise CliError("too-little", "nothing was paid")

    new = ("--into", offered(command.site), "--account-key", str(tmp_path / "account.key"))
    with monkeypatch.context() as patched:
        patched.setattr(credit_desk, "run_tool", too_little)
        assert error(command("give", "1", *new))["type"] == "too-little"
        assert [*tmp_path.glob("B62*.json")] == []
    chain.lost = True
    assert command("give", "1", *new).exit_code == 1
    [place] = tmp_path.glob("B62*.json")
    kept = place.read_bytes()
    monkeypatch.setattr(credit_desk, "run_tool", too_little)
    assert error(command("give", "1", *new))["type"] == "too-little"
    assert place.read_bytes() == kept


@pytest.mark.parametrize("words", [("give", "1"), BUY], ids=["give", "buy"])
def test_a10_no_account_takes_the_place_of_one_in_another_asset(
    chain: Chain, command: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """One address may have both: what was signed in MINA is no limit in credits, and both must be left."""
    own = new_key(tmp_path / "account.key").public_key().to_base58()
    payment = make_paid_offer().payment
    assert payment is not None
    with page(tmp_path, own, payment.terms, Known(5 * NANO, 5 * NANO)) as book:
        book.save()
    kept = (tmp_path / f"{own}.json").read_bytes()
    new = ("--into", offered(command.site), "--account-key", str(tmp_path / "account.key"))
    said = error(command(*words, *new))
    assert (said["type"], chain.ran) == ("wrong-account", [])
    assert f"got that of {own}, which is kept for one in MINA" in said["detail"]
    assert (tmp_path / f"{own}.json").read_bytes() == kept


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (("--into", "OFFER"), "expected --account-key, and perhaps --for, with an offer's address"),
        (("--into", "ACCOUNT", "--account-key", "a.key"), "expected --account-key"),
        (("--to", "ACCOUNT", "--for", "ACCOUNT"), "expected --account-key"),
        (("--into", "OFFER", "--account-key", "a.key", "--for", "nobody"), "for: "),
    ],
)
def test_a_gift_into_a_new_account_says_what_it_needs(
    chain: Chain, command: Command, more: tuple[str, ...], text: str
) -> None:
    names = {"OFFER": offered(command.site), "ACCOUNT": address(MATE), "a.key": str(command.folder / "a.key")}
    done = command("give", "1", *(names.get(each, each) for each in more))
    assert text in error(done)["detail"]
    assert chain.ran == []


def test_l8_nothing_is_given_or_bought_into_an_offer_that_takes_no_credits_now(
    chain: Chain, command: Command, tmp_path: Path
) -> None:
    paused = {"dropped": [{"asset": ASSET, "symbol": "RUN", "reason": "it is paused"}]}
    into = ("--account-key", str(tmp_path / "account.key"), "--into")
    for view in (paused, {"open": False, "reason": "it is paused"}):
        url = offered(command.site, **view)
        for words in (("give", "1"), BUY):
            assert "it is paused" in error(command(*words, *into, url))["detail"]
    assert chain.ran == []


def test_a16_no_account_is_opened_under_keys_that_a_seller_made_up(
    chain: Chain, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever holds such keys would settle every call without a run. `open` compares them as well."""
    price = {"asset": ASSET, "amount": "1", "decimals": 0, "symbol": "RUN", "owner": address(TOKEN)}
    offer = proved(prices=[price])
    served = {"document": json.loads(offer.document), "open": True, "reason": None, "dropped": []}
    command.site.answers[f"GET /offers/{offer.id}"] = (200, served)
    into = ("--account-key", str(tmp_path / "account.key"), "--into", f"{command.site.url}/offers/{offer.id}")
    for words in (("give", "1"), BUY):
        assert "issuer: expected GitLab.com" in error(command(*words, *into))["detail"]
    gitlab = Issuer("https://gitlab.com", "https://gitlab.com/oauth/discovery/keys", public=True)
    monkeypatch.setattr(issuer, "issuer_for", lambda *_, **__: gitlab)
    monkeypatch.setattr(issuer, "keys_of", lambda *_, **__: ())
    monkeypatch.setattr(issuer, "root_of", lambda *_: 5)
    for words in (("give", "1"), BUY):
        assert "keys: expected the root" in error(command(*words, *into))["detail"]
    assert chain.ran == []
    monkeypatch.setattr(issuer, "root_of", lambda *_: offer.payment.terms.keys)  # type: ignore[union-attr]
    asked = command("give", "1", *into, yes=False)
    assert "settled by proofs of tokens that" in asked.stderr
    assert command("give", "1", *into).exit_code == 0


def test_without_an_ask_nothing_is_bought_for_nothing(chain: Chain, command: Command) -> None:
    assert error(command("buy", "4", "--ask", ""))["detail"].startswith("ask: ")
    assert chain.ran == []


def test_giving_takes_one_of_two_ways(chain: Chain, command: Command) -> None:
    for more in ((), ("--to", address(MATE), "--into", address(MATE))):
        assert "expected either --to or --into" in error(command("give", "1", *more))["detail"]
    assert (
        "expected at least 6 RUN, got 5 RUN" in error(command("give", "6", "--to", address(MATE)))["detail"]
    )
    plan = command("give", "2", "--to", address(MATE), yes=False).stderr
    assert "costs    1.1 MINA: 1 MINA for 1 account, 0.1 MINA of fee" in plan
    assert command("give", "2", "--to", address(MATE)).exit_code == 0
    assert chain.ran == [
        ("credits-give", {"token": address(TOKEN), "to": address(MATE), "amount": "2", "nonce": 0})
    ]
    assert command("give", "1", "--into", address(SELLER)).exit_code == 0
    assert chain.ran[1][0] == "topup"
    assert chain.ran[1][1]["asset"] == ASSET


def test_only_the_seller_redeems_and_others_wait_for_the_expiry(chain: Chain, command: Command) -> None:
    assert "expected the seller's" in error(command("redeem", "1"))["detail"]
    assert error(command("cash", "1"))["type"] == "not-yet"
    assert command("redeem", "1", key=SELLER).exit_code == 0
    chain.slot = 9_000
    done = command("cash", "2")
    assert (done.exit_code, chain.held[address(BUYER)]) == (0, 3)
    assert "burn     2 RUN and get 1 MINA" in done.stderr


def test_a_mint_names_the_count_that_it_starts_from_and_shows_what_is_locked(
    chain: Chain, command: Command
) -> None:
    done = command("mint", "10", key=SELLER)
    assert "costs    5.1 MINA: 5 MINA, 0.1 MINA of fee" in done.stderr
    assert chain.ran == [("credits-mint", {"token": address(TOKEN), "amount": "10", "minted": "60"})]


def test_an_ask_is_opened_repriced_and_taken_back(chain: Chain, command: Command, tmp_path: Path) -> None:
    key = tmp_path / "ask.key"
    key.write_text(ASK.to_base58())
    key.chmod(0o600)
    opened = command("sell", "5", "--price", "0.4", "--ask-key", str(key), key=SELLER)
    assert "less than the 0.5 MINA behind each" in opened.stderr
    for more in (("--price", "2"), ("--back",)):
        assert command("sell", "--ask", address(ASK), *more, key=SELLER).exit_code == 0
    assert [name for name, _ in chain.ran] == ["credits-sell", "credits-reprice", "credits-take-back"]
    assert chain.ran[1][1]["price"] == str(2 * NANO)
    wrong: list[tuple[str, ...]] = [
        (),
        ("--back", "--price", "1", "--ask", address(ASK)),
        ("3", "--price", "1"),
    ]
    for refused in wrong:
        assert error(command("sell", *refused, key=SELLER))["type"] == "bad-request"


def test_a17_fake_asks_are_not_shown_however_cheap_they_are(chain: Chain, command: Command) -> None:
    """Each holds a credit and asks for 1 nanomina; the only other honest ask takes 2."""
    writable, unlocked = {**PERMISSIONS, "editState": "Signature"}, {**PERMISSIONS, "send": "Either"}
    fakes: list[tuple[str, int, dict[str, str], dict[str, Any]]] = [
        ("Ask", 1, writable, {}),
        ("Ask", 1, unlocked, {}),
        ("PrepaidAccount", 1, PERMISSIONS, {}),
        ("Ask", 1, PERMISSIONS, {"verificationKey": None}),
        ("Ask", 1, PERMISSIONS, {"timing": {**dict.fromkeys(TIMING), "cliffTime": "9"}}),
        ("Ask", 1, PERMISSIONS, {"balance": {"total": "0"}}),
        ("Ask", 0, PERMISSIONS, {}),
        ("Ask", 2, PERMISSIONS, {}),
    ]
    listed = []
    for at, (name, price, permissions, changes) in enumerate(fakes):
        key, state = PrivateKey.from_scalar(90 + at).public_key(), [*SELLER.public_key().to_fields(), price]
        more = {"token": ASSET, "balance": {"total": "1"}, **changes}
        listed.append(contract(key, name, state, permissions, **more))
    held = sum(int(each["balance"]["total"]) for each in listed)
    owner = {"publicKey": address(TOKEN), "token": ASSET, "balance": {"total": str(held)}}
    chain.changes = {"tokenAccounts": [owner, *listed]}
    asks = json.loads(command("show").stdout)["asks"]
    assert [(ask["ask"], ask["price"]) for ask in asks] == [(listed[-1]["publicKey"], "2")]


def test_show_says_what_is_held_and_what_is_promised(command: Command) -> None:
    done = command("show")
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert (shown["backing"], shown["price"], shown["circulating"]) == (str(NANO // 2), str(NANO), "60")
    assert shown["asks"] == [
        {"ask": address(ASK), "seller": address(SELLER), "price": str(NANO), "amount": "25"}
    ]
    assert shown["offers"] == [OFFER]
    assert shown["holders"] == 3
    assert [(each["offer"], each["takes"]) for each in shown["takers"]] == [(OFFER, False)]


@pytest.mark.parametrize(
    ("view", "text"),
    [
        ({}, None),
        ({"dropped": [{"asset": ASSET, "symbol": "RUN", "reason": "too many"}]}, "in RUN: too many"),
        ({"open": False, "reason": "closed for good"}, "closed for good"),
        ({"document": json.loads(make_paid_offer().document)}, "expected the document of"),
    ],
)
def test_a17_show_reads_each_promised_offer_and_says_which_does_not_take_the_credit(
    chain: Chain, command: Command, site: Web, view: dict[str, Any], text: str | None
) -> None:
    promise = {**json.loads(PROMISE.document()), "offers": [offered(site, **view)]}
    site.answers["GET /run.json"] = (200, promise)
    chain.uri = promise_uri(f"{site.url}/run.json", httpx.get(f"{site.url}/run.json").content)
    [taker] = json.loads(command("show").stdout)["takers"]
    assert (taker["takes"], taker["price"]) == ((False, None) if text else (True, "1"))
    assert text is None or text in taker["reason"]


def test_l9_a_promise_sends_its_reader_to_no_address_of_the_readers_own(
    chain: Chain, command: Command, site: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web({}) as inner:
        promise = {**json.loads(PROMISE.document()), "offers": [f"{inner.url}/admin/offers/{'a' * 64}"]}
        site.answers["GET /run.json"] = (200, promise)
        document = httpx.get(f"{site.url}/run.json").content
        chain.uri = promise_uri(f"{site.url}/run.json", document)
        monkeypatch.delenv("SEALRUN_UNSAFE_LOOPBACK")
        assert "expected https://, got" in error(command("show"))["detail"]
        assert "add --unsafe-loopback" in error(command("show"))["next"]
        (tmp_path / "run.json").write_bytes(document)
        [taker] = json.loads(command("show", "--promise", str(tmp_path / "run.json")).stdout)["takers"]
        assert "expected https://, got" in taker["reason"]
        assert inner.asked == []


def test_a17_a_promise_that_was_rewritten_is_refused(chain: Chain, command: Command, site: Web) -> None:
    site.answers["GET /run.json"] = (200, {**json.loads(PROMISE.document()), "text": "Nothing at all."})
    assert "promise: expected the document of hash" in error(command("show"))["detail"]
    chain.uri = "https://ci.example/run.json"
    assert "uri: expected URL#SHA256" in error(command("show"))["detail"]


def test_a_promise_that_is_not_there_is_named_with_its_address(command: Command, site: Web) -> None:
    site.answers["GET /run.json"] = (404, {"title": "Not Found"})
    said = error(command("show"))
    assert f"{site.url}/run.json: expected a good answer, got 404" in said["detail"]
    assert "name it with --promise" in said["next"]


def test_an_issue_writes_the_promise_once_and_hashes_it_into_the_token(
    chain: Chain, site: Web, tmp_path: Path
) -> None:
    keys = {"token": TOKEN, "vault": VAULT}
    for name, key in keys.items():
        (tmp_path / name).write_text(key.to_base58())
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "run.json"
    named = ["credits", "issue", "--promise", str(file), "--at", "https://ci.example/run.json"]
    named += [f"--token-key={tmp_path / 'token'}", f"--vault-key={tmp_path / 'vault'}"]
    named += ["--node", f"{site.url}/graphql", "--key", "-", "--json", "--yes"]
    said = ["--title=100 builds", "--text=One each.", f"--offer={OFFER}", "--symbol=RUN", "--cap=100"]
    said += ["--backing=0.5", "--price=1", "--days=30"]

    def run(*more: str, key: PrivateKey = SELLER) -> Result:
        return CliRunner().invoke(app, [*named, *more], input=key.to_base58())

    assert "--title, --text, --offer" in error(run())["detail"]
    chain.ran.clear()
    first = run(*said)
    assert first.exit_code == 0, first.output
    assert "up to 100 RUN, backed 0.5 MINA of price 1 MINA" in first.stderr
    assert "50 MINA are locked once all of them are minted" in first.stderr
    made = Promise.parse(file.read_bytes())
    assert (made.expiry, made.seller) == (800 + 30 * 480, SELLER.public_key())
    _, request = chain.ran[0]
    assert request["uri"] == promise_uri("https://ci.example/run.json", file.read_bytes())
    chain.slot = 900
    run()
    assert chain.ran[1][1] == request, "a repeat says the same"
    assert "got one of others" in error(run(key=BUYER))["detail"]
    chain.changes = {"networkID": "mina:mainnet"}
    assert "expected networkID mina:devnet, got mina:mainnet" in error(run())["detail"]
    assert len(chain.ran) == 2, "nothing is paid on another network than the promise's"
