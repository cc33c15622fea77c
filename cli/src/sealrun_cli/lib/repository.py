"""Ask git about the seller's own clone: a tag's commit and tree, a file at a commit, the remote."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sealrun_cli.lib.errors import CliError

GIT_SECONDS = 30
# By https with a port, by ssh with a port that is ssh's own, and in scp's form.
_REMOTE = re.compile(
    r"""(?:https?://(?:[^@/]+@)?(?P<web>[A-Za-z0-9.-]+(?::[0-9]+)?)/
    |ssh://(?:[^@/]+@)?(?P<ssh>[A-Za-z0-9.-]+)(?::[0-9]+)?/
    |[A-Za-z0-9_.-]+@(?P<scp>[A-Za-z0-9.-]+):)
    (?P<path>.+?)(?:\.git)?/?""",
    re.VERBOSE,
)
# Hosts that serve ssh alone, for networks that let only port 443 through.
_SSH_HOSTS = {"altssh.gitlab.com": "gitlab.com", "ssh.github.com": "github.com"}


@dataclass(frozen=True)
class Tagged:
    """A tag as the clone has it."""

    ref: str  # refs/tags/...
    commit: str
    tree: str


@dataclass(frozen=True)
class Remote:
    """Where the clone is pushed to: ``https://host`` and the path of the project there."""

    origin: str
    path: str

    def below(self, url: str) -> str:
        """The path behind a provider's address; a clone by https has the base path in front of it."""
        return self.path.removeprefix(url.removeprefix(self.origin).removeprefix("/") + "/")


class Repository:
    """One clone; every method raises CliError if git is not installed or does not answer.

    ``tagged``, ``commit``, ``changed`` and ``file`` also raise it if the clone lacks what is named.
    """

    def __init__(self, folder: Path, *, seconds: float = GIT_SECONDS) -> None:
        """``seconds`` are for one question to git."""
        self._folder, self._seconds = folder, seconds

    def tagged(self, tag: str) -> Tagged:
        """The commit and the tree of a tag."""
        ref = f"refs/tags/{tag.removeprefix('refs/tags/')}"
        commit, tree = (
            self._text("rev-parse", "--verify", f"{ref}^{{{kind}}}") for kind in ("commit", "tree")
        )
        if not commit or not tree:
            raise CliError(
                "tag",
                f"tag: expected {ref} in {self._folder}, got none",
                f"run: git tag {tag}{' && git push --tags' if self.has_remote() else ''}",
            )
        return Tagged(ref, commit, tree)

    def commit(self, name: str) -> str:
        """The full hash of a commit."""
        full_hash = self._text("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        if not full_hash:
            raise CliError("commit", f"commit: expected {name[:80]} in {self._folder}, got none")
        return full_hash

    def changed(self, before: str, after: str) -> list[str]:
        """The files that differ between two commits.

        Raises:
            CliError: the clone lacks one of them.
        """
        done = self._run("diff", "--name-only", "-z", "--no-renames", "--end-of-options", before, after)
        if done.returncode:
            detail = f"commit: expected {before[:12]} and {after[:12]} in the clone, got at most one of them"
            raise CliError("commit", detail, "fetch the whole history: git fetch --unshallow --tags")
        return [name for name in done.stdout.decode(errors="replace").split("\0") if name]

    def files(self, commit: str) -> list[str]:
        """The files of a commit; none where the clone lacks it."""
        listed = self._text("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit)
        return [name for name in listed.split("\0") if name]

    def leads_to(self, before: str, after: str) -> bool:
        """Whether the one commit is in the other's history, as far as the clone has it."""
        return not self._run("merge-base", "--is-ancestor", before, after).returncode

    def found(self) -> bool:
        """Whether the folder is in a clone."""
        return bool(self._text("rev-parse", "--git-dir"))

    def would_add(self, name: str) -> bool:
        """``git add`` would take the file along: it is in the clone, and neither ignored nor added yet."""
        return bool(self._text("ls-files", "--others", "--exclude-standard", "--", name))

    def git_folder(self) -> Path:
        """The clone's own folder of git, which its worktrees share.

        Raises:
            CliError: the folder is in no clone.
        """
        found = self._text("rev-parse", "--path-format=absolute", "--git-common-dir")
        if not found:
            raise CliError("git", f"{self._folder}: expected it in a clone, got a folder that is in none")
        return Path(found)

    def top(self) -> str:
        """The folder that holds the clone."""
        return self._text("rev-parse", "--show-toplevel") or str(self._folder)

    def tree(self, commit: str) -> str:
        """The commit's tree; empty where the clone does not have it."""
        return self._text("rev-parse", "--verify", f"{commit}^{{tree}}")

    def file(self, commit: str, path: str) -> bytes:
        """The file's bytes at the commit."""
        done = self._run("cat-file", "blob", f"{commit}:{path}")
        if done.returncode:
            raise CliError(
                "pipeline", f"{path}: expected it in commit {commit[:12]}, got none", "name it: --config PATH"
            )
        return done.stdout

    def remote(self) -> Remote | None:
        """The remote named origin, where its URL says host and path."""
        match = _REMOTE.fullmatch(self._text("remote", "get-url", "origin"))
        if match is None:
            return None
        host = (match["web"] or match["ssh"] or match["scp"]).lower()
        return Remote(f"https://{_SSH_HOSTS.get(host, host)}", match["path"])

    def has_remote(self) -> bool:
        """Whether the clone has any remote, also one whose address ``remote`` cannot read."""
        return bool(self._text("remote"))

    def _text(self, *arguments: str) -> str:
        done = self._run(*arguments)
        return "" if done.returncode else done.stdout.decode(errors="replace").strip()

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        command = ["git", "-C", str(self._folder), *arguments]
        try:
            return subprocess.run(command, check=False, capture_output=True, timeout=self._seconds)
        except FileNotFoundError as error:
            raise CliError("git", "git: expected it on PATH, got none", "install git") from error
        except subprocess.TimeoutExpired as error:
            detail = f"git: expected an answer within {self._seconds:g} s, got none"
            raise CliError("git", detail, "look whether another git holds the clone") from error
