"""Webhook deliveries: Pipeline Hook and Job Hook, signed as Standard Webhooks describes."""

import base64
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from local.faults import Faults
from local.gitlab import views
from local.gitlab.store import Hook, Job, Pipeline, Store

_TIMEOUT_SECONDS = 10  # GitLab's own


@dataclass(frozen=True)
class Sent:
    """One delivery; its status is 0 if nobody answered."""

    hook: int
    event: str
    headers: Mapping[str, str]
    body: bytes
    url: str
    status: int = 0


class Sender:
    """Sends deliveries in order, from one thread, so that no receiver ever holds up a pipeline."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._queue: queue.Queue[Sent | None] = queue.Queue()
        self.sent: list[Sent] = []  # every delivery that was tried
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def put(self, delivery: Sent) -> None:
        """Queue a delivery that was not tried yet."""
        self._queue.put(delivery)

    def close(self) -> None:
        """Stop after what is queued now."""
        self._queue.put(None)
        self._thread.join(timeout=_TIMEOUT_SECONDS)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            fault = self._faults.take("webhook")
            if fault is not None and fault.kind == "lost":
                continue
            if fault is not None and fault.kind == "slow":
                time.sleep(fault.seconds)
            for _ in range(2 if fault is not None and fault.kind == "doubled" else 1):
                self.sent.append(replace(item, status=_post(item.url, item.headers, item.body)))


class Hooks(Sender):
    """Tells the project's webhooks what changed."""

    def __init__(self, store: Store, *, url: str, origin: str, faults: Faults) -> None:
        super().__init__(faults)
        self._store, self._url, self._origin = store, url, origin

    def changed(self, pipeline: Pipeline, job: Job | None) -> None:
        """Queue the deliveries that this change causes."""
        project = self._store.projects[pipeline.project]
        user = self._store.users[pipeline.user]
        with self._store.lock:
            if job is not None:
                event, body = "Job Hook", views.job_event(job, pipeline, project, user, url=self._url)
            else:
                jobs = self._store.jobs_of(pipeline.id, retried=True)
                event, body = (
                    "Pipeline Hook",
                    views.pipeline_event(pipeline, jobs, project, user, url=self._url),
                )
            hooks = [hook for hook in self._store.hooks.values() if hook.project == project.id]
        for hook in hooks:
            if hook.job_events if job is not None else hook.pipeline_events:
                sent = json.dumps(body).encode()
                self.put(Sent(hook.id, event, self._headers(hook, event, sent), sent, hook.url))

    def _headers(self, hook: Hook, event: str, body: bytes) -> dict[str, str]:
        message_id = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/18.5.0",
            "Idempotency-Key": message_id,
            "X-Gitlab-Event": event,
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
            "X-Gitlab-Webhook-UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._url}/hooks/{hook.id}")),
            "X-Gitlab-Instance": self._origin,  # GitLab's base_url, which has no path
        }
        if hook.token:
            headers["X-Gitlab-Token"] = hook.token
        if hook.signing_token:
            headers |= signature_headers(hook.signing_token, message_id, int(time.time()), body)
        return headers


def signature_headers(signing_token: str, message_id: str, now: int, body: bytes) -> dict[str, str]:
    """https://www.standardwebhooks.com: HMAC-SHA256 over ``id.timestamp.body`` under the decoded key."""
    key = base64.b64decode(signing_token.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{now}.".encode() + body, "sha256")
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": message_id, "webhook-timestamp": str(now), "webhook-signature": signature}


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310  the hook's own URL
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return int(error.code)
    except OSError:
        return 0


def hook_json(hook: Hook) -> dict[str, Any]:
    """A hook as the API shows it: its secrets are write-only."""
    return {
        "id": hook.id,
        "url": hook.url,
        "project_id": hook.project,
        "pipeline_events": hook.pipeline_events,
        "job_events": hook.job_events,
        "push_events": False,
        "enable_ssl_verification": True,
        "alert_status": "executable",
        "signing_token_present": bool(hook.signing_token),
    }
