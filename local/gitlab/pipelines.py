"""Creates pipelines: finds the commit, checks it out, reads its configuration and queues its jobs."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from local.gitlab import archives
from local.gitlab.config import FILE, Config, ConfigError, read_config
from local.gitlab.store import Job, Pipeline, Project, Store

_CHILD = ".gitlab-ci.child.yml"
_FULL_REFS = ("refs/tags/", "refs/heads/")


class Rejected(Exception):
    """GitLab's 400 for a pipeline that it does not create; the text is its ``base`` message."""


@dataclass(frozen=True)
class Wanted:
    """What a request for a pipeline says."""

    ref: str
    source: str
    user: int
    inputs: Mapping[str, Any]
    variables: Mapping[str, str]


class Pipelines:
    """Creates pipelines of this server's projects."""

    def __init__(self, store: Store, *, url: str, queue: Callable[[Pipeline, Config], None]) -> None:
        self._store, self._url, self._queue = store, url, queue

    def create(self, project: Project, wanted: Wanted) -> Pipeline:
        """Create and queue one pipeline.

        Raises:
            Rejected: there is no such ref, the variables are not allowed, or the configuration refuses.
        """
        if wanted.variables and project.variables_role == "no_one_allowed":
            raise Rejected("Insufficient permissions to set pipeline variables")
        full_ref, sha = _resolve(project, wanted.ref)
        pipeline = self._record(project, wanted, full_ref, sha)
        clone = self.check_out(project, pipeline)
        config = self._read(pipeline, clone)
        self._add(project, pipeline, config)
        self._queue(pipeline, config)
        return pipeline

    def create_child(
        self, parent: Pipeline, trigger: Any, variables: Mapping[str, str]
    ) -> tuple[Pipeline, Config]:
        """Create the child pipeline of a bridge; whoever asks for it runs it.

        Only files of the same commit, and artifacts of jobs that are over, can be included.

        Raises:
            Rejected: the bridge names another project, or the configuration refuses.
        """
        includes = trigger.get("include") if isinstance(trigger, dict) else None
        if not isinstance(includes, list):
            raise Rejected("Downstream project could not be found")
        project = self._store.projects[parent.project]
        kind = "tags" if parent.tag else "heads"
        wanted = Wanted(parent.ref, "parent_pipeline", parent.user, {}, variables)
        child = self._record(project, wanted, f"refs/{kind}/{parent.ref}", parent.sha)
        child.parent = parent.id
        clone = self.check_out(project, child)
        shown = [self._included(parent, clone, one) for one in includes]
        (clone / _CHILD).write_text(json.dumps({"include": shown}))
        config = self._read(child, clone, file=_CHILD)
        self._add(project, child, config)
        return child, config

    def lint(self, project: Project, wanted: Wanted, content: str) -> Config:
        """Read the content as the configuration of a pipeline that is never created.

        Raises:
            Rejected: there is no such ref, or GitLab would refuse the content.
        """
        full_ref, sha = _resolve(project, wanted.ref)
        pipeline = self._record(project, wanted, full_ref, sha)
        clone = self.check_out(project, pipeline)
        try:
            (clone / FILE).write_text(content)
            return self._read(pipeline, clone)
        finally:
            shutil.rmtree(clone, ignore_errors=True)

    def check_out(self, project: Project, pipeline: Pipeline) -> Path:
        """The folder where the pipeline's commit is checked out."""
        clone = self._store.clone_of(pipeline.id)
        _check_out(project, pipeline.sha, clone, remote=f"{self._url}/{project.path}.git")
        return clone

    def _read(self, pipeline: Pipeline, clone: Path, **named: str) -> Config:
        variables = variables_of(self._store, pipeline, url=self._url)
        home = self._store.folder / "home"
        try:
            config = read_config(clone, inputs=pipeline.inputs, variables=variables, home=home, **named)
        except ConfigError as error:
            raise Rejected(str(error)) from error
        pipeline.name = config.name[:255]  # the width of the column at GitLab
        return config

    def _included(self, parent: Pipeline, clone: Path, one: Mapping[str, Any]) -> Mapping[str, Any]:
        """An include as the engine reads it: an artifact becomes a file of the checkout."""
        if "artifact" not in one:
            return one
        made = (
            archives.artifacts_folder(self._store.clone_of(parent.id), str(one.get("job"))) / one["artifact"]
        )
        if not made.is_file():
            raise Rejected(f"Failed to read artifact {one['artifact']} of job {one.get('job')}")
        name = f".gitlab-ci.artifact-{str(one['artifact']).encode().hex()[:100]}.yml"
        (clone / name).write_bytes(made.read_bytes())
        _git("-C", str(clone), "add", "--force", name)  # the engine includes only what git lists
        return {"local": name}

    def _record(self, project: Project, wanted: Wanted, full_ref: str, sha: str) -> Pipeline:
        mine = [one for one in self._store.pipelines.values() if one.project == project.id]
        return Pipeline(
            id=self._store.next_id(),
            iid=len(mine) + 1,
            project=project.id,
            ref=full_ref.split("/", 2)[2],
            tag=full_ref.startswith("refs/tags/"),
            sha=sha,
            source=wanted.source,
            user=wanted.user,
            name="",
            inputs=dict(wanted.inputs),
            variables=dict(wanted.variables),
            created_at=time.time(),
        )

    def _add(self, project: Project, pipeline: Pipeline, config: Config) -> None:
        jobs = [
            Job(
                id=self._store.next_id(),
                pipeline=pipeline.id,
                project=project.id,
                name=job.name,
                stage=job.stage,
                when=job.when,
                allow_failure=job.allow_failure,
                timeout=min(job.timeout or project.build_timeout, project.build_timeout),
                bridge=job.bridge,
                created_at=pipeline.created_at,
            )
            for job in config.jobs
        ]
        with self._store.lock:
            self._store.pipelines[pipeline.id] = pipeline
            self._store.jobs.update({job.id: job for job in jobs})
            self._store.save()


