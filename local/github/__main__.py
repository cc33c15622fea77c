"""A GitHub alone: ``python -m local.github --folder DIR --repository DIR``.

It prints one line of JSON when it is up: its url, and where a repository was given also its name, a token
that is good for this server only, and that token's account. It serves until SIGINT or SIGTERM and remembers
nothing when it is started again.
"""

import argparse
import json
from pathlib import Path

from local.github.server import GitHubServer
from local.signals import interrupt_on_stop, wait_for_stop


def main() -> None:
    """Serve one repository, or none."""
    parser = argparse.ArgumentParser(prog="python -m local.github", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="for checkouts, logs and artifacts")
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    parser.add_argument("--workers", type=int, default=2, help="how many runs go on at once")
    parser.add_argument("--name", default="sealrun/job", help="owner/name of the repository to add")
    parser.add_argument("--repository", type=Path, help="the local git repository to add")
    options = parser.parse_args()
    interrupt_on_stop()
    with GitHubServer(options.folder, port=options.port, workers=options.workers) as github:
        print(json.dumps({"ready": True, "url": github.url, **_set_up(github, options)}), flush=True)
        wait_for_stop()


def _set_up(github: GitHubServer, options: argparse.Namespace) -> dict[str, object]:
    if options.repository is None:
        return {}
    repository = github.create_repository(options.name, options.repository)
    token = github.create_token(repository)
    return {"repository": options.name, "token": token.value, "user": token.user.id}


if __name__ == "__main__":
    main()
