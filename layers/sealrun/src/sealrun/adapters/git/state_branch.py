"""A few files in a branch: read whole, and replaced whole by compare-and-swap.

``git push --force-with-lease=BRANCH:COMMIT`` replaces the branch only while it still stands at the commit
that was pulled. The new commit is that commit's child, so the push is also allowed where the branch is
protected against forced pushes. git itself is the client: it knows every transport and every authentication.
"""

import os
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sealrun.encoding.origins import without_user
from sealrun.errors import Malformed, StoreUnavailable

# The password for a remote over https; git asks a helper of ours for it: it is in no argument and no URL.
TOKEN = "SEALRUN_TICK_TOKEN"  # noqa: S105  a variable's name
# Whom GitLab and GitHub take an access token of, where the remote's URL names nobody.
USER = "oauth2"
# GitHub and GitLab take files of at most 100 MB.
MAX_BYTES = 90_000_000
PULL_SECONDS, PUSH_SECONDS = 120.0, 20.0
MAX_WORDS = 400
# Both hosts start no pipeline for such a commit.
MESSAGE = "The state of sealrun tick [skip ci]"
# The token is for the remote alone, so no redirect is followed; an empty helper takes the user's own away.
_CONFIG = (f"core.hooksPath={os.devnull}", "gc.auto=0", "http.followRedirects=false")
_HELPER = f'!f() {{ test "$1" = get && printf "password=%s\\n" "${TOKEN}"; }}; f'
WITH_TOKEN = ("credential.helper=", f"credential.helper={_HELPER}", f"credential.username={USER}")
_OWN = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "sealrun tick",
    "GIT_AUTHOR_EMAIL": "sealrun@localhost",
    "GIT_COMMITTER_NAME": "sealrun tick",
    "GIT_COMMITTER_EMAIL": "sealrun@localhost",
}


class NotPushed(Exception):
    """The branch is not known to hold what was to be pushed, so nothing may be started.

    It is no SealrunError: a workflow must not take it for a reason to try the same later, with this state.
    """

    def __init__(self, detail: str, *, moved: bool) -> None:
        super().__init__(detail)
        self.detail = detail
        self.moved = moved  # True where another process moved the branch on


