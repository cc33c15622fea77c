"""Is a GitLab project fit for its offer: project, tag, the file by GitLab's own lint, the token?"""

import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from sealrun.offers.offer import Offer
from sealrun.providers.gitlab.job_rules import seconds as duration
from sealrun.providers.gitlab.kind import KIND
from sealrun.providers.pipeline import Pipeline
from sealrun.runs.run import Project
from sealrun_cli.lib.check_source import AGAIN, last_job_findings, split_trouble, success_findings
from sealrun_cli.lib.ci_files import followed, judgeable, read_pipeline, wildcard
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding, bad, good, unknown
from sealrun_cli.lib.gitlab_account import GitLabAccount, Lint, token_troubles
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.units import lasting

_VARIABLE = re.compile(r"[$%]\{?(\w+)", re.ASCII)


def gitlab_findings(
    offer: Offer, clone: Repository, account: GitLabAccount, *, today: date
) -> Iterator[Finding]:
    """Findings about project, tag, file and token, as GitLab reports them."""
    return _Check(offer, clone, account, today).findings()


@dataclass(frozen=True)
class _Check:
    offer: Offer
    clone: Repository
    account: GitLabAccount
    today: date

    def findings(self) -> Iterator[Finding]:
        """Findings about project, tag, file, token and the time of jobs, in this order."""
        source = self.offer.source
        with self.account.opened(source, "project") as gitlab:
            settings = gitlab.project()
        yield from self._project(settings)
        with self.account.opened(source, "tag") as gitlab:
            commit = gitlab.head()
        if not commit:
            detail = f"{source.ref}: expected a protected tag, got none, or one that may move"
            yield bad("tag", detail, "push it, then protect it: Settings, Repository, Protected tags")
        elif commit != source.commit:
            yield bad("tag", f"expected {source.ref} at {source.commit}, GitLab has {commit}", AGAIN)
        else:
            yield good("tag", f"{source.ref} is protected at {source.url}")
        content = self.clone.file(source.commit, source.configuration.path)
        own = read_pipeline(source.provider, content, source.inputs_as)
        merged = yield from self._lint(content, own)
        yield from self._token()
        whole = merged is not None or not own.includes
        yield from long_jobs(self.offer, merged or own, settings.job_seconds, whole=whole)

    def _lint(self, content: bytes, own: Pipeline) -> Generator[Finding, None, Pipeline | None]:
        """GitLab's own judgement of the file at the tag, merged with its includes; that file, if any."""
        if not self.account.token:
            yield unknown("lint", "GitLab's own judgement needs --token-file")
            return None
        source = self.offer.source
        judged = self.account.lint(source.project, judgeable(content))
        if judged.needs_inputs:
            detail = "GitLab judges no file whose inputs lack defaults; included files were not looked at"
            yield unknown("lint", detail, "give the inputs defaults to have them looked at")
        elif others := list(self._others(own, judged)):
            what = "GitLab merges what its default branch includes"
            detail = (
                f"{what}, and a call's run at {source.ref} may include another: {', '.join(others)[:200]}"
            )
            said = f"; it refuses that: {refused}" if (refused := "; ".join(judged.errors)[:300]) else ""
            yield unknown("lint", f"{detail}{said}", "have a run judged: sealrun check --run")
        elif judged.errors:
            yield bad(
                "lint", f"GitLab refuses the file: {'; '.join(judged.errors)[:300]}", "correct the file"
            )
        else:
            merged = read_pipeline(source.provider, judged.merged.encode(), source.inputs_as)
            yield from _merged_findings(self.offer, merged, own)
            return merged
        return None

    def _others(self, own: Pipeline, judged: Lint) -> Iterator[str]:
        """Includes that may be others in a run at the tag: by rules, name, or as files of another commit."""
        local = judged.local or self._named(own, judged.head)
        yield from self._chosen(own, local)
        for path, commit in local.items():
            same = self._same(path, commit)
            yield from self._chosen(same, local) if same else (path,)

    def _named(self, own: Pipeline, head: str) -> Mapping[str, str]:
        """The project's own files that the file names, where GitLab refused it before it listed them."""
        names = {*self.clone.files(self.offer.source.commit), *self.clone.files(head)} if head else set()
        found = followed(own, names, lambda path: self._same(path, head))
        return {path: head for _, paths in found for path in paths}

    def _chosen(self, file: Pipeline, local: Mapping[str, str]) -> Iterator[str]:
        """Includes that rules, the run's own values or a wildcard choose, of a file as the tag has it."""
        source = self.offer.source
        yield from file.by_run
        for include in file.includes:
            variables = {*_VARIABLE.findall(include)} if source.inputs_as == "variables" else set()
            if variables & {*self.offer.inputs.names}:
                yield include
            if include.startswith("local:") and "*" in include:
                taken = wildcard(include.removeprefix("local:"))
                found = filter(taken.fullmatch, self.clone.files(source.commit))
                yield from (path for path in found if path not in local)

    def _same(self, path: str, commit: str) -> Pipeline | None:
        """The file, if it is the same at the offer's commit, as far as the clone shows both."""
        source = self.offer.source
        with suppress(CliError):
            content = self.clone.file(source.commit, path)
            if commit == source.commit or self.clone.file(commit, path) == content:
                return read_pipeline(source.provider, content, source.inputs_as)
        return None

    def _project(self, settings: Project) -> Iterator[Finding]:
        source = self.offer.source
        path, name = source.configuration.path, f"project {source.project}"
        if settings.configuration not in ("", path):
            detail = f"expected the project to run {path}, got {settings.configuration}"
            yield bad("project", detail, "change it in Settings, CI/CD, General pipelines")
        if source.inputs_as == "variables" and not settings.takes_variables:
            detail = f"{name}: expected it to let the token set variables, got a project that lets no one"
            yield bad("project", detail, "allow it in Settings, CI/CD, Variables")
        if self.offer.evidence.inputs == "buyer" and not settings.private:
            detail = f"{name}: expected a private project, for its inputs are the buyer's"
            yield bad("project", detail, 'make the project private, or write inputs = "public" in [evidence]')
        yield good("project", f"{name} is {'private' if settings.private else 'public'}")

    def _token(self) -> Iterator[Finding]:
        if not self.account.token:
            yield unknown("token", "not looked at without --token-file")
            return
        holder = self.account.holder()
        if holder.user != self.offer.source.user:
            wanted = self.offer.source.user
            yield unknown("token", f"of user {holder.user}, good for looking; to seal, that of {wanted}")
            return
        troubles = list(token_troubles(holder, self.offer.source.user, today=self.today))
        for trouble in troubles:
            yield bad("token", trouble, KIND.credential_advice)
        if not troubles:
            yield good("token", f"of user {holder.user}, until {holder.expires}")


