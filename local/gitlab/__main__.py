"""``python -m local.gitlab --port N --folder DIR``: serve until a signal, after one JSON line when ready."""

import argparse
import json
from pathlib import Path

from local.gitlab.server import GitLabServer
from local.signals import wait_for_stop


def main() -> None:
    """Serve one project over ``--repository``, or what the folder already holds."""
    parser = argparse.ArgumentParser(prog="python -m local.gitlab", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--project", default="sealrun/job", help="path of the project to add")
    parser.add_argument("--repository", type=Path, help="local git repository of the project to add")
    options = parser.parse_args()
    with GitLabServer(options.folder, port=options.port, workers=options.workers) as gitlab:
        print(json.dumps({"ready": True, "url": gitlab.url, **_set_up(gitlab, options)}), flush=True)
        wait_for_stop()


def _set_up(gitlab: GitLabServer, options: argparse.Namespace) -> dict[str, object]:
    """The project, its token (fit for this loopback server only) and the token's account."""
    if options.repository is None:
        return {}
    project = gitlab.create_project(options.project, options.repository)
    token = gitlab.create_token(project)
    return {"project": project, "token": token.value, "user": token.user}


if __name__ == "__main__":
    main()
