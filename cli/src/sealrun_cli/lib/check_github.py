"""Is a GitHub repository fit for its offer: the tag protected, the workflow active, the token bound?"""

from collections.abc import Iterator
from datetime import date

from sealrun.offers.offer import Offer
from sealrun.providers.kind import kind_of
from sealrun_cli.lib.findings import Finding, bad, good, unknown
from sealrun_cli.lib.github_account import GitHubAccount, github_token_troubles

RULESET_ADVICE = "add a tag ruleset: Settings, Rules, restrict updates and deletions of the tag"


def github_findings(offer: Offer, token: str, *, today: date) -> Iterator[Finding]:
    """Findings about repository, tag, workflow and token; without a token GitHub is not asked."""
    if not token:
        yield unknown("provider", "not looked at without --token-file")
        return
    source, account = offer.source, GitHubAccount(offer.source.url, token)
    facts = account.repository(source.project)
    if facts.full_name != source.project:
        detail = f"expected {source.project}, GitHub calls it {facts.full_name}"
        yield bad("project", detail, "run `sealrun init --force`: it is a new offer")
    if offer.evidence.inputs == "buyer" and not facts.private:
        detail = f"{facts.full_name}: expected a private one, for its inputs are the buyer's"
        yield bad("project", detail, 'make it private, or write inputs = "public" in [evidence]')
    path = account.workflow(source)
    if path != source.configuration.path:
        detail = f"expected the workflow {source.configuration.path}, GitHub has {path}"
        yield bad("project", detail, "run `sealrun init --force`: it is a new offer")
    yield good("project", f"{facts.full_name}, {'private' if facts.private else 'public'}, runs {path}")
    head = account.head(source)
    if head == source.commit:
        yield good("tag", f"{source.ref} is protected at {facts.full_name}")
    else:
        got = head or "no such tag that rules keep in its place"
        yield bad("tag", f"expected {source.ref} at {source.commit}, GitHub has {got}", RULESET_ADVICE)
    yield from _token(offer, account, today)


def _token(offer: Offer, account: GitHubAccount, today: date) -> Iterator[Finding]:
    holder = account.holder()
    troubles = list(github_token_troubles(holder, offer.source.user, today=today))
    for trouble in troubles:
        yield bad("token", trouble, kind_of(offer.source.provider).credential_advice)
    if not troubles:
        yield good("token", f"of user {holder.user}, until {holder.expires}")
