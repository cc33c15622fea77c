"""CI providers, and those who sign their tokens."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sealrun.offers.provider_rules import Issuer
from sealrun.offers.source import Source
from sealrun.runs.run import Job, Project, Run


class Provider(Protocol):
    """A CI provider, opened for one offer with its credential.

    Every method raises ProviderRefused, ProviderBusy or ProviderUnclear, and nothing else of its own.
    """

    def head(self) -> str:
        """The commit that the offer's ref names now; empty where there is no such protected ref."""

    def project(self) -> Project:
        """The project's settings as they are now."""

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        """Start one run at the offer's ref. ``name`` travels as the call's input and as the run's name."""

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        """All runs with exactly this name, lowest id first; none is older than ``since`` (Unix seconds).

        A run whose id is ``known`` is left out, and not read again.
        """

    def read(self, run_id: int) -> Run: ...

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        """Ids of the ref's runs that changed since then, of those that were started at ``started`` or later.

        May name more, but leaves out none. One request lists a hundred. None where the provider has no such
        list, or where more than a few hundred runs changed. Both times are Unix seconds.
        """

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        """Ask the provider to stop the run. That it stopped is known only from ``read``.

        With ``force`` it is asked not to wait for what the run does at its end, where it knows that.
        """

    def jobs(self, run_id: int) -> list[Job]: ...

    def jobs_now(self, run_id: int) -> list[Job]:
        """The jobs of a run that goes on, by id, in one request.

        Those of the provider's first page, at most 100; no archive, and no job of a child pipeline.
        """

    def log(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]: ...

    def artifacts(self, job_id: int) -> AbstractContextManager[Iterator[bytes]]:
        """The job's artifacts archive (zip), in pieces as they arrive."""


class Issuers(Protocol):
    """Who signs the CI tokens of a source's jobs."""

    def pinned(self, source: Source) -> Issuer | None:
        """The issuer that counts here for this source; None where there is none."""

    def keys(self, issuer: Issuer) -> Sequence[Mapping[str, Any]]:
        """Its JSON Web Keys as they are now; raises as a provider does."""
