"""Small git repositories, made anew for each sale or test that wants one."""

import subprocess
from pathlib import Path

SELLER = ("-c", "user.name=seller", "-c", "user.email=seller@example.org")


def git(folder: Path, *arguments: str) -> str:
    """What git says to the seller in this folder; it must do it."""
    command = ["git", "-C", str(folder), *SELLER, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(folder: Path, *tags: str) -> str:
    """Commit what lies in the folder, first made a repository if it is none, and tag that; the commit."""
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=job")
    for tag in tags:
        git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")
