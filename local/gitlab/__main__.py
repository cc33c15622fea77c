"""A GitLab alone: ``python -m local.gitlab --folder DIR --repository DIR``.

It prints one line of JSON when it is up: its url, and where a repository was given also the project's id, a
token that is good for this server only, and that token's account. It serves until SIGINT or SIGTERM. Started
again with the same folder, it goes on with the projects, pipelines and tokens that it had.
"""

import argparse
import json
from pathlib import Path

from local.gitlab.server import GitLabServer
from local.signals import interrupt_on_stop, wait_for_stop


def main() -> None:
    """Serve one project over ``--repository``, or what the folder already holds."""
    parser = argparse.ArgumentParser(prog="python -m local.gitlab", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for state, checkouts and artifacts")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--workers", type=int, default=2, help="how many pipelines run at once")
    parser.add_argument("--project", default="sealrun/job", help="path of the project to add")
    parser.add_argument("--repository", type=Path, help="the local git repository of the project to add")
    options = parser.parse_args()
    interrupt_on_stop()
    with GitLabServer(options.folder, port=options.port, workers=options.workers) as gitlab:
        print(json.dumps({"ready": True, "url": gitlab.url, **_set_up(gitlab, options)}), flush=True)
        wait_for_stop()


def _set_up(gitlab: GitLabServer, options: argparse.Namespace) -> dict[str, object]:
    if options.repository is None:
        return {}
    project = gitlab.create_project(options.project, options.repository)
    token = gitlab.create_token(project)
    return {"project": project, "token": token.value, "user": token.user}


if __name__ == "__main__":
    main()
