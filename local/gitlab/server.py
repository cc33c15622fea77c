"""The server with its folder on one loopback port, and methods by which a test or a demo sets it up.

with GitLabServer(folder) as gitlab:
    project = gitlab.create_project("group/job", repository)
    token = gitlab.create_token(project)
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from werkzeug import Response

from local.closing import Closing
from local.faults import Faults
from local.gitlab.access import new_personal_token, new_token
from local.gitlab.api import answer, routes
from local.gitlab.config import Config
from local.gitlab.context import Context
from local.gitlab.hooks import Hooks
from local.gitlab.id_tokens import IdTokens
from local.gitlab.pipelines import Pipelines
from local.gitlab.runner import Runner
from local.gitlab.storage import ObjectStorage
from local.gitlab.store import Hook, Job, Pipeline, Project, Store, Token, User
from local.loopback import LoopbackServer, Request, json_reply

_CONTROL = "/-/faults"
_MAX_BODY = 4 << 20


class GitLabServer(Closing):
    """A GitLab on 127.0.0.1; use it as a context manager, or call ``close``."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        workers: int = 2,
        artifact_redirect: bool = False,
        runner_environment: str = "gitlab-hosted",
        base_path: str = "",
    ) -> None:
        """Start serving.

        Args:
            folder: for the state, the checkouts and what jobs leave.
            port: 0 takes a free one.
            workers: how many pipelines run at once.
            artifact_redirect: serve archives by a redirect to another origin, as gitlab.com does.
            runner_environment: what id tokens say of who runs the jobs; ``self-hosted`` for a seller's own.
            base_path: GitLab's relative URL root, such as ``/gitlab``; nothing answers outside it.
        """
        if shutil.which("rsync") is None:
            raise FileNotFoundError("rsync: expected it to be installed, got none (apt-get install rsync)")
        self.store, self.faults = Store(folder.resolve()), Faults()
        self._context: Context | None = None
        self._routes = routes(base_path)
        self._server = LoopbackServer(self._answer, port=port, max_body=_MAX_BODY)
        self.origin, self.base_path = self._server.url, base_path
        self.url = f"{self.origin}{base_path}"
        self.hooks = Hooks(self.store, url=self.url, origin=self.origin, faults=self.faults)
        self.id_tokens = IdTokens(self.store, url=self.url, runner_environment=runner_environment)
        self.storage = ObjectStorage() if artifact_redirect else None
        self._runner = Runner(
            self.store,
            url=self.url,
            workers=workers,
            job_variables=self._job_variables,
            create_child=self._create_child,
            changed=self.hooks.changed,
        )
        self._pipelines = Pipelines(self.store, url=self.url, queue=self._runner.add)
        self._context = Context(
            self.store,
            self._pipelines,
            self._runner,
            self.url,
            self.origin,
            self.storage,
            self.id_tokens,
        )

    def close(self) -> None:
        """Stop serving, then everything that runs."""
        self._server.close()
        self._runner.close()
        self.hooks.close()
        if self.storage is not None:
            self.storage.close()

    def create_user(self, username: str) -> int:
        """Add a person."""
        user = User(self.store.next_id(), username)
        self.store.users[user.id] = user
        self.store.save()
        return user.id

    def create_project(
        self,
        path: str,
        repository: Path,
        *,
        public: bool = False,
        owner: int | None = None,
        protected_tags: Sequence[str] = ("v*",),
        build_timeout: int = 3600,
        variables_role: str = "developer",
    ) -> int:
        """Add a project over a local git repository, and its owner unless one is given; its id."""
        project = Project(
            id=self.store.next_id(),
            path=path,
            repository=str(repository.resolve()),
            public=public,
            owner=owner or self.create_user(path.partition("/")[0]),
            protected_tags=list(protected_tags),
            build_timeout=build_timeout,
            variables_role=variables_role,
        )
        self.store.projects[project.id] = project
        self.store.save()
        return project.id

    def create_token(
        self, project: int, *, trigger: bool = False, scopes: Sequence[str] = ("api",), expires_at: str = ""
    ) -> Token:
        """Add a project access token, or a trigger token; ``.value`` is secret, ``.user`` its account."""
        owner = self.store.projects[project]
        return new_token(self.store, owner, trigger=trigger, scopes=scopes, expires_at=expires_at)

    def create_personal_token(self, user: int) -> Token:
        """Add a token of a person, good for all of their projects."""
        return new_personal_token(self.store, user)

    def revoke_token(self, token: Token) -> None:
        """Take a token back."""
        self.store.tokens[token.id].revoked = True
        self.store.save()

    def add_hook(
        self,
        project: int,
        url: str,
        *,
        token: str = "",
        signing_token: str = "",
        pipeline_events: bool = True,
        job_events: bool = False,
    ) -> int:
        """Add a webhook to the project; its id."""
        hook_id = self.store.next_id()
        self.store.hooks[hook_id] = Hook(
            hook_id, project, url, token, signing_token, pipeline_events, job_events
        )
        self.store.save()
        return hook_id

    def cancel_all(self) -> None:
        """Stop every pipeline that runs or waits."""
        for pipeline in list(self.store.pipelines.values()):
            self._runner.cancel(pipeline)

    def _answer(self, request: Request) -> Response:
        if self._context is None:
            return json_reply(503, {"message": "starting"})
        if request.path == _CONTROL:
            return _control(self.faults, request)
        return answer(self._context, self._routes, self.faults, request)

    def _create_child(
        self, parent: Pipeline, trigger: Any, variables: Mapping[str, str]
    ) -> tuple[Pipeline, Config]:
        return self._pipelines.create_child(parent, trigger, variables)

    def _job_variables(self, pipeline: Pipeline, job: Job, written: Mapping[str, Any]) -> dict[str, str]:
        """The variables of the project, and those that only this job has, its id tokens among them."""
        path = self.store.projects[pipeline.project].path
        return {
            **self.store.projects[pipeline.project].variables,
            "CI_JOB_ID": str(job.id),
            "CI_JOB_URL": f"{self.url}/{path}/-/jobs/{job.id}",
            "CI_JOB_TIMEOUT": str(int(job.timeout)),
            **self.id_tokens.variables(pipeline, job, written),
        }


def _control(faults: Faults, request: Request) -> Response:
    """``POST /-/faults`` adds one, ``DELETE`` forgets all; this page is not GitLab's."""
    if request.method == "DELETE":
        faults.clear()
        return Response(status=204)
    try:
        faults.add(**json.loads(request.get_data()))
    except (TypeError, ValueError) as error:
        return json_reply(400, {"error": str(error)})
    return json_reply(201, {"added": True})
