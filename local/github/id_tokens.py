"""ID tokens of jobs, signed with RS256: the claims that GitHub gives, and the issuer's public documents.

https://docs.github.com/en/actions/reference/security/oidc. This GitHub plays github.com's part, so its runner
counts as one that GitHub hosts. act runs all jobs in one environment, so a request is a run's, not a job's:
while jobs of several workflows run, nobody knows which of them asks, and none gets a token.
"""

import secrets
import time
import uuid
from typing import Any

from werkzeug import Response

from local.github.access import Context
from local.github.messages import ApiError, Route, not_found
from local.github.runner import IDENTITY_PATH
from local.github.store import Job, Run
from local.loopback import Request, json_reply

KEYS_PATH = "/.well-known/jwks"
_SECONDS, _BEFORE_SECONDS = 300, 600


def wanted(document: Any) -> bool:
    """Does the workflow, or one of its jobs, have ``permissions: {id-token: write}``?"""
    asked = [document.get("permissions"), *(job.get("permissions") for job in document["jobs"].values())]
    return any(
        each == "write-all" or (isinstance(each, dict) and each.get("id-token") == "write") for each in asked
    )


def claims(run: Run, *, url: str, audience: str, job: Job | None) -> dict[str, Any]:
    """What GitHub says of the run, and of the job's own workflow."""
    where, now = run.repository, int(time.time())
    owner, (_, kind, name) = where.owner, run.ref.split("/", 2)
    workflow = f"{where.full_name}/.github/workflows/{run.workflow}@{run.ref}"
    called, sha = _called(run, job.uses) if job and job.uses else (workflow, run.sha)
    return {
        "jti": str(uuid.uuid4()),
        "sub": f"repo:{where.full_name}:ref:{run.ref}",
        "aud": audience or f"{url}/{owner.login}",
        "ref": run.ref,
        "ref_type": "tag" if kind == "tags" else "branch",
        "ref_protected": str(kind == "tags" and bool(name)).lower(),
        "sha": run.sha,
        "repository": where.full_name,
        "repository_id": str(where.id),
        "repository_owner": owner.login,
        "repository_owner_id": str(owner.id),
        "repository_visibility": "private" if where.private else "public",
        "actor": run.actor.login,
        "actor_id": str(run.actor.id),
        "workflow": run.workflow_name,
        "workflow_ref": workflow,
        "workflow_sha": run.sha,
        "job_workflow_ref": called,
        "job_workflow_sha": sha,
        "head_ref": "",
        "base_ref": "",
        "event_name": "workflow_dispatch",
        "run_id": str(run.id),
        "run_number": str(run.number),
        "run_attempt": str(run.attempt),
        "check_run_id": str(job.id if job else 0),
        "runner_environment": "github-hosted",
        "iss": url,
        "iat": now,
        "nbf": now - _BEFORE_SECONDS,
        "exp": now + _SECONDS,
    }


def give(context: Context, request: Request) -> Response:
    """``GET /_apis/idtoken/:run?audience=...``: for a job that runs, with its run's request token."""
    run = context.store.runs.get(request.values_in_path["run"])
    if run is None or run.status != "in_progress" or not run.request_token:
        raise not_found()
    given = request.headers.get("Authorization", "").partition(" ")[2]
    if not secrets.compare_digest(given.encode(), run.request_token.encode()):
        raise ApiError(401, "Bad credentials")
    running = [job for job in context.store.jobs_of(run.id) if job.status == "in_progress"]
    if len({job.uses for job in running}) > 1:
        raise ApiError(409, "Jobs of several workflows run, and this GitHub cannot tell which of them asks")
    audience, asking = request.args.get("audience", ""), running[0] if running else None
    token_claims = claims(run, url=context.url, audience=audience, job=asking)
    named = _named(context)
    header = {"typ": "JWT", "alg": "RS256", "x5t": named["x5t"], "kid": named["kid"]}
    return json_reply(200, {"count": 1, "value": context.key.sign(header, token_claims)})


def _called(run: Run, uses: str) -> tuple[str, str]:
    """The called workflow with its ref, and its commit: one of the same repository is the run's own."""
    if uses.startswith("./"):
        return f"{run.repository.full_name}/{uses[2:]}@{run.ref}", run.sha
    return uses, uses.rpartition("@")[2]


def keys(context: Context, _request: Request) -> Response:
    """``GET /.well-known/jwks``."""
    key = {**context.key.public, **_named(context), "use": "sig", "alg": "RS256"}
    return json_reply(200, {"keys": [key]})


def _named(context: Context) -> dict[str, str]:
    """GitHub's names of a key: that of a certificate, here one of 27 characters like it, and a UUID."""
    thumbprint = context.key.thumbprint
    return {"x5t": thumbprint[:27], "kid": str(uuid.uuid5(uuid.NAMESPACE_URL, thumbprint))}


ROUTES: list[Route] = [
    ("id_token", "GET", f"{IDENTITY_PATH}/<int:run>", give),
    ("keys", "GET", KEYS_PATH, keys),
]
