"""A provider is one folder and one line in the registry, from the offer to the receipt."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.repositories import commit_all
from sealrun.errors import InputsRefused, Malformed
from sealrun.offers.provider_rules import PROVIDERS, rules_of
from sealrun.providers.kind import Opening, kind_of
from sealrun.receipts.issuers import issuer_of
from sealrun.receipts.receipt import Outcome, SignedReceipt
from sealrun.runs.record import State
from sealrun.runs.run import Job, JobResult, RunStatus
from sealrun_cli.commands.check import findings
from sealrun_cli.lib.check_source import pipeline_findings
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_file import read_offer
from sealrun_cli.lib.set_up import set_up_of
from sealrun_cli.main import app
from tests.outgoing import HttpxClient
from tests.sealrun.providers.acme.kind import CLOCK
from tests.sealrun.world import World, make_offer, offer_value

FILE = {"path": "acme.yml", "sha256": "4b" * 32, "includes": []}
SOURCE = {**offer_value()["source"], "provider": "acme", "project": "acme-7", "configuration": FILE}
INPUTS = {"type": "object", "properties": {"layer": {"type": "boolean"}}, "additionalProperties": False}


@pytest.fixture
def acme() -> Iterator[None]:
    PROVIDERS["acme"] = "tests.sealrun.providers.acme"
    yield
    del PROVIDERS["acme"]


def test_an_offer_of_a_provider_that_is_not_registered_is_refused() -> None:
    with pytest.raises(Malformed, match="provider: expected one of gitlab, github, forgejo"):
        make_offer(source=SOURCE)


@pytest.mark.usefixtures("acme")
def test_one_registered_line_sells_a_free_call_from_call_to_receipt() -> None:
    offer = make_offer(source=SOURCE)
    opening = Opening(offer.source, "token", lambda _: HttpxClient(), files_from=())
    world = World(offer, clock=CLOCK, provider=kind_of("acme").open(opening))
    record = world.settle(world.call().record.call_hash)
    assert record.state is State.SUCCEEDED
    assert record.receipt is not None
    receipt = SignedReceipt.parse(record.receipt).receipt
    assert (receipt.status, receipt.source_hash) == (Outcome.SUCCEEDED, offer.source_hash)
    (run,) = world.provider.runs.values()
    assert run.source == "order"
    statement = world.kept(record).statements.splitlines()[0]
    assert json.loads(statement)["payload"]
    assert offer.source.repository == "https://gitlab.example/repositories/acme-7"


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize(("reason", "blameless"), [("anvil_missing", True), ("runner_system_failure", False)])
def test_its_own_words_say_which_failures_are_no_scripts(reason: str, *, blameless: bool) -> None:
    world = World(make_offer(source=SOURCE))
    world.provider.ends_as = RunStatus.FAILED
    failed = Job(7, "forge", "", "failed", reason, False, False, "", result=JobResult.FAILED)  # noqa: FBT003
    world.provider.listed = [failed]
    record = world.settle(world.call().record.call_hash)
    assert record.ending is not None
    assert record.ending.blameless is blameless


@pytest.mark.usefixtures("acme")
def test_the_command_makes_an_offer_of_it_and_says_what_it_cannot_ask(tmp_path: Path) -> None:
    (tmp_path / "acme.yml").write_text("called: sealrun <sealrun_call>\ntakes: [sealrun_call, layer]\n")
    commit_all(tmp_path, "v1")
    file = tmp_path / "offer.toml"
    flags = {
        "provider": "acme", "origin": "https://acme.example", "project": "acme-7", "tag": "v1", "user": "7",
        "title": "Forge", "price": "0", "oracle": make_offer().oracle, "file": str(file),
    }  # fmt: skip
    given = [f"--{name}={value}" for name, value in flags.items()]
    done = CliRunner().invoke(app, ["init", *given, "--json"])
    assert done.exit_code == 0, done.output
    assert "sell what you like" in done.stderr
    offer = read_offer(file)
    assert (offer.source.place, offer.source.user) == ("https://acme.example/repositories/acme-7", 7)
    found = list(findings(offer, tmp_path, token="", node=""))
    assert [each.message for each in found if each.what == "provider"] == [
        "acme is not asked by this command"
    ]
    with pytest.raises(CliError, match="expected a provider whose tokens rotate by API, got acme"):
        set_up_of("acme", "https://acme.example").may_rotate()


@pytest.mark.usefixtures("acme")
def test_its_rules_hold_for_its_offers_and_its_words_for_its_pipelines() -> None:
    with pytest.raises(Malformed, match="project: expected acme- and a number"):
        make_offer(source={**SOURCE, "project": "42"})
    properties = {f"x{number}": {"type": "boolean"} for number in range(4)}
    with pytest.raises(InputsRefused, match="at most 3"):
        make_offer(source=SOURCE, inputs={**INPUTS, "properties": properties})
    offer = make_offer(source=SOURCE, inputs=INPUTS)
    assert issuer_of(offer.source, unsafe_loopback=True) is None
    good = read_pipeline("acme", b"takes: [sealrun_call, layer]\ncalled: sealrun <sealrun_call>\n")
    assert [found.line for found in pipeline_findings(offer, good) if found.holds is False] == []
    nameless = read_pipeline("acme", b"takes: [sealrun_call, layer]\n")
    [wrong] = [found for found in pipeline_findings(offer, nameless) if found.holds is False]
    assert "write called: sealrun <sealrun_call>" in wrong.following


@pytest.mark.parametrize("provider", list(PROVIDERS))
def test_every_registered_provider_fills_in_its_record(provider: str) -> None:
    kind = kind_of(provider)
    assert kind.rules is rules_of(provider)
    assert kind.terms
    assert kind.credential_advice
    assert kind.rules.max_inputs > 0


def test_to_read_an_offer_no_client_is_loaded() -> None:
    """The core knows a provider's rules, and nothing that opens a connection."""
    code = (
        "import sys\nfrom sealrun.offers.provider_rules import PROVIDERS, rules_of\n"
        "[rules_of(name) for name in PROVIDERS]\n"
        "print([name for name in sys.modules if name.endswith(('.client', 'transport.http'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
