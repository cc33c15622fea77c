"""A provider whose work must be done by a given time, so that no wait has no end (L11).

What one request may take is the transport's to bound; this bounds all requests of one piece of work together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sealrun.errors import ProviderError, TookTooLong
from sealrun.ports.provider import Provider
from sealrun.runs.run import Job, Project, Run

TOO_LONG = "time: expected the provider's answers within the time for them, got fewer"


@dataclass(frozen=True)
class Deadline:
    """When a piece of work must be done, Unix seconds, and the clock that tells."""

    ends: int
    clock: Callable[[], int]

    def check(self) -> None:
        """There is time left.

        Raises:
            TookTooLong: there is none.
        """
        if self.over:
            raise TookTooLong(TOO_LONG)

    @property
    def over(self) -> bool:
        """True when there is no time left."""
        return self.clock() >= self.ends

    def sooner(self, seconds: int) -> "Deadline":
        """The one that is so much earlier."""
        return Deadline(self.ends - seconds, self.clock)

    def on(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks, as long as there is time left."""
        for chunk in chunks:
            self.check()
            yield chunk


@dataclass(frozen=True)
class InTime:
    """``ports.provider.Provider`` that asks another one as long as there is time left."""

    provider: Provider
    deadline: Deadline

    def head(self) -> str:
        with self._asking() as provider:
            return provider.head()

    def project(self) -> Project:
        with self._asking() as provider:
            return provider.project()

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        with self._asking() as provider:
            return provider.start(name=name, inputs=inputs)

    def find(self, name: str, *, since: int, known: int = 0) -> list[Run]:
        with self._asking() as provider:
            return provider.find(name, since=since, known=known)

    def read(self, run_id: int) -> Run:
        with self._asking() as provider:
            return provider.read(run_id)

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        with self._asking() as provider:
            return provider.changed(since=since, started=started)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        with self._asking() as provider:
            provider.cancel(run_id, force=force)

    def jobs(self, run_id: int) -> list[Job]:
        with self._asking() as provider:
            return provider.jobs(run_id)

    def jobs_now(self, run_id: int) -> list[Job]:
        with self._asking() as provider:
            return provider.jobs_now(run_id)

    @contextmanager
    def log(self, job_id: int) -> Iterator[Iterator[bytes]]:
        with self._asking() as provider, provider.log(job_id) as chunks:
            yield self.deadline.on(chunks)

    @contextmanager
    def artifacts(self, job_id: int) -> Iterator[Iterator[bytes]]:
        with self._asking() as provider, provider.artifacts(job_id) as chunks:
            yield self.deadline.on(chunks)

    @contextmanager
    def _asking(self) -> Iterator[Provider]:
        """The provider, while there is time left. What it fails with after that is that the time is over."""
        self.deadline.check()
        try:
            yield self.provider
        except ProviderError as error:
            if self.deadline.over:
                raise TookTooLong(f"{TOO_LONG}: {error.detail}") from error
            raise
