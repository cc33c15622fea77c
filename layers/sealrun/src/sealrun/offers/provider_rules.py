"""What the core knows of a CI provider, as data, and the registry that says where each provider's folder is.

A provider's folder stands above the core, because its client opens connections. Its rules are needed below:
to read an offer, to judge a run, to check a token. So every folder keeps them in a module of its own,
``rules.py``, which holds data and imports only this module; the core finds it by the name in ``PROVIDERS``.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

# One line a provider: its name in offers, and the package that holds all that is known of it.
PROVIDERS: dict[str, str] = {
    "gitlab": "sealrun.providers.gitlab",
    "github": "sealrun.providers.github",
    "forgejo": "sealrun.providers.forgejo",
}


class Issuer(NamedTuple):
    """Who signs CI tokens; one on loopback stands in for a public one on one machine only."""

    name: str  # what the token must have as iss
    keys_url: str  # its JSON Web Key Set
    public: bool


class TokenRules(NamedTuple):
    """What a provider's CI token must say of the job that it is about.

    The values of ``claims`` and ``endings`` are templates over what is known of the job without the token:
    ``{project} {ref} {commit} {path} {user}`` of the offer's source, ``{run} {run_source} {job}`` of the run.
    """

    keys_path: str  # where an issuer keeps its keys, behind its origin
    public: Mapping[str, Issuer]  # issuers that count for grade 1, by the provider's origin (E2)
    claims: Mapping[str, str]  # claims that must equal
    shown: tuple[str, ...]  # claims that concern no person, and are shown to anyone
    about: str  # what one token is about: a job, or a run
    endings: Mapping[str, str] = {}  # claims that must end so
    personal: tuple[str, ...] = ()  # claims whose values no message repeats
    last_source: str = ""  # its word for what started the last job, of which nothing else can be started so
    last_workflow: str = ""  # or the claim that names the called workflow whose job is the last one
    bots: str = ""  # a pattern of the claim user_login for accounts that are no person; empty where none is


class ProviderRules(NamedTuple):
    """One provider, as far as offers, runs and receipts have to know it."""

    name: str
    project_pattern: str  # of ``source.project``
    project_says: str  # the same in words
    repository: str  # template of the repository's page over {origin} and {project}
    max_inputs: int  # that a buyer may set; the provider's own limit is one higher, for the call's hash (R2)
    run_sources: tuple[str, ...]  # the provider's words for what our own request starts (R3)
    input_ways: tuple[str, ...] = ("inputs",)  # how a start can carry them: ``source.inputs_as``
    faults: frozenset[str] = frozenset()  # its words for a job that failed by no fault of its script
    sellers_faults: frozenset[str] = frozenset()  # those of them that neither inputs nor load can cause
    names_runners: bool = True  # it names the runner of each job that one took
    pages: Mapping[str, str] = {}  # the pages' origin where it is not the API's
    tenant_api: str = ""  # a pattern of origins of tenants' APIs; its group is the host of their pages
    token: TokenRules | None = None  # None where no token of this provider counts

    def page(self, origin: str, project: str) -> str:
        """Where the repository is found."""
        return self.repository.format(origin=self.pages.get(origin, origin), project=project)

    def place(self, origin: str, project: str) -> str:
        """The page in one spelling, where a tenant's own host answers for its API as well."""
        tenant = re.fullmatch(self.tenant_api, origin)
        return self.page(f"https://{tenant[1]}" if tenant else origin, project)


def rules_of(provider: str) -> ProviderRules:
    """The rules of a registered provider.

    Raises:
        KeyError: there is no such provider.
    """
    rules = member(PROVIDERS[provider], "rules", "RULES")
    if not isinstance(rules, ProviderRules) or rules.name != provider:
        raise TypeError(f"{PROVIDERS[provider]}.rules: expected the rules of {provider} as RULES, got others")
    return rules


def most_inputs() -> int:
    """As many inputs as any registered provider lets a buyer set."""
    return max(rules_of(name).max_inputs for name in PROVIDERS)


@cache
def member(package: str, module: str, name: str) -> Any:
    """What a provider's package calls ``name`` in one of its modules."""
    return getattr(import_module(f"{package}.{module}"), name)
