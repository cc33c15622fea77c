"""Everything that one process of a service runs: HTTP, collections, recurring tasks and metrics."""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools import Logger

from sealrun.adapters.aws.function_url import put_off
from sealrun.adapters.keys.key_file import FileKeys
from sealrun.adapters.prometheus.meter import PrometheusMeter
from sealrun.adapters.sql.database import Database
from sealrun.adapters.sql.deployment import Deployment
from sealrun.adapters.sql.ledger import SqlLedger
from sealrun.composition.served import Served
from sealrun.composition.services import Services, share
from sealrun.composition.settings import Settings
from sealrun.errors import SealrunError
from sealrun.serving.application import Application
from sealrun.serving.handlers import Handlers
from sealrun.serving.metrics import MetricsServer
from sealrun.serving.page import Page
from sealrun.serving.server import Server
from sealrun.serving.shares import Shares
from sealrun.serving.ticks import Task, Ticks
from sealrun.serving.wakes import Wakes


@dataclass(frozen=True)
class Sizes:
    """How much one process does at once, and how often it looks."""

    threads: int = 32  # requests that are answered at once
    collections: int = 10  # runs that are collected at once
    sweep_seconds: int = 60
    health_seconds: int = 300
    stop_seconds: float = 60.0  # for what is under way when it is to stop


class Service:
    """One process of a service, over a database that several may share."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        keys: FileKeys,
        *,
        listen: socket.socket,
        metrics: tuple[str, int] | None,
        sizes: Sizes,
        trusted_proxy: str = "",
        page: Page | None = None,
    ) -> None:
        """Nothing runs before ``start`` but metrics, at the address that Prometheus asks if there is one."""
        self._sizes = sizes
        self._logger = Logger(service="serve")
        self._deployment = Deployment(database)
        self._meter = PrometheusMeter()
        self._handlers = Handlers()
        self._wakes = Wakes(self._collect, threads=sizes.collections)
        outside = Served(
            settings,
            database,
            keys,
            waker=self._wakes,
            meter=self._meter,
            ended=lambda record: self._meter.ended(record, Services.clock()),
            share=Shares(sizes.threads).take,
        )
        self._services = Services(settings, put_off=put_off(self._logger), outside=outside).open_all()
        share(self._services)
        self._ledger = SqlLedger(database)
        self._meter.show("sealrun_runs_waiting", "Calls that are not over.", self._ledger.count_unfinished)
        self._meter.show("sealrun_wakes_waiting", "Collections that wait for a thread.", self._wakes.waiting)
        tasks = [
            Task("collect", sizes.sweep_seconds, {"sweep": True}),
            Task("health", sizes.health_seconds, {}),
        ]
        self._ticks = Ticks(tasks, take=self._take, do=self._do, failed=self._unasked)
        application = Application(
            self._handlers.run,
            store=self._services.store,
            health=self.health,
            logger=self._logger,
            page=page,
        )
        self._server = Server(application, listen, threads=sizes.threads, trusted_proxy=trusted_proxy)
        self.url = self._server.url
        self._metrics = MetricsServer(*metrics, self._meter.registry) if metrics else None
        self.metrics_url = self._metrics.url if self._metrics else ""

    def start(self) -> None:
        """Answer requests, and do what is due."""
        self._wakes.start()
        self._ticks.start()
        self._server.start()

    def stop(self) -> bool:
        """Begin nothing more and finish what is under way; False if the time was too short for that.

        What is left is found in the ledger by the next sweep, here or in another process.
        """
        self._logger.info("stopping")
        end = time.monotonic() + self._sizes.stop_seconds
        self._server.stop(seconds=self._sizes.stop_seconds)
        ended = [part.stop(seconds=max(0.1, end - time.monotonic())) for part in (self._ticks, self._wakes)]
        if self._metrics is not None:
            self._metrics.stop()
        share(None)
        self._logger.info("stopped", whole=all(ended))
        return all(ended)

    def health(self) -> dict[str, Any]:
        """Whether the ledger answers, and which tasks hang."""
        try:
            self._deployment.url()
            ledger = True
        except SealrunError:
            ledger = False
        late = self._ticks.late()
        return {"ok": ledger and not late, "ledger": ledger, "late": late}

    def _take(self, task: Task) -> bool:
        return self._deployment.take_tick(task.name, now=Services.clock(), every=task.every)

    def _do(self, task: Task) -> None:
        began = Services.clock()
        self._run(task.name, task.event)
        self._deployment.end_tick(task.name, began=began)

    def _unasked(self, task: Task, error: Exception) -> None:
        if isinstance(error, SealrunError):
            self._logger.warning("task failed", task=task.name, type=error.type, detail=error.detail)
        else:
            self._logger.error("task failed", exc_info=error, task=task.name)

    def _collect(self, call_hash: int) -> None:
        self._run("collect", {"collect": f"{call_hash:064x}"})

    def _run(self, name: str, event: Mapping[str, Any]) -> None:
        """Run a function in the background; the ledger says what is still to do after an error."""
        try:
            self._handlers.run(name, event)
        except Exception as error:
            self._logger.exception("failed", exc_info=error, function=name)
