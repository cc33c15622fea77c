"""Make ``openapi.json`` and ``examples.json`` out of GitHub's own description; see PROVENANCE.md.

python -m tests.sealrun.providers.github.make_slice path/to/package/generated/api.github.com.json
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.openapi_slice import cut

VERSION = "23.0.2"
# The version of the API that the adapter asks for; the package describes the one before, and what changes.
API_VERSION = "2026-03-10"
_REPOSITORY = "/repos/{owner}/{repo}"
_ACTIONS = f"{_REPOSITORY}/actions"
OPERATIONS = [
    ("/user", "get"),
    (_REPOSITORY, "get"),
    (f"{_REPOSITORY}/git/ref/{{ref}}", "get"),
    (f"{_REPOSITORY}/git/tags/{{tag_sha}}", "get"),
    (f"{_REPOSITORY}/hooks", "get"),
    (f"{_REPOSITORY}/hooks", "post"),
    (f"{_REPOSITORY}/hooks/{{hook_id}}", "delete"),
    (f"{_REPOSITORY}/rulesets", "get"),
    (f"{_REPOSITORY}/rulesets/{{ruleset_id}}", "get"),
    (f"{_ACTIONS}/workflows/{{workflow_id}}", "get"),
    (f"{_ACTIONS}/workflows/{{workflow_id}}/dispatches", "post"),
    (f"{_ACTIONS}/workflows/{{workflow_id}}/runs", "get"),
    (f"{_ACTIONS}/runs/{{run_id}}", "get"),
    (f"{_ACTIONS}/runs/{{run_id}}/attempts/{{attempt_number}}", "get"),
    (f"{_ACTIONS}/runs/{{run_id}}/artifacts", "get"),
    (f"{_ACTIONS}/runs/{{run_id}}/cancel", "post"),
    (f"{_ACTIONS}/runs/{{run_id}}/jobs", "get"),
    (f"{_ACTIONS}/jobs/{{job_id}}/logs", "get"),
    (f"{_ACTIONS}/artifacts/{{artifact_id}}", "get"),
    (f"{_ACTIONS}/artifacts/{{artifact_id}}/{{archive_format}}", "get"),
]
# GitHub's own examples of answers, for tests to begin with.
EXAMPLES = [
    "artifact",
    "git-ref",
    "git-tag",
    "job",
    "repository-ruleset",
    "workflow",
    "workflow-dispatch-response",
    "workflow-run",
]


def main() -> None:
    """Write the slice; refuse another version than the one that PROVENANCE.md names."""
    document = json.loads(Path(sys.argv[1]).read_bytes())
    if (got := document["info"]["version"]) != VERSION:
        raise SystemExit(f"expected @octokit/openapi {VERSION}, got {got}")
    _change(document)
    # Its own text says "within the given date-time range", in the syntax of searches: a..b is no date-time.
    del document["components"]["parameters"]["created"]["schema"]["format"]
    examples = {name: document["components"]["examples"][name]["value"] for name in EXAMPLES}
    for name, value in {"openapi": cut(document, OPERATIONS), "examples": examples}.items():
        text = json.dumps(value, separators=(",", ":"))
        Path(__file__).with_name(f"{name}.json").write_text(text + "\n")


def _change(value: Any) -> None:
    """Apply, in place, what GitHub says that this version of the API changes."""
    for change in value.pop("x-github-breaking-changes", []) if isinstance(value, dict) else []:
        if change["version"] == API_VERSION and isinstance(change["patch"], dict):
            _merge(value, change["patch"])
        elif change["version"] == API_VERSION:
            for step in change["patch"]:
                _step(value, step)
    for member in list(value.values()) if isinstance(value, dict) else value:
        if isinstance(member, dict | list):
            _change(member)


def _merge(value: dict[str, Any], patch: dict[str, Any]) -> None:
    """JSON Merge Patch, RFC 7396."""
    for name, member in patch.items():
        if member is None:
            value.pop(name, None)
        elif isinstance(member, dict) and isinstance(value.get(name), dict):
            _merge(value[name], member)
        else:
            value[name] = member


def _step(value: Any, step: dict[str, Any]) -> None:
    """One operation of JSON Patch, RFC 6902."""
    *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:])
    for parent in parents:
        value = value[int(parent) if isinstance(value, list) else parent]
    place: Any = int(last) if isinstance(value, list) else last
    if step["op"] == "remove":
        del value[place]
    elif step["op"] in ("add", "replace"):
        value[place] = step["value"]
    else:
        raise SystemExit(f"expected add, remove or replace, got {step['op']}")


if __name__ == "__main__":
    main()
