"""Is a GitLab project fit for its offer: project, tag, the file by GitLab's own lint, the token?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sealrun.offers.offer import Offer
from sealrun.providers.gitlab.kind import KIND
from sealrun.providers.pipeline import Pipeline
from sealrun_cli.lib.check_source import AGAIN, split_trouble, success_findings
from sealrun_cli.lib.ci_files import judgeable, read_pipeline
from sealrun_cli.lib.findings import Finding, bad, good, unknown
from sealrun_cli.lib.gitlab_account import GitLabAccount, ProjectFacts, token_troubles
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.units import lasting


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
        """Findings about project, tag, file and token, in this order."""
        source = self.offer.source
        facts = self.account.project(source.project)
        yield from self._project(facts)
        commit, protected = self.account.tag(source.project, source.ref.removeprefix("refs/tags/"))
        if commit != source.commit:
            yield bad("tag", f"expected {source.ref} at {source.commit}, GitLab has {commit}", AGAIN)
        elif not protected:
            detail = f"{source.ref}: expected a protected tag, got one that may move"
            yield bad("tag", detail, "protect it: Settings, Repository, Protected tags")
        else:
            yield good("tag", f"{source.ref} is protected at {facts.path}")
        yield from self._lint()
        yield from self._token()

    def _lint(self) -> Iterator[Finding]:
        """GitLab's own judgement of the file at the tag, merged with its includes."""
        if not self.account.token:
            yield unknown("lint", "GitLab's own judgement needs --token-file")
            return
        source = self.offer.source
        content = judgeable(self.clone.file(source.commit, source.configuration.path))
        judged = self.account.lint(source.project, content)
        if judged.needs_inputs:
            detail = "GitLab judges no file whose inputs lack defaults; included files were not looked at"
            yield unknown("lint", detail, "give the inputs defaults to have them looked at")
        elif judged.errors:
            yield bad(
                "lint", f"GitLab refuses the file: {'; '.join(judged.errors)[:300]}", "correct the file"
            )
        else:
            merged = read_pipeline(source.provider, judged.merged.encode(), source.inputs_as)
            yield from _merged_findings(self.offer, merged)

    def _project(self, facts: ProjectFacts) -> Iterator[Finding]:
        path = self.offer.source.configuration.path
        if facts.configuration not in (None, path):
            detail = f"expected the project to run {path}, got {facts.configuration}"
            yield bad("project", detail, "change it in Settings, CI/CD, General pipelines")
        if self.offer.evidence.inputs == "buyer" and not facts.private:
            detail = f"{facts.path}: expected a private project, for its inputs are the buyer's"
            yield bad("project", detail, 'make the project private, or write inputs = "public" in [evidence]')
        seconds = self.offer.limits.seconds
        if facts.build_timeout is not None and facts.build_timeout > seconds:
            allowed = lasting(facts.build_timeout)
            limit = f"the offer's limit of {lasting(seconds)} stops them first"
            yield unknown("limits", f"jobs may run {allowed}, {limit}")
        yield good("project", f"{facts.path} is {facts.id}, {'private' if facts.private else 'public'}")

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


def _merged_findings(offer: Offer, merged: Pipeline) -> Iterator[Finding]:
    """Findings about the jobs of included files; inputs and names are checked in the file alone."""
    for trouble in merged.troubles:
        yield bad("lint", *split_trouble(trouble))
    yield from (finding for finding in success_findings(offer, merged) if finding.holds is False)
    yield good("lint", f"GitLab takes the file: {', '.join(merged.jobs)[:200]}")
