"""A GitLab or GitHub with one repository as its project, and a Mina chain, to try things out.

``python -m local.sandbox --folder DIR --repository DIR --ready FILE`` serves it until Ctrl-C or SIGTERM. The
file says where everything is; beside it stand the project's access token (``token``) and its owner's own
(``maintainer``).
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.chain import MinaChain
from local.github.server import GitHubServer
from local.gitlab.server import GitLabServer
from local.signals import interrupt_on_stop, wait_for_stop, write_whole

TOKEN_DAYS = 90


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="logs and state")
    parser.add_argument("--repository", type=Path, required=True, help="a git repository: the project")
    parser.add_argument("--provider", choices=[*PROVIDERS], default="gitlab", help="the default is gitlab")
    parser.add_argument("--project", default="seller/project", help="the project's path")
    parser.add_argument("--ready", type=Path, required=True, help="write where everything is into this file")
    parser.add_argument("--no-proofs", action="store_true", help="count every proof as valid")
    options = parser.parse_args(arguments)
    interrupt_on_stop()
    with (
        PROVIDERS[options.provider](options.folder, options.project, options.repository) as project,
        MinaChain(options.folder / "chain", proofs=not options.no_proofs) as chain,
    ):
        for name in ("token", "maintainer"):
            write_whole(options.ready.parent / name, project.pop(name) + "\n")
        around = {"pid": os.getpid(), "provider": options.provider, **project, **chain.described}
        write_whole(options.ready, json.dumps(around))
        wait_for_stop()
    return 0


@contextmanager
def _gitlab(folder: Path, path: str, repository: Path) -> Iterator[dict[str, Any]]:
    """The project with a fresh token; the one that an earlier sandbox made in this folder is used again."""
    with GitLabServer(folder / "gitlab") as gitlab:
        known = [one.id for one in gitlab.store.projects.values() if one.path == path]
        project = known[0] if known else gitlab.create_project(path, repository)
        token = gitlab.create_token(project, expires_at=_expiry())
        owner = gitlab.create_personal_token(gitlab.store.projects[project].owner)
        yield {"origin": gitlab.url, "project": path, "token": token.value, "maintainer": owner.value}


@contextmanager
def _github(folder: Path, full_name: str, repository: Path) -> Iterator[dict[str, Any]]:
    """The repository with a fresh token; ``storage`` is where its logs and archives come from."""
    with GitHubServer(folder / "github") as github:
        added = github.create_repository(full_name, repository)
        token, owner = (
            github.create_token(added, expires_at=f"{_expiry()} 00:00:00 UTC").value for _ in range(2)
        )
        around = {"origin": github.url, "project": full_name, "storage": github.storage.url}
        yield {**around, "token": token, "maintainer": owner}


def _expiry() -> str:
    return (datetime.now(UTC).date() + timedelta(days=TOKEN_DAYS)).isoformat()


PROVIDERS: dict[str, Callable[[Path, str, Path], AbstractContextManager[dict[str, Any]]]] = {
    "gitlab": _gitlab,
    "github": _github,
}


if __name__ == "__main__":
    sys.exit(main())