class StateBranch:
    """One branch.

    ``commit`` is where it stood when it was pulled or pushed last, and is empty where there was none.
    """

    def __init__(self, remote: str, branch: str, *, scratch: Path, commit: str = "") -> None:
        """Nothing is asked yet.

        Args:
            remote: as git takes it.
            branch: its name.
            scratch: a folder for a repository of git's own, which this makes where it is not there.
            commit: where the branch must stand for the next push.

        Raises:
            Malformed: the remote holds a password, the token is not one line, or one of the two is no name
                that git takes.
        """
        if "://" in remote and _has_password(remote):
            raise Malformed(f"remote: expected a URL without a password, got one; put it into {TOKEN}")
        if "\n" in os.environ.get(TOKEN, "").rstrip():
            raise Malformed(f"{TOKEN}: expected one line, got more; write the token alone")
        if not remote or remote.startswith("-") or "::" in remote:
            got = without_user(remote)
            raise Malformed(f"remote: expected the URL or path of a Git repository, got {got}")
        if (
            not branch
            or branch.startswith("-")
            or any(each in branch for each in " :~^?*[\\")
            or ".." in branch
        ):
            raise Malformed(f"branch: expected a name, got {branch[:40]!r}")
        self.commit = commit
        # Two processes that do the same in the same second would make one commit, and both have pushed it.
        self._own = secrets.token_hex(16)
        self._remote, self._ref, self._scratch = remote, f"refs/heads/{branch}", scratch

    def pull(self, names: Sequence[str]) -> dict[str, bytes]:
        """Those of these files that the branch holds now; none where there is no such branch.

        Raises:
            StoreUnavailable: the remote does not answer, or a file is too large.
        """
        if not self._there():
            self.commit = ""
            return {}
        self._git("fetch", "-q", "--no-tags", "--depth=1", self._remote, f"+{self._ref}:refs/heads/pulled")
        self.commit = self._git("rev-parse", "refs/heads/pulled").decode().strip()
        there = self._git("ls-tree", "--name-only", self.commit).decode().splitlines()
        return {name: self._file(name) for name in names if name in there}

    def push(self, files: Mapping[str, bytes]) -> None:
        """Replace the branch's files, if it still stands at ``commit``.

        Raises:
            NotPushed: it does not, or nobody knows whether it was replaced.
            StoreUnavailable: git could not make the commit; a file may be too large.
        """
        for name, content in files.items():
            if len(content) > MAX_BYTES:
                detail = f"state: expected at most {MAX_BYTES} bytes of {name}, got {len(content)}"
                raise StoreUnavailable(f"{detail}; move it to `sealrun serve`")
        commit = self._commit(files)
        lease = f"--force-with-lease={self._ref}:{self.commit}"
        try:
            self._git(
                "push",
                "-q",
                "--no-verify",
                lease,
                self._remote,
                f"{commit}:{self._ref}",
                seconds=PUSH_SECONDS,
            )
        except StoreUnavailable as error:
            self._settle(commit, error)
        self.commit = commit

    def _settle(self, commit: str, error: StoreUnavailable) -> None:
        """After a push that failed: the branch itself says whether it was replaced."""
        try:
            now = self._there()
        except StoreUnavailable:
            raise NotPushed(
                f"state: expected it to be pushed, got no answer: {error}", moved=False
            ) from error
        if now == commit:
            return
        if now != self.commit:
            detail = (
                f"state: expected the branch at {self.commit[:12] or 'nothing'}, got {now[:12] or 'nothing'}"
            )
            raise NotPushed(detail, moved=True) from error
        raise NotPushed(
            f"state: expected it to be pushed, got {error.words or error}", moved=False
        ) from error

    def _there(self) -> str:
        """The commit at which the branch stands; empty where there is no such branch."""
        lines = self._git("ls-remote", self._remote, self._ref).decode().splitlines()
        parts = (line.partition("\t") for line in lines)
        return next((commit for commit, _, name in parts if name == self._ref), "")

    def _file(self, name: str) -> bytes:
        size = int(self._git("cat-file", "-s", f"{self.commit}:{name}"))
        if size > MAX_BYTES:
            raise StoreUnavailable(f"state: expected at most {MAX_BYTES} bytes of {name}, got {size}")
        return self._git("cat-file", "blob", f"{self.commit}:{name}")

    def _commit(self, files: Mapping[str, bytes]) -> str:
        blobs = {
            name: self._git("hash-object", "-w", "--stdin", given=content).decode().strip()
            for name, content in files.items()
        }
        lines = "".join(f"100644 blob {blob}\t{name}\n" for name, blob in blobs.items())
        tree = self._git("mktree", given=lines.encode()).decode().strip()
        parent = ["-p", self.commit] if self.commit else []
        return self._git("commit-tree", tree, *parent, "-m", f"{MESSAGE}\n\n{self._own}").decode().strip()

    def _git(self, *words: str, given: bytes = b"", seconds: float = PULL_SECONDS) -> bytes:
        """Run git in the scratch repository.

        Raises:
            StoreUnavailable: it failed, or took too long.
        """
        if not (self._scratch / "HEAD").exists():
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._run(["init", "-q", "--bare", "--template=", str(self._scratch)], b"", seconds)
        return self._run(["--git-dir", str(self._scratch), *words], given, seconds)

    def _run(self, words: Sequence[str], given: bytes, seconds: float) -> bytes:
        config = [*_CONFIG, *(WITH_TOKEN if os.environ.get(TOKEN) else ())]
        line = ["git", *(part for each in config for part in ("-c", each)), *words]
        action = next((word for word in words if word in _ACTIONS), "git")
        try:
            done = subprocess.run(  # noqa: S603  git, with arguments of ours and a remote that was checked
                line,
                input=given,
                env={**os.environ, **_OWN},
                capture_output=True,
                timeout=seconds,
                check=False,
            )
        except OSError as error:
            raise StoreUnavailable(f"git: expected it installed, got {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise StoreUnavailable(
                f"git {action}: expected an answer in {seconds:.0f} s, got none"
            ) from error
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[:MAX_WORDS]
            raise StoreUnavailable(
                f"git {action}: expected it to be done, got status {done.returncode}", words=said
            )
        return done.stdout


def _has_password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password)
    except ValueError:  # what cannot be read, such as a [, is in a password
        return "@" in url


_ACTIONS = (
    "cat-file",
    "commit-tree",
    "fetch",
    "hash-object",
    "init",
    "ls-remote",
    "ls-tree",
    "mktree",
    "push",
)
