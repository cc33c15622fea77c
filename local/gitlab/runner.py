"""Runs pipelines: a few workers take them from a queue and let gitlab-ci-local execute their jobs."""

import contextlib
import os
import queue
import re
import signal
import subprocess
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from local.engines import start
from local.gitlab import archives
from local.gitlab.config import (
    GENERATED,
    Config,
    base_name,
    bridge_path,
    command,
    retries,
    variable_arguments,
    write_generated,
)
from local.gitlab.pipelines import Rejected, variables_of
from local.gitlab.store import Job, Pipeline, Store
from local.signals import write_whole

# How a child may end for its bridge to succeed.
_GOOD_ENOUGH = frozenset({"success", "skipped", "manual"})
OVER = frozenset({"success", "failed", "canceled", "skipped"})
_STARTED = re.compile(r"^(?P<name>.+?)\s+starting shell \(")
_FINISHED = re.compile(r"^(?P<name>.+?)\s+finished in .*?(?:(?P<verdict>FAIL|WARN) (?P<code>\d+))?\s*$")
# The engine copies artifacts after it has reported the job's end.
_EXPORTED = re.compile(r"^(?P<name>.+?)\s+(?:exported artifacts in |!! no artifacts was copied !!)")
_TICK_SECONDS = 0.2

CreateChild = Callable[[Pipeline, Any, Mapping[str, str]], tuple[Pipeline, Config]]
JobVariables = Callable[[Pipeline, Job, Mapping[str, Any]], Mapping[str, str]]


