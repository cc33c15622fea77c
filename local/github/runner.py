"""Runs workflows: ``act`` executes the jobs, and its output reports their steps, logs and results."""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.engines import start
from local.github.store import Artifact, Job, Run, Store
from local.github.workflows import Workflow, git

IDENTITY_PATH = "/_apis/idtoken"
_UPLOAD = Path(__file__).parent / "upload"
# What GitHub's own actions are replaced by, which speak to services of GitHub's.
_STAND_INS = {"upload-artifact": _UPLOAD, "download-artifact": Path(__file__).parent / "download"}
_USED = re.compile(rb"actions/((?:up|down)load-artifact)@[\w.-]+")
_OVER = {"success": "success", "failure": "failure", "cancelled": "cancelled", "skipped": "skipped"}


class Runner:
    """A few workers that run workflows."""

    def __init__(self, store: Store, *, url: str, workers: int, changed: Callable[[Run, str], None]) -> None:
        """``changed`` receives a run's ``requested``, ``in_progress`` and ``completed``."""
        self._store, self._url, self._changed = store, url, changed
        self._pool = ThreadPoolExecutor(workers)
        self._running: dict[int, subprocess.Popen[str]] = {}

    def add(self, run: Run, workflow: Workflow) -> None:
        """Queue a new run."""
        run.updated_at = run.created_at
        self._changed(run, "requested")
        self._pool.submit(self._work, run, workflow)

    def cancel(self, run: Run) -> None:
        """Stop a run; one that is over stays as it is."""
        with self._store.lock:
            if run.status == "completed":
                return
            process = self._running.get(run.id)
            run.conclusion = "cancelled"
        if process is not None:
            _stop(process)

    def close(self) -> None:
        """Stop everything that runs."""
        for run in self._store.runs.values():
            self.cancel(run)
        self._pool.shutdown(cancel_futures=True)

    def _work(self, run: Run, workflow: Workflow) -> None:
        try:
            if run.conclusion is None:
                self._run(run, workflow)
        except Exception:  # noqa: BLE001  a worker outlives whatever one run does to it
            traceback.print_exc()
            self._conclude(run, "startup_failure")
        self._finish(run, workflow)

    def _run(self, run: Run, workflow: Workflow) -> None:
        clone, folder = self._folder(run) / "checkout", self._folder(run)
        (folder / "artifacts").mkdir(parents=True)
        git(
            run.repository, "clone", "--quiet", "--shared", "--no-checkout", run.repository.folder, str(clone)
        )
        here = ["git", "-C", str(clone), "checkout", "--quiet", "--detach", run.sha]
        subprocess.run(here, check=True, capture_output=True, timeout=60)
        with self._store.lock:
            if run.conclusion is not None:
                return  # cancelled while it was made ready
            process = start(self._command(run, clone), folder=clone, home=folder / "home")
            self._running[run.id] = process
            run.status, run.started_at = "in_progress", time.time()
        self._touch(run, "in_progress")
        try:
            self._follow(run, workflow, process)
        finally:
            code = process.wait()
            self._running.pop(run.id, None)
        self._conclude(run, "success" if code == 0 else "failure")

    def _conclude(self, run: Run, conclusion: str) -> None:
        """Set the conclusion of a run, unless the run was cancelled."""
        with self._store.lock:
            run.conclusion = run.conclusion or conclusion

    def _command(self, run: Run, clone: Path) -> list[str]:
        texts = [file.read_bytes() for file in (clone / ".github" / "workflows").glob("*.y*ml")]
        used = {match[0].decode(): match[1].decode() for text in texts for match in _USED.finditer(text)}
        where, (owner, _, _) = run.repository.full_name, run.repository.full_name.partition("/")
        values = {
            "GITHUB_ACTOR_ID": run.actor.id,
            "GITHUB_API_URL": self._url,
            "GITHUB_REF": run.ref,
            "GITHUB_REF_NAME": run.ref.split("/", 2)[2],
            "GITHUB_REF_TYPE": "tag" if run.ref.startswith("refs/tags/") else "branch",
            "GITHUB_REPOSITORY": where,
            "GITHUB_REPOSITORY_ID": run.repository.id,
            "GITHUB_REPOSITORY_OWNER": owner,
            "GITHUB_RUN_ID": run.id,
            "GITHUB_RUN_NUMBER": run.number,
            "GITHUB_SERVER_URL": self._url,
            "SEALRUN_ARTIFACTS": self._folder(run) / "artifacts",
            "SEALRUN_PACK": _UPLOAD / "pack.py",
            "SEALRUN_PYTHON": sys.executable,
        }
        tokens = {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._url}{IDENTITY_PATH}/{run.id}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": run.request_token,
        }
        return [
            *(act(), "workflow_dispatch", "--json", "--no-cache-server", "--actor", run.actor.login),
            *("-W", f".github/workflows/{run.workflow}", "-P", "ubuntu-latest=-self-hosted"),
            *(
                part
                for name, action in sorted(used.items())
                for part in ("--local-repository", f"{name}={_STAND_INS[action]}")
            ),
            *(part for name, value in run.inputs.items() for part in ("--input", f"{name}={value}")),
            *(
                part
                for name, value in (values | (tokens if run.request_token else {})).items()
                for part in ("--env", f"{name}={value}")
            ),
        ]

    def _follow(self, run: Run, workflow: Workflow, process: subprocess.Popen[str]) -> None:
        """Read act's output, one JSON object a line; lines that are not JSON are its own messages."""
        if process.stdout is None:
            raise ValueError("stdout: expected a pipe, got none")
        with process.stdout as lines, (self._folder(run) / "act.log").open("w") as log:
            for line in lines:
                log.write(line)
                with contextlib.suppress(ValueError):
                    message = json.loads(line)
                    if "jobID" in message:
                        self._report(run, workflow, message)

    def _report(self, run: Run, workflow: Workflow, message: Mapping[str, Any]) -> None:
        caller, key = workflow.caller(str(message.get("job", ""))), message["jobID"]
        key = f"{caller}/{key}" if caller else key
        job = self._job(run, workflow, key, message.get("matrix") or {})
        job.uses = workflow.uses(caller)
        if message.get("raw_output"):
            job.lines.append(f"{_precise(time.time())} {message['msg'].rstrip()}")
        elif message.get("stepResult") == "failure" and message.get("stage") == "Main":
            job.lines.append(f"{_precise(time.time())} ##[error]{str(message['msg']).strip()}")
        if result := message.get("jobResult"):
            job.status, job.conclusion = "completed", _OVER.get(result, "failure")
            job.completed_at = time.time()
            # GitHub's runner writes lines of its own; here they are left out where the steps printed any.
            job.lines = job.lines or [f"{_precise(time.time())} Complete job name: {job.name}"]

    def _job(self, run: Run, workflow: Workflow, key: str, matrix: Mapping[str, Any]) -> Job:
        whole = f"{key} {json.dumps(matrix, sort_keys=True)}"
        for job in self._store.jobs_of(run.id):
            if job.key == whole:
                return job
        job = Job(self._store.next_id(), run.id, whole, workflow.job_name(key, matrix), "in_progress")
        job.created_at = job.started_at = time.time()
        self._store.jobs[job.id] = job
        return job

    def _finish(self, run: Run, workflow: Workflow) -> None:
        """Give jobs that never ended their conclusion, keep the artifacts, then end the run."""
        for key in workflow.document["jobs"]:
            if not any(job.key.startswith((f"{key} ", f"{key}/")) for job in self._store.jobs_of(run.id)):
                self._job(run, workflow, key, {}).started_at = 0.0
        for job in self._store.jobs_of(run.id):
            if job.status != "completed":
                rest = "skipped" if not job.started_at else "failure"
                job.status, job.completed_at = "completed", time.time()
                job.conclusion = "cancelled" if run.conclusion == "cancelled" else rest
        kept = self._folder(run) / "artifacts"
        for file in sorted(kept.glob("*.zip")):
            self._keep(run, file, file.stem)
        for file in sorted((kept / "plain").glob("*")):
            self._keep(run, file, file.name)
        run.status = "completed"
        self._touch(run, "completed")

    def _keep(self, run: Run, file: Path, name: str) -> None:
        content = file.read_bytes()
        digest, number = hashlib.sha256(content).hexdigest(), self._store.next_id()
        made = Artifact(number, run.id, name, file, len(content), digest, time.time())
        self._store.artifacts[number] = made

    def _touch(self, run: Run, action: str) -> None:
        run.updated_at = time.time()
        self._changed(run, action)

    def _folder(self, run: Run) -> Path:
        return self._store.folder / "runs" / str(run.id)


def act() -> str:
    """The real nektos/act, from the wheel of this environment."""
    return str(Path(sys.executable).parent / "act")


def _stop(process: subprocess.Popen[str]) -> None:
    """End act and the steps under it, which are in its session."""
    for child in [*_descendants(process.pid), process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += [int(one) for one in (task / "children").read_text().split()]
    return [each for child in children for each in (*_descendants(child), child)]


def _precise(seconds: float) -> str:
    """The time before each line of a log."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e7):07d}Z"
