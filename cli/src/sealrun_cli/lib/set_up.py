"""What the command asks a provider while a seller sets up an account there, behind one interface.

``set_up_of`` finds a provider's implementation by ``Kind.set_up``, the name of a module of this folder. A
provider without one is not asked: the seller gives its answers instead, and webhooks are added by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from typing import Protocol

from sealrun.offers.offer import Offer
from sealrun.offers.provider_rules import PROVIDERS
from sealrun.offers.source import split_base
from sealrun.providers.kind import kind_of
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import Finding, unknown
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.service import Service
from sealrun_cli.lib.vault import Vault


@dataclass(frozen=True)
class Place:
    """A project as its provider describes it; empty where the provider gives nothing."""

    project: str  # as an offer names it
    configuration: str  # the file that it is set to run
    private: bool
    path: str = ""  # as the provider's tokens name it


class SetUp(Protocol):
    """One provider, asked with a token or anonymously; a method without an answer raises CliError."""

    @property
    def asks(self) -> tuple[str, str]:
        """The questions for its address and for the project."""

    def place(self, project: str) -> Place:
        """The project as offers name it, and its settings."""

    def user(self, wanted: int, *, today: date) -> int:
        """Whose token it is, if it may be sealed: that of ``wanted``, or of anyone where that is 0."""

    def add_hook(self, project: str, url: str, secret: str) -> None:
        """A webhook for runs, signed with the secret; one of the same URL is replaced."""

    def findings(self, offer: Offer, clone: Repository, *, today: date) -> Iterator[Finding]:
        """Is the project fit for its offer: project, tag, file and token?"""

    def may_rotate(self) -> None:
        """Tokens can be rotated by API; else the error says how it is done there."""

    def rotate(self, project: str, user: int, *, today: date, days: int) -> str:
        """Revoke the user's token and get its successor."""

    def vault(self, service: Service, project: str) -> Vault:
        """Where the project keeps secrets for its jobs."""


def known_provider(name: str) -> str:
    """The name, if a provider is registered by it.

    Raises:
        CliError: none is.
    """
    if name not in PROVIDERS:
        raise CliError("bad-request", f"provider: expected one of {', '.join(PROVIDERS)}, got {name[:40]!r}")
    return name


def address_of(provider: str, text: str) -> str:
    """Where the provider begins, in its one spelling: its own address, or that of its API.

    Raises:
        Malformed: it is neither.
    """
    return "".join(split_base(text.rstrip("/").removesuffix(kind_of(provider).api_path)))


def set_up_of(provider: str, origin: str, token: str = "") -> SetUp:
    """The provider's account set-up; for a provider that the command does not know, one that asks nothing."""
    module = kind_of(provider).set_up
    if not module:
        return NotAsked(provider, token)
    made: SetUp = import_module(f"sealrun_cli.lib.{module}").open_set_up(origin, token)
    return made


@dataclass(frozen=True)
class NotAsked:
    """A provider whose API this command does not speak."""

    provider: str
    token: str = field(repr=False)
    asks: tuple[str, str] = ("The provider's address", "The project, as offers name it")

    def place(self, project: str) -> Place:
        """As the seller says."""
        return Place(project, "", private=False)

    def user(self, wanted: int, *, today: date) -> int:  # noqa: ARG002
        """As the seller says."""
        if wanted:
            return wanted
        detail = f"user: expected the id of the token's account, which {self.provider} is not asked for"
        raise CliError("token", detail, "give --user")

    def add_hook(self, project: str, url: str, secret: str) -> None:  # noqa: ARG002
        """Refused."""
        raise CliError("provider", f"this command adds none at {self.provider}")

    def findings(self, offer: Offer, clone: Repository, *, today: date) -> Iterator[Finding]:  # noqa: ARG002
        """Nothing was looked at."""
        detail = f"{self.provider} is not asked by this command"
        yield unknown("provider", detail, "look at the tag's protection there")

    def may_rotate(self) -> None:
        """Refused."""
        detail = f"token: expected a provider whose tokens rotate by API, got {self.provider}"
        raise CliError("provider", detail, "revoke it there, then seal a new one for a new offer")

    def rotate(self, project: str, user: int, *, today: date, days: int) -> str:  # noqa: ARG002
        """Refused."""
        self.may_rotate()
        raise AssertionError

    def vault(self, service: Service, project: str) -> Vault:  # noqa: ARG002
        """Refused."""
        detail = f"provider: expected one whose secrets can be written, got {self.provider}"
        raise CliError("bad-request", detail)
