"""Records as GitLab's API and its webhooks show them; member names are GitLab's."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from local.gitlab.store import Job, Pipeline, Project, User

RUNNER_ID = 1
RUNNER = "gitlab-ci-local on loopback"


def stamp(seconds: float) -> str | None:
    """A time as the API writes it; None for none."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(one: User, *, url: str) -> dict[str, Any]:
    """A user in short."""
    return {
        "id": one.id,
        "username": one.username,
        "name": one.username,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{url}/{one.username}",
    }


def project(one: Project, branch: str, *, url: str, member: bool = True) -> dict[str, Any]:
    """A project with its default branch, as far as it is needed here; strangers see less of it."""
    name = one.path.rpartition("/")[2]
    settings = {"ci_config_path": one.ci_config_path} if member else {}
    return {
        **settings,
        "id": one.id,
        "name": name,
        "path": name,
        "path_with_namespace": one.path,
        "default_branch": branch,
        "visibility": "public" if one.public else "private",
        "web_url": f"{url}/{one.path}",
        "build_timeout": one.build_timeout,
        "public_jobs": one.public,
        "ci_pipeline_variables_minimum_override_role": one.variables_role,
    }


def updated(one: Pipeline) -> str | None:
    """When its status changed last."""
    return stamp(one.finished_at or one.started_at or one.created_at)


def pipeline_basic(one: Pipeline, path: str, *, url: str) -> dict[str, Any]:
    """A pipeline inside a job: neither name nor user nor tag."""
    return {
        "id": one.id,
        "iid": one.iid,
        "project_id": one.project,
        "sha": one.sha,
        "ref": one.ref,
        "status": one.status,
        "source": one.source,
        "created_at": stamp(one.created_at),
        "updated_at": updated(one),
        "web_url": f"{url}/{path}/-/pipelines/{one.id}",
    }


def listed_pipeline(one: Pipeline, path: str, *, url: str) -> dict[str, Any]:
    """A pipeline in a list: neither user nor tag."""
    return {**pipeline_basic(one, path, url=url), "name": one.name or None}


def pipeline(one: Pipeline, path: str, starter: User, *, url: str) -> dict[str, Any]:
    """A pipeline by itself."""
    return {**created_pipeline(one, path, starter, url=url), "name": one.name or None}


def created_pipeline(one: Pipeline, path: str, starter: User, *, url: str) -> dict[str, Any]:
    """A pipeline as the answer to its creation has it: without its name."""
    duration = int(one.finished_at - one.started_at) if one.finished_at and one.started_at else None
    return {
        **pipeline_basic(one, path, url=url),
        "before_sha": "0" * 40,
        "tag": one.tag,
        "yaml_errors": None,
        "user": user(starter, url=url),
        "started_at": stamp(one.started_at),
        "finished_at": stamp(one.finished_at),
        "committed_at": None,
        "duration": duration,
        "queued_duration": None,
        "coverage": None,
        "archived": False,
    }


def job_basic(one: Job, run: Pipeline, path: str, starter: User, *, url: str) -> dict[str, Any]:
    """What a job and a bridge have in common."""
    reason = {"failure_reason": one.failure_reason} if one.failure_reason else {}
    return {
        "id": one.id,
        "name": one.name,
        "stage": one.stage,
        "status": one.status,
        "ref": run.ref,
        "tag": run.tag,
        "allow_failure": one.allow_failure,
        "coverage": None,
        "created_at": stamp(one.created_at),
        "started_at": stamp(one.started_at),
        "finished_at": stamp(one.finished_at),
        "erased_at": None,
        "duration": one.finished_at - one.started_at if one.finished_at and one.started_at else None,
        "queued_duration": None,
        "web_url": f"{url}/{path}/-/jobs/{one.id}",
        "user": user(starter, url=url),
        "commit": {"id": run.sha, "short_id": run.sha[:8]},
        "pipeline": pipeline_basic(run, path, url=url),
        "project": {"ci_job_token_scope_enabled": False},
        **reason,
    }


def job(one: Job, run: Pipeline, path: str, starter: User, *, url: str, size: int | None) -> dict[str, Any]:
    """A job; ``size`` is that of its archive, None without one."""
    archive = {"filename": "artifacts.zip", "size": size}
    listed = [{"file_type": "archive", "file_format": "zip", **archive}] if size is not None else []
    return {
        **job_basic(one, run, path, starter, url=url),
        "archived": False,
        "artifacts": listed,
        "runner": _runner() if one.started_at else None,
        "runner_manager": None,
        "artifacts_expire_at": None,
        "tag_list": [],
        **({"artifacts_file": archive} if size is not None else {}),
    }


def bridge(
    one: Job, run: Pipeline, path: str, starter: User, *, url: str, downstream: dict[str, Any] | None
) -> dict[str, Any]:
    """A bridge; ``downstream`` is the pipeline that it started, None while there is none."""
    return {**job_basic(one, run, path, starter, url=url), "downstream_pipeline": downstream}


def pipeline_event(
    one: Pipeline, jobs: Iterable[Job], of: Project, starter: User, *, url: str
) -> dict[str, Any]:
    """The body of a Pipeline Hook."""
    return {
        "object_kind": "pipeline",
        "object_attributes": {
            "id": one.id,
            "iid": one.iid,
            "name": one.name or None,
            "ref": one.ref,
            "tag": one.tag,
            "sha": one.sha,
            "source": one.source,
            "status": one.status,
            "created_at": stamp(one.created_at),
            "finished_at": stamp(one.finished_at),
            "variables": [{"key": key, "value": value} for key, value in one.variables.items()],
            "url": f"{url}/{of.path}/-/pipelines/{one.id}",
        },
        "user": user(starter, url=url),
        "project": {"id": of.id, "path_with_namespace": of.path, "web_url": f"{url}/{of.path}"},
        "builds": [
            {"id": job.id, "name": job.name, "stage": job.stage, "status": job.status} for job in jobs
        ],
    }


def job_event(one: Job, run: Pipeline, of: Project, starter: User, *, url: str) -> dict[str, Any]:
    """The body of a Job Hook."""
    return {
        "object_kind": "build",
        "ref": run.ref,
        "tag": run.tag,
        "sha": run.sha,
        "build_id": one.id,
        "build_name": one.name,
        "build_stage": one.stage,
        "build_status": one.status,
        "build_started_at": stamp(one.started_at),
        "build_finished_at": stamp(one.finished_at),
        "build_allow_failure": one.allow_failure,
        "build_failure_reason": one.failure_reason or "unknown_failure",
        "retries_count": 0,
        "pipeline_id": run.id,
        "project_id": of.id,
        "project_name": of.path,
        "user": user(starter, url=url),
    }


def _runner() -> dict[str, Any]:
    return {
        "id": RUNNER_ID,
        "description": RUNNER,
        "active": True,
        "is_shared": True,
        "runner_type": "instance_type",
        "name": "gitlab-runner",
        "online": True,
        "status": "online",
    }
