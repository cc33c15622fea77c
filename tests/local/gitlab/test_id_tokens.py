"""The local GitLab signs ID tokens that hold for the job that got them, and for no other."""

import io
import time
import zipfile
from dataclasses import dataclass, replace
from typing import Any

import jwt
import pytest

from sealrun.errors import TokenRefused
from sealrun.offers.provider_rules import Issuer
from sealrun.providers.gitlab.client import GitLab
from sealrun.providers.issuers import PinnedIssuers
from sealrun.receipts.job_token import Ran, verify_token
from sealrun.runs.run import Job, Run
from tests.answers import wait_until_over
from tests.local.gitlab.peer import Setting
from tests.sealrun.providers.gitlab.samples import CALL, OTHER_CALL, head
from tests.sealrun.world import make_offer, offer_value

pytestmark = pytest.mark.peers


@dataclass
class Finished:
    """A run of two jobs with tokens, and who signs them."""

    gitlab: GitLab
    run: Run
    jobs: dict[str, Job]
    source: Any
    issuers: PinnedIssuers

    @property
    def issuer(self) -> Issuer:
        found = self.issuers.pinned(self.source)
        assert found is not None
        return found

    def token(self, job: str) -> bytes:
        with self.gitlab.artifacts(self.jobs[job].id) as pieces:
            return zipfile.ZipFile(io.BytesIO(b"".join(pieces))).read("sealrun-profile/token.jwt")

    def ran(self, job: str = "build", call: str = CALL) -> Ran:
        run = self.run
        return Ran(call, self.source, run.id, run.source, run.created_at, run.finished_at, self.jobs[job].id)

    def verify(self, token: bytes, ran: Ran) -> Any:
        return verify_token(token, self.issuers.keys(self.issuer), self.issuer, ran).claims


@pytest.fixture(scope="module")
def finished(shared: Setting) -> Finished:
    project = shared.project("tokens")
    token = shared.server.create_token(project)
    gitlab = shared.open(project, token)
    run = wait_until_over(gitlab, gitlab.start(name=CALL, inputs={}))
    named = {"origin": shared.server.url, "project": str(project), "ref": "refs/tags/v1", "user": token.user}
    commit = {"commit": head(shared.repositories["tokens"])}
    source = make_offer(source={**offer_value()["source"], **named, **commit}).source
    issuers = PinnedIssuers(lambda _: shared.client, clock=time.time, unsafe_loopback=True)
    return Finished(gitlab, run, {job.name: job for job in gitlab.jobs(run.id)}, source, issuers)


def test_e2_a_job_s_token_holds_for_this_very_job(finished: Finished) -> None:
    found = finished.verify(finished.token("build"), finished.ran())
    assert found["job_id"] == str(finished.jobs["build"].id)
    assert found["user_login"].startswith(f"project_{finished.source.project}_bot_")


def test_the_keys_are_where_the_issuer_s_own_document_says(setting: Setting) -> None:
    said = setting.client.get(f"{setting.server.url}/.well-known/openid-configuration").json()
    assert said["issuer"] == setting.server.url
    (key,) = setting.client.get(said["jwks_uri"]).json()["keys"]
    assert (key["kty"], key["alg"], "d" in key) == ("RSA", "RS256", False)


def test_each_job_gets_its_own_audiences_with_variables_put_in(finished: Finished, setting: Setting) -> None:
    unchecked = jwt.decode(finished.token("check"), options={"verify_signature": False})
    assert unchecked["aud"] == ["https://vault.example", f"{setting.server.url}/x"]


@pytest.mark.parametrize(
    ("job", "changes", "text"),
    [
        ("build", {"call": OTHER_CALL}, "aud: expected"),
        ("build", {"job": 1}, "job_id: expected 1"),
        ("build", {"run": 1}, "pipeline_id: expected 1"),
        ("build", {"run_source": "trigger"}, "pipeline_source: expected trigger, got api"),
        ("check", {}, "aud: expected"),
    ],
)
def test_e2_a_real_token_does_not_hold_for_anything_else(
    finished: Finished, job: str, changes: dict[str, Any], text: str
) -> None:
    with pytest.raises(TokenRefused, match=text):
        finished.verify(finished.token(job), replace(finished.ran(job), **changes))


def test_e2_a_runner_of_the_seller_s_own_does_not_count(finished: Finished, setting: Setting) -> None:
    store = setting.server.store
    pipeline, job = store.pipelines[finished.run.id], store.jobs[finished.jobs["build"].id]
    audience = f"urn:sealrun:call:{CALL}"
    token = setting.server.id_tokens.mint(pipeline, job, audience, runner_environment="self-hosted")
    with pytest.raises(TokenRefused, match="runner_environment: expected gitlab-hosted, got self-hosted"):
        finished.verify(token.encode(), finished.ran())
