"""What the workflows make of a provider whose archives belong to the run."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.evidence.index import Index
from sealrun.evidence.leaves import Kind
from sealrun.offers.offer import Offer
from sealrun.offers.stored_offer import StoredOffer
from sealrun.receipts.receipt import Outcome
from sealrun.runs.judge import foreign
from sealrun.runs.record import State
from sealrun.runs.run import Job
from sealrun.service.credentials import Credential
from sealrun.transport.failures import Blocked, ConnectError
from sealrun.transport.http import Client, GuardedClient
from tests.sealrun.fakes import FakeProvider
from tests.sealrun.world import World, make_offer, offer_value

NAMES = ("TABLE", "EVIDENCE_BUCKET", "KMS_KEY", "COLLECT_FUNCTION", "PUBLIC_URL")


def workflow_offer(provider: str = "github", origin: str = "https://api.github.com") -> Offer:
    file = {"path": ".github/workflows/job.yml", "sha256": "4b" * 32, "includes": []}
    more = {"provider": provider, "origin": origin, "project": "octo-org/job", "configuration": file}
    return make_offer(source={**offer_value()["source"], **more})


@pytest.mark.parametrize(
    ("provider", "origin", "page"),
    [
        ("github", "https://api.github.com", "https://github.com/octo-org/job"),
        ("forgejo", "https://codeberg.org", "https://codeberg.org/octo-org/job"),
    ],
)
def test_a_workflow_is_sold_and_its_statements_lead_to_its_repository(
    provider: str, origin: str, page: str
) -> None:
    world = World(offer=workflow_offer(provider, origin))
    world.provider.configuration = ""
    record = world.settle(world.call().record.call_hash)
    assert (record.state, record.ending and record.ending.outcome) == (State.SUCCEEDED, Outcome.SUCCEEDED)
    first = json.loads(world.kept(record).statements.splitlines()[0])
    predicate = json.loads(base64.b64decode(first["payload"]))["predicate"]
    assert predicate["buildDefinition"]["resolvedDependencies"][0]["uri"] == f"git+{page}@refs/tags/v1.0.0"


class WithArchive(FakeProvider):
    """One job, and an archive of the same name that no job left."""

    def jobs(self, run_id: int) -> list[Job]:
        (job,) = super().jobs(run_id)
        archive = replace(job, id=job.id + 1, stage="artifact", has_log=False)
        return [replace(job, has_artifacts=False), archive]


@pytest.mark.parametrize(
    ("provider", "origin", "opened", "files_from"),
    [
        ("github", "https://api.github.com", "GitHub(", "https://productionresultssa7.blob.core.windows.net"),
        ("forgejo", "https://codeberg.org", "Forgejo(", "https://files.example"),
        ("gitlab", "https://gitlab.com", "GitLab(", "https://files.example"),
    ],
)
def test_l9_an_offers_provider_is_opened_for_its_origin_and_its_files_alone(
    provider: str, origin: str, opened: str, files_from: str
) -> None:
    project = "42" if provider == "gitlab" else "octo-org/job"
    offer = make_offer(
        source={**offer_value()["source"], "provider": provider, "origin": origin, "project": project}
    )
    environment = {f"SEALRUN_{name}": "x" for name in NAMES}
    services = Services(Settings.read({**environment, "SEALRUN_ARTIFACT_ORIGINS": "https://files.example"}))
    known = services.clock(), Credential("very-secret", origin, project, offer.id)
    services._opened[offer.hash, b"sealed"] = known
    provided = services.open_provider(StoredOffer(offer, "", b"sealed", b"key", b"secret"))
    assert repr(provided).startswith(opened)
    assert "very-secret" not in repr(provided)
    for url, sent in ((origin, True), (files_from, True), ("https://evil.example", False)):
        assert allows(services._clients[origin], url) is sent


def allows(client: Client, origin: str) -> bool:
    """May a request go there? It does not: no name is resolved."""
    assert isinstance(client, GuardedClient)
    client._resolve = lambda _host, _port: []
    try:
        client.open("GET", origin)
    except Blocked:
        return False
    except ConnectError:
        return True
    raise AssertionError("expected no answer")


def test_an_archive_that_belongs_to_no_job_is_gathered_and_asked_for_no_log() -> None:
    world = World()
    world.provider = WithArchive(world.clock, world.offer)
    record = world.settle(world.call().record.call_hash)
    assert record.state is State.SUCCEEDED
    trees = Index.parse(world.kept(record).index).trees
    assert [entry.leaf.label for entry in trees["outputs"] if entry.leaf] == ["build/dist/out.txt"]
    assert [entry.kind for entry in trees["profile"]] == [Kind.RUN, Kind.LOG]
    assert world.provider.calls.count("log") == 1
    document: dict[str, Any] = json.loads(world.kept(record).run(_run(trees)))
    assert [job["stage"] for job in document["jobs"]] == ["build", "artifact"]


def _run(trees: Any) -> str:
    leaf = trees["profile"][0].leaf
    assert leaf is not None
    return str(leaf.sha256)


@pytest.mark.parametrize(("word", "ours"), [("workflow_dispatch", True), ("api", False), ("push", False)])
def test_r3_only_a_run_that_was_started_as_we_start_it_is_ours(word: str, ours: object) -> None:
    world = World(offer=workflow_offer())
    record = world.call().record
    (run,) = world.provider.runs.values()
    found = foreign(replace(run, source=word), record, world.offer)
    assert (found == "") is ours
    assert ours or "expected one of workflow_dispatch" in found
