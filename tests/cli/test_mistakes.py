"""What people new to the command get wrong: nothing is paid or left running, and what comes next is said."""

import json
import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from local.repositories import commit_all, git
from mina.keys import PrivateKey
from sealrun.errors import SealrunError
from sealrun.money.buyer_mechanism import Known
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.offers.terms import MAX_EXIT_DELAY
from sealrun.verification.claims import BrokenClaim
from sealrun_cli.commands import check, close, sandbox
from sealrun_cli.commands import open as opening
from sealrun_cli.lib import background
from sealrun_cli.lib.book import known_terms, page
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.keys import new_key
from sealrun_cli.lib.offer_file import OFFER_FILE
from sealrun_cli.lib.offer_lines import buying
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.sealing import kept
from sealrun_cli.lib.target import step
from sealrun_cli.main import app
from tests.cli.web import Web, web
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.world import make_offer, make_paid_offer, offer_value, paid_value

RUN = CliRunner()
ERRORS_TS = background.ROOT / "contracts" / "src" / "tools" / "errors.ts"
ADDRESS = PrivateKey.from_scalar(11).public_key().to_base58()


def error_of(*command: str, code: int = 1) -> dict[str, str]:
    done = RUN.invoke(app, [*command, "--json"])
    assert done.exit_code == code, done.output
    return dict(json.loads(done.stdout)["error"])


@pytest.fixture
def key(tmp_path: Path) -> str:
    new_key(tmp_path / "buyer.key")
    return str(tmp_path / "buyer.key")


def site_of(offer: Offer, value: dict[str, Any]) -> Web:
    served = {"document": value, "open": True, "reason": ""}
    return Web({f"GET /offers/{offer.id}": (200, served)})


@pytest.fixture
def paid() -> Iterator[tuple[Web, str]]:
    offer = make_paid_offer()
    with web({**site_of(offer, paid_value()).answers}) as site:
        yield site, f"{site.url}/offers/{offer.id}"


def node_of(site: Web) -> str:
    """A node that the site then is as well; there is no account on its network."""
    answer = {"syncStatus": "SYNCED", "networkID": "mina:devnet", "account": None}
    site.answers["POST /graphql"] = (200, {"data": answer})
    return f"{site.url}/graphql"


def posts(site: Web) -> list[str]:
    return [asked.path for asked in site.asked if asked.method == "POST"]


def test_a_call_that_has_a_price_says_how_to_pay_before_anything_is_sent(
    paid: tuple[Web, str], key: str
) -> None:
    site, url = paid
    error = error_of("call", url, "--input", "layer=both", "--key", key)
    assert error["detail"] == "call: expected --pay for an offer of 5 MINA, got none"
    assert "--pay --account" in error["next"]
    assert posts(site) == []


@pytest.mark.parametrize("there", ["receipt.json", ""])
def test_a_call_whose_folder_is_another_calls_is_refused_before_it_is_paid(
    paid: tuple[Web, str], key: str, tmp_path: Path, there: str
) -> None:
    site, url = paid
    folder = tmp_path / "got"
    if there:
        folder.mkdir()
    (folder / there).write_text("{}")
    bought = ("call", url, "--input", "layer=both", "--pay", "--account", ADDRESS, "--yes", "--key", key)
    for command in (bought, ("redeem", f"{url}#x.y.z")):
        error = error_of(*command, "--evidence", str(folder))
        assert error == {
            "type": "file",
            "detail": f"folder: expected an empty one or none yet, got {folder}",
            "next": "name another folder",
        }
    assert site.asked == []


def test_a_ticket_that_needs_a_price_says_which_flags(paid: tuple[Web, str], key: str) -> None:
    error = error_of("ticket", paid[1], "--key", key, "--until", "2099-12-31", "--open", "layer")
    assert "within 90 days" in error["detail"]
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    error = error_of("ticket", paid[1], "--key", key, "--until", until, "--open", "layer")
    assert error["detail"] == "ticket: expected --pay for an offer with a price, and only there, got 5 MINA"
    assert "--pay --account" in error["next"]


