"""Starts what executes jobs: gitlab-ci-local and act."""

import os
import subprocess
from pathlib import Path


def start(command: list[str], *, folder: Path, home: Path) -> "subprocess.Popen[str]":
    """In a session of its own, with all that it says on one pipe."""
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
    """A small environment: what the caller's own holds, tokens for one, stays out of the jobs."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {**kept, "HOME": str(home)}
