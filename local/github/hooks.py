"""Webhook deliveries of this GitHub: ``workflow_run`` and ``ping``, signed with the hook's secret."""

import hmac
import json
import uuid
from typing import Any

from local.faults import Faults
from local.github import views
from local.github.store import Hook, Repository, Run, Store
from local.github.workflows import workflow_id
from local.gitlab.hooks import Sender, Sent


class Hooks(Sender):
    """Tells the repository's webhooks what changed."""

    def __init__(self, store: Store, *, url: str, faults: Faults) -> None:
        super().__init__(faults)
        self._store, self._url = store, url

    def changed(self, run: Run, action: str) -> None:
        """Queue the deliveries of ``requested``, ``in_progress`` or ``completed``."""
        item, name = views.run(run, url=self._url), run.workflow_name
        number = workflow_id(run.repository, run.workflow)
        workflow = views.workflow(run.repository, run.workflow, name, number, url=self._url)
        body = {"action": action, "workflow_run": item, "workflow": workflow, "sender": item["actor"]}
        for hook in list(self._store.hooks.values()):
            if hook.repository == run.repository.id and "workflow_run" in hook.events:
                self._put(hook, "workflow_run", body, run.repository)

    def ping(self, hook: Hook, repository: Repository) -> None:
        """Queue the first delivery that a new webhook gets."""
        self._put(hook, "ping", {"zen": "Keep it logically awesome.", "hook_id": hook.id}, repository)

    def _put(self, hook: Hook, event: str, body: dict[str, Any], repository: Repository) -> None:
        sent = json.dumps({**body, "repository": views.repository(repository, url=self._url)}).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/local",
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": str(hook.id),
        }
        if hook.secret:
            # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
            digest = hmac.digest(hook.secret.encode(), sent, "sha256").hex()
            headers["X-Hub-Signature-256"] = f"sha256={digest}"
        self.put(Sent(hook.id, event, headers, sent, hook.url))