def test_prepaid_tickets_are_not_signed_unasked(paid: tuple[Web, str], key: str, tmp_path: Path) -> None:
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    payment = make_paid_offer().payment
    assert payment is not None
    with page(tmp_path / "state", ADDRESS, payment.terms, Known(0, 0)) as book:
        book.save()
    kept = (tmp_path / "state" / f"{ADDRESS}.json").read_bytes()
    words = ["ticket", paid[1], "--key", key, "--until", until, "--input", "layer=both", "--count", "3"]
    words += ["--pay", "--account", ADDRESS, "--state", str(tmp_path / "state")]
    done = RUN.invoke(app, words)
    assert done.exit_code == 1
    assert "3 times 5 MINA: 15 MINA" in done.stderr
    assert "expected a yes, got nobody to ask" in done.stderr
    assert (tmp_path / "state" / f"{ADDRESS}.json").read_bytes() == kept, "no limit was signed"
    agreed = RUN.invoke(app, [*words, "--yes", "--json"])
    assert len(json.loads(agreed.stdout)["tickets"]) == 3


def test_a_url_that_is_no_offers_is_named(paid: tuple[Web, str], key: str) -> None:
    for url in (paid[0].url, f"{paid[0].url}/offers"):
        error = error_of("call", url, "--key", key)
        assert error["detail"] == f"url: expected URL/offers/OFFER, got {url}"
        assert "publish" in error["next"]


def test_the_terms_are_kept_before_an_account_is_opened(
    paid: tuple[Web, str], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_given: Any, **_named: Any) -> dict[str, Any]:
        raise CliError("node-unavailable", "lost")

    monkeypatch.setattr(opening, "run_tool", lost)
    own, state = new_key(tmp_path / "account.key"), tmp_path / "state"
    flags = ["--deposit", "20", "--account-key", str(tmp_path / "account.key"), "--key", key, "--yes"]
    error_of("open", paid[1], *flags, "--node", node_of(paid[0]), "--state", str(state))
    payment = make_paid_offer().payment
    assert payment is not None
    assert known_terms(state, own.public_key().to_base58()) == payment.terms


def test_an_account_is_opened_only_by_who_agreed_to_what_it_costs(
    paid: tuple[Web, str], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "run_tool", None)
    own = tmp_path / "account.key"
    flags = ["--deposit", "20", "--account-key", str(own), "--key", key, "--node", node_of(paid[0])]
    done = RUN.invoke(app, ["open", paid[1], *flags, "--state", str(tmp_path / "state")])
    assert "deposit 20 MINA, and once 1 MINA for the account and 0.1 MINA of fee" in done.stderr
    assert "expected a yes, got nobody to ask" in done.stderr
    assert not own.exists()


def test_a5_an_account_whose_deposit_could_not_come_back_is_never_opened(key: str, tmp_path: Path) -> None:
    value = paid_value()
    value["terms"]["exit_delay"] = MAX_EXIT_DELAY + 1
    with web({f"GET /offers/{'0' * 64}": (200, {"document": value, "open": True, "reason": ""})}) as site:
        flags = ["--deposit", "20", "--account-key", str(tmp_path / "a.key"), "--key", key, "--yes"]
        error = error_of("open", f"{site.url}/offers/{'0' * 64}", *flags, "--node", site.url)
        assert "exit_delay: expected a whole number from 1 to 13440, got 13441" in error["detail"]
        assert posts(site) == []
    assert not (tmp_path / "a.key").exists()


def test_a5_terms_that_keep_a_buyer_for_ever_are_not_written() -> None:
    for delay in (MAX_EXIT_DELAY + 1, 2**31):
        done = RUN.invoke(app, ["init", "--exit-delay", str(delay)], terminal_width=200)
        assert done.exit_code == 2
        assert "'--exit-delay': Input should be less than or equal to 13440" in done.stderr