def variables_of(store: Store, pipeline: Pipeline, *, url: str) -> dict[str, str]:
    """The pipeline's variables, in the precedence of https://docs.gitlab.com/ci/variables/."""
    project, user = store.projects[pipeline.project], store.users[pipeline.user]
    parts = urlsplit(url)
    predefined = {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER_URL": url,
        "CI_SERVER_HOST": str(parts.hostname),
        "CI_SERVER_PORT": str(parts.port),
        "CI_SERVER_PROTOCOL": "http",
        "CI_API_V4_URL": f"{url}/api/v4",
        "CI_PROJECT_ID": str(project.id),
        "CI_PROJECT_PATH": project.path,
        "CI_PROJECT_NAMESPACE": project.path.rpartition("/")[0],
        "CI_PROJECT_NAME": project.path.rpartition("/")[2],
        "CI_PROJECT_URL": f"{url}/{project.path}",
        "CI_PIPELINE_ID": str(pipeline.id),
        "CI_PIPELINE_IID": str(pipeline.iid),
        "CI_PIPELINE_SOURCE": pipeline.source,
        "CI_PIPELINE_URL": f"{url}/{project.path}/-/pipelines/{pipeline.id}",
        "CI_COMMIT_SHA": pipeline.sha,
        "CI_COMMIT_SHORT_SHA": pipeline.sha[:8],
        "CI_COMMIT_REF_NAME": pipeline.ref,
        "CI_COMMIT_REF_PROTECTED": str(pipeline.tag and pipeline.ref in project.protected_tags).lower(),
        "CI_COMMIT_TAG" if pipeline.tag else "CI_COMMIT_BRANCH": pipeline.ref,
        "GITLAB_USER_ID": str(user.id),
        "GITLAB_USER_LOGIN": user.username,
    }
    triggered = {"CI_PIPELINE_TRIGGERED": "true"} if pipeline.source == "trigger" else {}
    return {**predefined, **triggered, **project.variables, **pipeline.variables}


def _resolve(project: Project, ref: str) -> tuple[str, str]:
    """The full ref and the commit, by GitLab's own rules for full and short names."""
    names = [ref] if ref.startswith(_FULL_REFS) else [f"{start}{ref}" for start in _FULL_REFS]
    commits = {name: sha for name in names if (sha := commit_of(project, name))}
    if not commits:
        raise Rejected("Reference not found")
    if len(commits) > 1:
        raise Rejected("Ref is ambiguous")
    return next(iter(commits.items()))


def commit_of(project: Project, ref: str) -> str:
    """The commit of a full ref, empty if there is none."""
    wanted = f"{ref}^{{commit}}"
    return _git("-C", project.repository, "rev-parse", "--quiet", "--verify", wanted, check=False)


def default_branch(project: Project) -> str:
    """The branch that the repository's HEAD names; ``main`` where HEAD is a commit."""
    named = _git("-C", project.repository, "symbolic-ref", "--quiet", "--short", "HEAD", check=False)
    return named or "main"


def file_at(project: Project, commit: str, path: str) -> str:
    """The file's text at the commit, empty where there is none."""
    return _git("-C", project.repository, "show", f"{commit}:{path}", check=False)


def tag_target(project: Project, tag: str) -> str:
    """What the tag's name points to: an annotated tag's own object, or else its commit."""
    return _git("-C", project.repository, "rev-parse", "--quiet", "--verify", f"refs/tags/{tag}", check=False)


def _check_out(project: Project, sha: str, clone: Path, *, remote: str) -> None:
    clone.parent.mkdir(parents=True, exist_ok=True)
    _git("clone", "--quiet", "--shared", "--no-checkout", project.repository, str(clone))
    _git("-C", str(clone), "checkout", "--quiet", "--detach", sha)
    _git("-C", str(clone), "remote", "set-url", "origin", remote)


def _git(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=60, check=check)
    return done.stdout.strip()
