"""The parts that routes work with, and the token, project, pipeline and job that a request names."""

from dataclasses import dataclass
from urllib.parse import unquote

from local.gitlab.access import current_token, is_member, visible_project
from local.gitlab.id_tokens import IdTokens
from local.gitlab.messages import forbidden, not_found, unauthorized
from local.gitlab.pipelines import Pipelines
from local.gitlab.runner import Runner
from local.gitlab.storage import ObjectStorage
from local.gitlab.store import Job, Pipeline, Project, Store, Token
from local.loopback import Request


@dataclass(frozen=True)
class Context:
    """The parts that routes work with."""

    store: Store
    pipelines: Pipelines
    runner: Runner
    url: str
    origin: str  # without the path that this GitLab is served under
    storage: ObjectStorage | None
    id_tokens: IdTokens

    def token(self, request: Request) -> Token:
        """The access token; 401 without one."""
        token = current_token(self.store, request)
        if token is None:
            raise unauthorized()
        return token

    def visible(self, request: Request) -> tuple[Project, Token | None]:
        """The project, if it is public or the token is its member's."""
        token = current_token(self.store, request)
        return visible_project(self.store, request, token), token

    def known(self, request: Request) -> tuple[Project, Token]:
        """The same, but only for requests with a token."""
        token = self.token(request)
        return visible_project(self.store, request, token), token

    def member(self, request: Request) -> tuple[Project, Token]:
        """The project, for its members."""
        project, token = self.known(request)
        if not is_member(token, project):
            raise forbidden()
        return project, token

    def project_for_trigger(self, request: Request) -> Project:
        """The project, whoever asks: the trigger token is judged next, with the same 404."""
        wanted = unquote(request.values_in_path["project"])
        for project in self.store.projects.values():
            if wanted in (str(project.id), project.path):
                return project
        raise not_found()

    def pipeline(self, request: Request, project: Project) -> Pipeline:
        """The project's pipeline that the path names."""
        pipeline = self.store.pipelines.get(request.values_in_path["pipeline"])
        if pipeline is None or pipeline.project != project.id:
            raise not_found()
        return pipeline

    def job(self, request: Request, project: Project) -> Job:
        """The project's job that the path names."""
        job = self.store.jobs.get(request.values_in_path["job"])
        if job is None or job.bridge or job.project != project.id:
            raise not_found()
        return job