def test_a_key_that_git_would_take_along_is_named(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("ignored.key\n")
    said = [
        RUN.invoke(app, ["key", str(tmp_path / name), "--new"]).stderr for name in ("a.key", "ignored.key")
    ]
    assert said == [
        f"{tmp_path}/a.key: git does not ignore this key; add it to .gitignore before you commit\n",
        "",
    ]


def test_c1_a_calls_address_comes_from_its_own_hash_and_is_told_before_its_run_is_followed(
    key: str, tmp_path: Path
) -> None:
    offer = make_offer()
    with web({**site_of(offer, offer_value()).answers}) as site:
        other = f"{site.url}/calls/{7:064x}"
        told = {"url": other, "call": f"{7:064x}", "state": "running"}
        site.answers[f"POST /offers/{offer.id}/calls"] = (202, told)
        site.answers[f"GET /calls/{7:064x}"] = (200, {"state": "succeeded", "receipt": {}})
        command = ["call", f"{site.url}/offers/{offer.id}", "--input", "layer=both", "--key", key]
        done = RUN.invoke(app, [*command, "--evidence", str(tmp_path / "got")])
        sent = json.loads(RUN.invoke(app, [*command, "--no-wait", "--json"]).stdout)
    [own] = {asked.path for asked in site.asked if asked.path.startswith("/calls/")}
    assert (done.exit_code, f"call     {site.url}{own}" in done.stderr) == (1, True), done.stderr
    assert sent["url"] == f"{site.url}/calls/{sent['call']}" != other
    assert not any("sealrun-signature" in asked.headers for asked in site.asked)


def test_what_comes_next_is_said_with_the_file_and_the_stack_that_were_named() -> None:
    assert step("seal", OFFER_FILE) == "sealrun seal"
    assert step("seal", Path("free.toml"), "two") == "sealrun seal --file free.toml --stack two"


def test_what_was_not_sealed_is_sealed_by_the_command_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        kept(make_offer(), tmp_path, step("seal", tmp_path / "free.toml"))
    assert caught.value.following == f"run: sealrun seal --file {tmp_path / 'free.toml'}"


@pytest.mark.parametrize(("local", "flags"), [(True, "--local --oracle-key"), (False, "--oracle-key")])
def test_check_says_how_to_deploy_here_or_to_aws(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    local: bool,  # noqa: FBT001
    flags: str,
) -> None:
    monkeypatch.setattr(check, "found_sandbox", lambda _: {"pid": 1} if local else {})
    check._say(Output(as_json=False), make_offer(), tmp_path / "offer.toml", [])
    assert f"offer.toml {flags} FILE`, then `sealrun seal" in capsys.readouterr().out


def test_a_pipeline_that_is_no_yaml_names_the_line() -> None:
    with pytest.raises(CliError, match=r"expected YAML, got .*, line 3"):
        read_pipeline("gitlab", b"job:\n  script: [\n")


def test_a_sandbox_says_how_slots_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("job: {script: [make]}\n")
    commit_all(tmp_path)
    monkeypatch.chdir(tmp_path)
    found = {name: f"http://127.0.0.1/{name}" for name in ("origin", "project", "node", "slots")}
    found["provider"] = "gitlab"
    monkeypatch.setattr(background, "start", lambda *_given, **_named: found)
    # An account of the default terms (80 slots) may be left 120 slots after its buyer asked to.
    assert f"""curl -d '{{"count": 120}}' {found["slots"]}""" in RUN.invoke(app, ["sandbox"]).stdout


def test_a_sandbox_takes_a_workflow_by_either_ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = tmp_path / ".github" / "workflows" / "build.yaml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("on: workflow_dispatch\n")
    commit_all(tmp_path)
    monkeypatch.chdir(tmp_path)
    found = dict.fromkeys(("provider", "origin", "project", "node", "slots"), "")
    monkeypatch.setattr(background, "start", lambda *_given, **_named: found)
    assert RUN.invoke(app, ["sandbox", "--provider", "github"]).exit_code == 0  # it would ask for a yes


def test_a_sandbox_of_another_provider_is_ended_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    running = {"provider": "gitlab"}
    monkeypatch.setattr(sandbox, "found_sandbox", lambda _folder: running)
    refused = error_of("sandbox", "--provider", "github")
    assert refused["detail"] == "sandbox: expected one with GitHub, got GitLab in this folder"
    assert refused["next"] == "end it first: sealrun sandbox --stop"
    assert (
        error_of("sandbox", "--provider", "acme")["detail"]
        == "provider: expected gitlab or github, got 'acme'"
    )


def test_closing_names_a_whole_command_to_settle_with(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, offer = FakeLedger(), make_offer()
    ledger.publish(StoredOffer(offer, "", b"", b"", b""))
    target = SimpleNamespace(
        offers=ledger, url="https://calls.test", offer=lambda _: ledger.offers[offer.hash]
    )
    monkeypatch.setattr(close, "find_target", lambda *_: target)
    monkeypatch.setattr(close, "read_offer", lambda _: offer)
    said = RUN.invoke(app, ["close", "--yes"]).stdout
    assert "sealrun settle ACCOUNT --url https://calls.test --key seller.key" in said


def usage(command: str) -> Result:
    return RUN.invoke(app, shlex.split(command)[1:], env={"SEALRUN_MINA_NODE": "http://127.0.0.1:1"})


@pytest.mark.parametrize("offer", [make_offer(), make_paid_offer()])
def test_what_publish_names_as_the_buyers_first_command_is_a_whole_one(
    offer: Offer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = usage(buying(offer, f"http://127.0.0.1:1/offers/{offer.id}"))
    assert (done.exit_code, "buyer.key --new" in done.stderr) == (1, True), done.output


def test_every_error_of_the_contracts_tools_and_a_broken_claim_say_what_to_do_next() -> None:
    titles = re.search(r"TITLES = \{(.*?)\} as const", ERRORS_TS.read_text(), re.DOTALL)
    assert titles is not None
    kinds = re.findall(r"^ +'?([a-z-]+)'?:", titles[1], re.MULTILINE)
    assert {"proof-failed", "already-open", "too-little"} <= set(kinds)
    assert [kind for kind in kinds if not CliError(kind, "").following] == []
    assert BrokenClaim.type != SealrunError.type
    assert CliError(BrokenClaim.type, "").following


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["key", "none.key"], "key: expected none.key or .sealrun/none.key, got no such file"),
        (["key", "buyer.key", "--new"], "buyer.key: expected no such file yet, got one"),
        (["verify", "none.json"], "none.json: expected it to be there, got nothing"),
        (["verify", "folder"], "folder: expected an evidence folder with receipt.json, got none in it"),
    ],
)
def test_a_path_that_is_not_as_it_must_be_is_told_in_words(
    command: list[str], said: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(key).parent)
    Path("folder").mkdir()
    error = error_of(*command)
    assert error["detail"] == said
    assert error["next"]


