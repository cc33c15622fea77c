"""The local GitHub signs ID tokens that hold for the run that got them, and for no other call."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from local.repositories import git
from sealrun.errors import TokenRefused
from sealrun.providers.issuers import PinnedIssuers
from sealrun.receipts.job_token import Ran, verify_token
from sealrun.runs.run import Run
from sealrun.transport.http import GuardedClient
from tests.answers import wait_until_over
from tests.local.github.peer import Setting
from tests.sealrun.providers.github.peer import CALL
from tests.sealrun.providers.github.samples import FILE, TOKEN, make_repository
from tests.sealrun.world import make_offer, offer_value

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def got(
    shared: Setting, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[bytes, Ran, PinnedIssuers]]:
    """A job's token, what is known of its run, and the issuer."""
    folder = make_repository(tmp_path_factory.mktemp("tokens") / "seller", TOKEN)
    repository = shared.server.create_repository("sealrun/tokens", folder)
    token = shared.server.create_token(repository)
    github = shared.open(repository, token.value)
    run = wait_until_over(github, github.start(name=CALL, inputs={}))
    (archive,) = (job for job in github.jobs(run.id) if job.has_artifacts)
    with github.artifacts(archive.id) as pieces:
        content = zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("token.jwt")
    commit, file = git(folder, "rev-parse", "v1"), {"path": FILE, "sha256": "4b" * 32, "includes": []}
    source = {"provider": "github", "origin": shared.server.url, "project": repository.full_name}
    more = {"ref": "refs/tags/v1", "commit": commit, "user": token.user.id, "configuration": file}
    offer = make_offer(source={**offer_value()["source"], **source, **more})
    with GuardedClient([shared.server.url], unsafe_loopback=True) as client:
        issuers = PinnedIssuers(lambda _: client, clock=lambda: 0, unsafe_loopback=True)
        yield content, _ran(run, offer.source), issuers


def _ran(run: Run, source: Any) -> Ran:
    return Ran(CALL, source, run.id, run.source, run.created_at, run.finished_at, 0)


def test_e2_the_runs_token_holds_for_its_call_alone(got: tuple[bytes, Ran, PinnedIssuers]) -> None:
    token, ran, issuers = got
    issuer = issuers.pinned(ran.source)
    assert issuer is not None
    keys = issuers.keys(issuer)
    assert verify_token(token, keys, issuer, ran).claims["run_id"] == str(ran.run)
    for other in (replace(ran, call="cd" * 32), replace(ran, run=ran.run + 1)):
        with pytest.raises(TokenRefused):
            verify_token(token, keys, issuer, other)


def test_a_run_that_is_over_or_did_not_ask_gets_no_token(
    setting: Setting, got: tuple[bytes, Ran, PinnedIssuers]
) -> None:
    url = f"{setting.server.url}/_apis/idtoken"
    assert httpx.get(f"{url}/{got[1].run}", headers={"Authorization": "bearer x"}).status_code == 404
    run = setting.job("waiting").start(name=CALL, inputs={})
    assert httpx.get(f"{url}/{run.id}", headers={"Authorization": "bearer x"}).status_code == 404