class Runner:
    """The workers, and the pipelines that they run."""

    def __init__(
        self,
        store: Store,
        *,
        url: str,
        workers: int,
        job_variables: JobVariables,
        create_child: CreateChild,
        changed: Callable[[Pipeline, Job | None], None],
    ) -> None:
        """Start the workers.

        Args:
            store: where pipelines and jobs are.
            url: this server's, for the jobs' variables.
            workers: how many pipelines run at once; others wait as ``pending``.
            job_variables: the variables of one job, its ``id_tokens`` among them.
            create_child: makes the pipeline that a bridge starts.
            changed: called with each new status of a pipeline or of one of its jobs.
        """
        self._store, self._url = store, url
        self._job_variables, self._changed = job_variables, changed
        self._create_child = create_child
        self._queue: queue.Queue[tuple[Pipeline, list[Job]] | None] = queue.Queue()
        self._configs: dict[int, Config] = {}
        self._running: dict[int, subprocess.Popen[str]] = {}
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def add(self, pipeline: Pipeline, config: Config) -> None:
        """Queue a new pipeline with all its jobs."""
        self._configs[pipeline.id] = config
        self._enqueue(pipeline, self._store.jobs_of(pipeline.id, retried=False)[::-1])

    def retry(self, pipeline: Pipeline, jobs: Iterable[Job]) -> list[Job]:
        """Queue a further attempt of each of these jobs; the old ones become ``retried``."""
        again = [self._next_attempt(job) for job in jobs]
        self._enqueue(pipeline, again)
        return again

    def cancel(self, pipeline: Pipeline) -> None:
        """Stop the pipeline; what is over stays as it is."""
        with self._store.lock:
            if pipeline.status in OVER:
                return
            process = self._running.get(pipeline.id)
            pipeline.status = "canceling" if process else "canceled"
            if process is None:
                self._finish(pipeline, "canceled")
        for job in self._store.jobs_of(pipeline.id, retried=True):
            if job.downstream:
                self.cancel(self._store.pipelines[job.downstream])
        if process is not None:
            self._stop(process, self._store.clone_of(pipeline.id))

    def close(self) -> None:
        """Stop the workers and everything that runs."""
        for _ in self._threads:
            self._queue.put(None)
        for pipeline_id, process in list(self._running.items()):
            self._stop(process, self._store.clone_of(pipeline_id))
        for thread in self._threads:
            thread.join(timeout=20)

    def _next_attempt(self, job: Job) -> Job:
        if job.bridge:
            self._bridge_path(job).unlink(missing_ok=True)
        with self._store.lock:
            job.retried = True
            fields = {name: getattr(job, name) for name in ("pipeline", "project", "name", "stage", "bridge")}
            new = Job(
                id=self._store.next_id(),
                when="on_success",
                allow_failure=job.allow_failure,
                timeout=job.timeout,
                created_at=time.time(),
                **fields,
            )
            self._store.jobs[new.id] = new
        return new

    def _enqueue(self, pipeline: Pipeline, jobs: list[Job]) -> None:
        self._announce(pipeline, jobs)
        self._queue.put((pipeline, jobs))

    def _announce(self, pipeline: Pipeline, jobs: list[Job]) -> None:
        self._set(pipeline, None, "pending")
        for job in jobs:
            self._set(pipeline, job, "manual" if job.when == "manual" else "created")

    def can_retry(self, pipeline: Pipeline) -> bool:
        """True for a pipeline that is over and was created by this very process.

        GitLab also retries jobs of a pipeline that still runs; here two engines would share a checkout.
        """
        return pipeline.status in OVER and pipeline.id in self._configs

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            pipeline, jobs = item
            try:
                self._run(pipeline, jobs)
            except Exception:  # noqa: BLE001  a worker outlives whatever one pipeline does to it
                traceback.print_exc()
                self._finish(pipeline, "skipped")

    def _run(self, pipeline: Pipeline, jobs: list[Job]) -> None:
        """Run these jobs, then those that failed and may be retried, with the jobs that wait for them."""
        while jobs and pipeline.status not in OVER:
            self._run_once(pipeline, jobs)
            jobs = [] if pipeline.status == "canceling" else self._further_attempts(pipeline, jobs)
        if pipeline.status not in OVER:
            self._finish(pipeline, "canceled" if pipeline.status == "canceling" else "skipped")

    def _run_once(self, pipeline: Pipeline, jobs: list[Job]) -> None:
        clone, config = self._store.clone_of(pipeline.id), self._configs[pipeline.id]
        by_base = {base_name(job.name, config.document): job for job in reversed(jobs)}

        def variables(name: str, written: Mapping[str, Any]) -> Mapping[str, str]:
            return self._job_variables(pipeline, by_base[name], written) if name in by_base else {}

        write_generated(clone, config, variables)
        with self._store.lock:
            if pipeline.status in OVER:
                return  # canceled while it was taken from the queue
            process = self._start(pipeline, jobs)
            self._running[pipeline.id] = process
            self._set(pipeline, None, "running")
        watch = threading.Thread(target=self._watch_times, args=(process, jobs, clone), daemon=True)
        watch.start()
        try:
            self._follow(pipeline, process, {job.name: job for job in jobs})
        finally:
            process.wait()
            watch.join()
            self._running.pop(pipeline.id, None)

    def _further_attempts(self, pipeline: Pipeline, jobs: list[Job]) -> list[Job]:
        config = self._configs[pipeline.id]
        made = Counter(job.name for job in self._store.jobs_of(pipeline.id, retried=True))

        def again(job: Job) -> bool:
            retry = config.written(job.name).get("retry")
            return job.status == "failed" and made[job.name] <= retries(retry, job.failure_reason)

        failed = [job for job in jobs if again(job)]
        if not failed:
            return []
        waiting = [job for job in jobs if job.status == "created"]
        return [*(self._next_attempt(job) for job in failed), *waiting]

    def _start(self, pipeline: Pipeline, jobs: list[Job]) -> subprocess.Popen[str]:
        everything = len(jobs) == len(self._configs[pipeline.id].jobs)
        arguments = [
            *("--file", GENERATED, "--force-shell-executor", "--shell-isolation"),
            *("--json-schema-validation=false", "--artifacts-to-source=false"),
            *variable_arguments(variables_of(self._store, pipeline, url=self._url)),
        ]
        line = command(*arguments, *([] if everything else [job.name for job in jobs]))
        return start(line, folder=self._store.clone_of(pipeline.id), home=self._store.folder / "home")

    def _follow(self, pipeline: Pipeline, process: subprocess.Popen[str], jobs: dict[str, Job]) -> None:
        """Read the engine's lines, which tell of each job's start and end, and of its artifacts."""
        if process.stdout is None:
            raise ValueError("stdout: expected a pipe, got none")
        with process.stdout as lines, (self._store.clone_of(pipeline.id) / "engine.log").open("a") as log:
            for line in lines:
                log.write(line)
                if (match := _STARTED.match(line)) and match["name"] in jobs:
                    self._started(pipeline, jobs[match["name"]])
                elif (match := _FINISHED.match(line)) and match["name"] in jobs:
                    self._script_over(pipeline, jobs[match["name"]], match["verdict"], match["code"])
                elif (match := _EXPORTED.match(line)) and match["name"] in jobs:
                    self._job_over(pipeline, jobs[match["name"]])
        for job in jobs.values():
            self._job_over(pipeline, job)

    def _started(self, pipeline: Pipeline, job: Job) -> None:
        self._set(pipeline, job, "running")
        if job.bridge:
            threading.Thread(target=self._run_bridge, args=(pipeline, job), daemon=True).start()

    def _run_bridge(self, pipeline: Pipeline, job: Job) -> None:
        """Run the child pipeline; with a ``strategy``, the bridge ends as the child does.

        https://docs.gitlab.com/ci/yaml/#triggerstrategy
        """
        written, done = self._configs[pipeline.id].written(job.name), self._bridge_path(job)
        trigger = written["trigger"]
        variables = _forwarded(trigger, written)
        try:
            child, config = self._create_child(
                pipeline, trigger, {name: str(value) for name, value in variables.items()}
            )
        except Rejected:
            job.failure_reason = "downstream_pipeline_creation_failed"
            write_whole(done, "1")
            return
        job.downstream = child.id
        if "strategy" not in trigger:
            write_whole(done, "0")
        self._run_child(child, config)
        if "strategy" in trigger:
            job.failure_reason = "" if child.status in _GOOD_ENOUGH else "unknown_failure"
            write_whole(done, "1" if job.failure_reason else "0")

    def _bridge_path(self, job: Job) -> Path:
        name = base_name(job.name, self._configs[job.pipeline].document)
        return bridge_path(self._store.clone_of(job.pipeline), name)

    def _run_child(self, child: Pipeline, config: Config) -> None:
        """Run it in this thread: all workers may be busy with pipelines that wait for their children."""
        self._configs[child.id] = config
        jobs = self._store.jobs_of(child.id, retried=False)[::-1]
        self._announce(child, jobs)
        self._run(child, jobs)

    def _script_over(self, pipeline: Pipeline, job: Job, verdict: str | None, code: str | None) -> None:
        job.exit_code = int(code or 0)
        job.allow_failure = job.allow_failure or verdict == "WARN"
        if verdict:
            job.failure_reason = job.failure_reason or "script_failure"
        if "artifacts" not in self._configs[pipeline.id].written(job.name):
            self._job_over(pipeline, job)

    def _job_over(self, pipeline: Pipeline, job: Job) -> None:
        """The job's end, once its script is over; when it was stopped, ``_finish`` tells how it ended."""
        if job.status != "running" or job.exit_code is None or pipeline.status == "canceling":
            return
        archives.keep(self._store, job)
        self._set(pipeline, job, "failed" if job.failure_reason else "success")

    def _watch_times(self, process: subprocess.Popen[str], jobs: list[Job], clone: Path) -> None:
        """Stop jobs that exceed their timeout, because the engine does not."""
        while process.poll() is None:
            for job in jobs:
                if job.status == "running" and time.time() - job.started_at > job.timeout:
                    job.failure_reason = "job_execution_timeout"
                    _kill_under(archives.build_folder(clone, job.name))
            time.sleep(_TICK_SECONDS)

    def _finish(self, pipeline: Pipeline, rest: str) -> None:
        """Give jobs that never ended their status, then the pipeline its own."""
        jobs = self._store.jobs_of(pipeline.id, retried=False)
        for job in jobs:
            if job.status in OVER or job.status == "manual":
                continue
            if job.status == "running" and rest == "skipped":
                job.failure_reason = "runner_system_failure"
            archives.keep(self._store, job)
            self._set(pipeline, job, "failed" if job.failure_reason else rest)
        self._set(pipeline, None, _outcome(jobs, canceled=rest == "canceled"))

    def _set(self, pipeline: Pipeline, job: Job | None, status: str) -> None:
        with self._store.lock:
            thing = job or pipeline
            thing.status = status
            if status == "running" and not thing.started_at:
                thing.started_at = time.time()
            thing.finished_at = time.time() if status in OVER else 0.0
            self._store.save()
        self._changed(pipeline, job)

    @staticmethod
    def _stop(process: subprocess.Popen[str], clone: Path) -> None:
        """Stop the engine, then what it started, which may be in sessions of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        _kill_under(clone)


def _forwarded(trigger: Any, written: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bridge's own variables, unless it keeps them: https://docs.gitlab.com/ci/yaml/#triggerforward."""
    forward = trigger.get("forward") or {} if isinstance(trigger, dict) else {}
    return dict(written.get("variables") or {}) if forward.get("yaml_variables", True) else {}


def _outcome(jobs: list[Job], *, canceled: bool) -> str:
    statuses = {job.status for job in jobs if not (job.allow_failure and job.status in ("failed", "manual"))}
    for status in ("canceled", "failed", "manual", "success"):
        if status in statuses:
            return status
    if canceled:
        return "canceled"
    return "skipped" if statuses == {"skipped"} else "success"


def _kill_under(folder: Path) -> None:
    """Kill every process whose working directory is in this folder; only jobs work there."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                os.kill(int(entry.name), signal.SIGKILL)