def long_jobs(offer: Offer, pipeline: Pipeline, project: int, *, whole: bool) -> Iterator[Finding]:
    """Whether jobs may run longer than the offer lets them.

    A job's own timeout stands before the project's: https://docs.gitlab.com/ci/yaml/#timeout

    Args:
        offer: what is sold.
        pipeline: what the file declares.
        project: how long the project lets a job run, in seconds; 0 where that is not shown.
        whole: the file includes no other, or is merged with them.
    """
    own = [seconds for name in pipeline.jobs if (seconds := duration(pipeline.timeouts.get(name, "")))]
    every = whole and len(own) == len(pipeline.jobs)
    longest = int(max(*own, 0 if every else project, 0))
    if longest > offer.limits.seconds:
        limit = f"the offer's limit of {lasting(offer.limits.seconds)} stops them first"
        yield unknown("limits", f"jobs may run {lasting(longest)}, {limit}")


def _merged_findings(offer: Offer, merged: Pipeline, own: Pipeline) -> Iterator[Finding]:
    """Findings about what included files add; inputs and names are checked in the file alone."""
    for trouble in merged.troubles:
        yield bad("lint", *split_trouble(trouble))
    if merged.cancels_itself and not own.cancels_itself:
        detail = "by an included file, a newer commit may cancel a run that was paid for"
        yield bad("lint", detail, "take `auto_cancel` out of it")
    yield from (finding for finding in success_findings(offer, merged) if finding.holds is False)
    yield from last_job_findings(offer, merged, merged=True)
    yield good("lint", f"GitLab takes the file: {', '.join(merged.jobs)[:200]}")
