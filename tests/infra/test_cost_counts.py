"""``sealrun cost`` counts what a call asks of AWS: here one is sold, and all that is asked is counted."""

from collections import Counter
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from sealrun.workflows.collect_run import advance
from sealrun.workflows.read_receipt import read_call
from sealrun.workflows.sweep import sweep
from sealrun_cli.commands import cost
from tests.answers import reply
from tests.infra.metered import PUTS, Meter
from tests.infra.test_rights import wake
from tests.infra.trial import Trial
from tests.sealrun.providers.gitlab.samples import CALL
from tests.sealrun.providers.gitlab.test_adapter import API, DETAIL, JOB, Peer
from tests.sealrun.world import PRICE, World


@pytest.fixture(scope="module")
def counted() -> Iterator[Meter]:
    """A paid call by an account that has had one, and by functions that have had one.

    The run takes 200 s. A sweep comes once a minute, and the last delivery when the run is over.
    """
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        trial = Trial(patch)
        del trial.environment["SEALRUN_PIN"]  # no evidence is pinned unless an operator says where
        other = boto3.session.Session("test", "test", region_name="eu-central-1").client("dynamodb")
        meter, trial.warm = Meter(boto3.DEFAULT_SESSION, other), {}
        for limit in (PRICE, 2 * PRICE):
            meter.on = limit > PRICE
            record = trial.buy("ok", limit=limit, named=False)  # as sealrun's own clients do
            collect = trial.services("collect")
            trial.market.provider.duration = 200
            for _ in range(3):
                trial.market.clock.passes(60)
                sweep(ledger=collect.ledger, collector=collect.collector, clock=collect.clock)
            trial.market.clock.passes(20)
            wake(trial, record)
            advance(record.call_hash, ledger=collect.ledger, collector=collect.collector, clock=collect.clock)
            shown = read_call(record.id, ledger=trial.services("receipt").ledger)
            assert shown["state"] == "succeeded"
        meter.on = False
        yield meter


def test_the_table_is_written_and_read_as_often_as_the_model_says(counted: Meter) -> None:
    assert counted.units["write"] + counted.units["index"] == cost.WRITES
    # The 402 reads the offer, each look of the buyer's the call, and each sweep the index, call or no call.
    assert counted.units["read"] + 1 + cost.LOOKS - 3 == cost.READS


def test_documents_are_stored_and_keys_opened_as_often_as_the_model_says(counted: Meter) -> None:
    asked = Counter({name.partition(":")[2]: count for name, count in counted.requests.items()})
    assert sum(asked[name] for name in PUTS) == cost.DOCUMENTS + 1, "one artifact"
    assert asked["Decrypt"] == cost.DECRYPTIONS
    assert asked["Invoke"] == 1


def test_a_collection_waits_for_as_many_answers_of_gitlab_as_the_model_says() -> None:
    world = World()
    record = world.call().record
    world.clock.passes(60)
    world.provider.calls.clear()
    collected = world.sweep_one(record.call_hash)
    assert collected is not None
    assert collected.state.over
    assert sum(map(answers_of_gitlab, world.provider.calls)) == cost.ANSWERS


def answers_of_gitlab(method: str) -> int:
    """How many requests GitLab gets by one call of a provider's method."""
    peer = Peer()
    with peer.client:
        peer.on("GET", API, reply({"visibility": "private"}))
        peer.on("GET", f"{API}/pipelines", reply([DETAIL]))
        peer.on("GET", f"{API}/pipelines/31", reply(DETAIL))
        peer.on("GET", f"{API}/pipelines/31/jobs", reply([JOB]))
        peer.on("GET", f"{API}/pipelines/31/bridges", reply([]))
        for name in ("trace", "artifacts"):
            peer.on("GET", f"{API}/jobs/5/{name}", reply(""))
        gitlab = peer.gitlab
        asked: dict[str, Callable[[], object]] = {
            "read": lambda: gitlab.read(31),
            "jobs": lambda: gitlab.jobs(31),
            "find": lambda: gitlab.find(CALL, known=31),
            "project": gitlab.project,
            "log": lambda: gitlab.log(5).__enter__(),
            "artifacts": lambda: gitlab.artifacts(5).__enter__(),
        }
        asked[method]()
    return len(peer.requests)