def test_a_missing_tag_is_pushed_only_where_there_is_a_remote(tmp_path: Path) -> None:
    commit_all(tmp_path, "other")
    remote = ("remote", "add", "origin", "https://gitlab.com/group/job.git")
    for first, following in (
        (("status",), "run: git tag v1"),
        (remote, "run: git tag v1 && git push --tags"),
    ):
        git(tmp_path, *first)
        with pytest.raises(CliError) as caught:
            Repository(tmp_path).tagged("v1")
        assert caught.value.following == following


def test_a_sandbox_around_no_repository_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(background, "start", lambda *_given, **_named: {"pid": "0"})
    assert "expected a git repository" in error_of("sandbox")["detail"]
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_a_server_starts_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, wait, pressed = tmp_path / "log", time.sleep, False

    def sleep(seconds: float) -> None:
        nonlocal pressed
        wait(seconds)
        if not pressed and log.read_text():
            pressed = True
            raise KeyboardInterrupt

    monkeypatch.setattr("sealrun_cli.lib.background.time.sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        background.start("tests.cli.never_ready", tmp_path / "ready", [], log=log)
    assert not background.alive(int(log.read_text()), "tests.cli.never_ready")


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        (("call",), "Missing argument 'OFFER_URL'."),
        (("status", "--nonsense"), "No such option: --nonsense"),
        (("calls", "--most", "many"), "Invalid value for '--most'"),
        (("sell",), "No such command 'sell'."),
        (("rotate", "nothing"), "No such command 'nothing'."),
    ],
    ids=str,
)
def test_a_wrong_command_line_under_json_is_one_json_object(command: tuple[str, ...], detail: str) -> None:
    error = error_of(*command, code=2)
    assert error["type"] == "bad-request"
    assert detail in error["detail"]
    done = RUN.invoke(app, command)
    assert (done.exit_code, done.stdout) == (2, "")


def test_with_json_the_status_of_a_command_stays_its_own() -> None:
    assert RUN.invoke(app, ["key", "--help", "--json"]).exit_code == 0
    error_of("status", "--stack", "nothing-here", code=1)
