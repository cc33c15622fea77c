"""Starts the programs that execute jobs: gitlab-ci-local and act."""

import os
import subprocess
from pathlib import Path

from sealrun_cli.lib.background import MARK

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", MARK)


def start(command: list[str], *, folder: Path, home: Path) -> "subprocess.Popen[str]":
    """Start the command in a session of its own, with both of its outputs on one pipe."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def environment(home: Path) -> dict[str, str]:
    """A small environment: the caller's own may hold secrets such as tokens, which stay out of the jobs.

    The mark stays, so that ``sealrun sandbox --stop`` also finds the jobs of a sandbox that was killed.
    """
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home)}
