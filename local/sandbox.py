"""A GitLab with one repository as its project, and a Mina chain, for a seller who tries things out.

``python -m local.sandbox --folder DIR --repository DIR --ready FILE`` serves it until Ctrl-C or SIGTERM. The
file says where everything is; beside it stand the project's access token (``token``) and its owner's own
(``maintainer``).
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.chain import MinaChain
from local.gitlab.server import GitLabServer
from local.signals import interrupt_on_stop, wait_for_stop, write_whole

TOKEN_DAYS = 90


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="logs and state")
    parser.add_argument("--repository", type=Path, required=True, help="a git repository: the project")
    parser.add_argument("--project", default="seller/project", help="the project's path")
    parser.add_argument("--ready", type=Path, required=True, help="write where everything is into this file")
    parser.add_argument("--no-proofs", action="store_true", help="count every proof as valid")
    options = parser.parse_args(arguments)
    interrupt_on_stop()
    with (
        GitLabServer(options.folder / "gitlab") as gitlab,
        MinaChain(options.folder / "chain", proofs=not options.no_proofs) as chain,
    ):
        project = _project(gitlab, options.project, options.repository)
        for name in ("token", "maintainer"):
            write_whole(options.ready.parent / name, project.pop(name) + "\n")
        write_whole(options.ready, json.dumps({"pid": os.getpid(), **project, **chain.described}))
        wait_for_stop()
    return 0


def _project(gitlab: GitLabServer, path: str, repository: Path) -> dict[str, Any]:
    """The project with a fresh token; the one that an earlier sandbox made in this folder is used again."""
    known = [one.id for one in gitlab.store.projects.values() if one.path == path]
    project = known[0] if known else gitlab.create_project(path, repository)
    expires = (datetime.now(UTC).date() + timedelta(days=TOKEN_DAYS)).isoformat()
    token = gitlab.create_token(project, expires_at=expires)
    owner = gitlab.create_personal_token(gitlab.store.projects[project].owner)
    return {"origin": gitlab.url, "project": path, "token": token.value, "maintainer": owner.value}


if __name__ == "__main__":
    sys.exit(main())
