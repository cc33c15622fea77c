"""A provider whose work must be done by a given time, so that no wait has no end (L11).

What one request may take is the transport's to bound; this bounds all requests of one piece of work together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sealrun.errors import TookTooLong
from sealrun.ports.provider import Provider
from sealrun.runs.run import Job, Project, Run


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
        if self.clock() >= self.ends:
            raise TookTooLong("time: expected the provider's answers within the time for them, got fewer")

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
        return self._asked.head()

    def project(self) -> Project:
        return self._asked.project()

    def start(self, *, name: str, inputs: Mapping[str, object]) -> Run:
        return self._asked.start(name=name, inputs=inputs)

    def find(self, name: str, *, since: int) -> list[Run]:
        return self._asked.find(name, since=since)

    def read(self, run_id: int) -> Run:
        return self._asked.read(run_id)

    def changed(self, *, since: int, started: int) -> frozenset[int] | None:
        return self._asked.changed(since=since, started=started)

    def cancel(self, run_id: int, *, force: bool = False) -> None:
        self._asked.cancel(run_id, force=force)

    def jobs(self, run_id: int) -> list[Job]:
        return self._asked.jobs(run_id)

    def jobs_now(self, run_id: int) -> list[Job]:
        return self._asked.jobs_now(run_id)

    @contextmanager
    def log(self, job_id: int) -> Iterator[Iterator[bytes]]:
        with self._asked.log(job_id) as chunks:
            yield self.deadline.on(chunks)

    @contextmanager
    def artifacts(self, job_id: int) -> Iterator[Iterator[bytes]]:
        with self._asked.artifacts(job_id) as chunks:
            yield self.deadline.on(chunks)

    @property
    def _asked(self) -> Provider:
        self.deadline.check()
        return self.provider
