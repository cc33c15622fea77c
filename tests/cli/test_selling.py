"""Small promises of the seller's commands: nothing happens without a yes, secrets stay where they belong."""

import io
import json
import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.repositories import commit_all, git
from mina.keys import PrivateKey
from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli.lib import background
from sealrun_cli.lib.confirming import ask, confirm, read_secret
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.init_answers import evidence, shows_outputs
from sealrun_cli.lib.keys import kept_or_new, read_key
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.passphrases import passphrase
from sealrun_cli.lib.repository import Repository
from sealrun_cli.lib.sealing import keep, kept
from sealrun_cli.lib.source_lookup import _say_newer
from sealrun_cli.main import app
from tests.sealrun.world import make_offer

OUT = Output(as_json=True)
WORKFLOW = """\
run-name: sealrun ${{ inputs.sealrun_call }}
on: {workflow_dispatch: {inputs: {sealrun_call: {required: true}, fast: {type: boolean, default: true},
  deep: {type: boolean}, again: {type: boolean, default: 'no'}}}}
jobs: {build: {runs-on: ubuntu-latest, steps: [{run: make}]}}
"""


@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("name", ["a", "a b", os.fsdecode(b"a\xff\n")])
def test_what_runs_is_ended_also_where_its_folder_was_renamed_or_is_called_anything(
    tmp_path: Path, name: str, *, linked: bool
) -> None:
    folder, later = tmp_path / name, tmp_path / "later"
    folder.mkdir()
    environment = {**os.environ, background.MARK: str(folder / "ready")}
    copy = tmp_path / "copy"
    copy.mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(20)", "local.sandbox"]
    with subprocess.Popen(command, env=environment) as process:
        for each in (folder, copy):
            (each / "ready").write_text(json.dumps({"pid": process.pid}))
        ended = background.stop("local.sandbox", copy / "ready")
        assert (ended, process.poll()) == (False, None), "it is that of the folder that was copied"
        folder.rename(later)
        if linked:
            folder.symlink_to(later)
        assert background.stop("local.sandbox", (folder if linked else later) / "ready")
        assert process.wait(10) < 0
        assert not background.stop("local.sandbox", later / "ready")


@pytest.mark.parametrize("linked", [False, True])
def test_of_two_that_run_that_of_the_folder_is_ended_also_where_the_other_has_its_old_name(
    tmp_path: Path, *, linked: bool
) -> None:
    one, other, later = tmp_path / "one", tmp_path / "other", tmp_path / "later"
    command = [sys.executable, "-c", "import time; time.sleep(20)", "local.sandbox"]
    with ExitStack() as stack:
        started = []
        for each in (one, other):
            each.mkdir()
            environment = {**os.environ, background.MARK: str(each / "ready")}
            started.append(stack.enter_context(subprocess.Popen(command, env=environment)))
            (each / "ready").write_text(json.dumps({"pid": started[-1].pid}))
        one.rename(later)
        if linked:
            one.symlink_to(other)
        else:
            other.rename(one)
            later.rename(other)
        assert background.stop("local.sandbox", (later if linked else other) / "ready")
        assert started[0].wait(10) < 0
        assert started[1].poll() is None
        assert background.stop("local.sandbox", one / "ready")


def test_nothing_is_done_without_a_yes(capsys: pytest.CaptureFixture[str]) -> None:
    confirm(OUT, ["pay 5 MINA"], yes=True)
    with pytest.raises(CliError, match="got nobody to ask") as caught:
        confirm(OUT, ["pay 6 MINA"], yes=False)
    assert "--yes" in caught.value.following
    assert capsys.readouterr().err.split() == ["pay", "5", "MINA", "pay", "6", "MINA"]


def test_what_nobody_said_and_nobody_can_be_asked_names_its_flag() -> None:
    assert (ask("given", "?", "--x"), ask("", "?", "--x", default="d")) == ("given", "d")
    with pytest.raises(CliError) as caught:
        ask("", "?", "--oracle")
    assert caught.value.following == "give --oracle"


def test_a_token_file_that_others_may_read_is_refused_without_its_text(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("glpat-secret\n")
    file.chmod(0o644)
    with pytest.raises(CliError, match="mode 0600") as caught:
        read_secret(str(file), "?")
    assert "glpat-secret" not in str(caught.value)
    file.chmod(0o600)
    assert read_secret(str(file), "?") == "glpat-secret"


@pytest.mark.parametrize("written", ["\ufeffglpat-secret\n", "glpat-secret\nof mine\n", "glpat-\u200bsecret"])
def test_r1_what_is_no_token_alone_is_refused_and_not_repeated(tmp_path: Path, written: str) -> None:
    """As Windows' editor and a password manager write it: no header can hold that."""
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text(written)
    with pytest.raises(CliError, match="expected printable characters on one line") as caught:
        read_secret(str(file), "?")
    assert "secret" not in f"{caught.value.detail} {caught.value.__cause__}"


@pytest.mark.parametrize("secret", ["glpat-" + "secret" * 4, "secret words", "secret" * 60])
def test_r1_a_secret_in_the_place_of_its_files_name_is_not_repeated(secret: str) -> None:
    """As where a variable of GitLab's is of the type Variable, not File."""
    for read, option in ((read_secret, "token-file"), (passphrase, "passphrase-file")):
        with pytest.raises(CliError, match=f"^{option}.*: expected a file that is there") as caught:
            read(secret, "?")
        assert option in caught.value.following
        assert secret not in f"{caught.value.detail} {caught.value.__cause__}"


@pytest.mark.parametrize("form", ["{}", "{}\n", " {}", '"{}"'])
def test_r1_a_key_in_the_place_of_its_files_name_is_not_repeated(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a line break, as a CI's variable may end, or quotes; nor is a new file named so."""
    monkeypatch.chdir(tmp_path)
    key = PrivateKey.from_scalar(7).to_base58()
    given = form.format(key)
    for use in (read_key, lambda name: kept_or_new(Path(name), Output(as_json=True))):
        with pytest.raises(CliError, match="expected a file's name, got a key") as caught:
            use(given)
        assert key not in caught.value.detail + caught.value.following
    assert not list(tmp_path.iterdir())


def test_what_seal_writes_is_read_for_its_own_offer_only(tmp_path: Path) -> None:
    offer = make_offer()
    with pytest.raises(CliError, match=r"expected .* for this offer, got none"):
        kept(offer, tmp_path)
    path = keep(StoredOffer(offer, "", b"box", b"key", b"hook"), tmp_path)
    assert kept(offer, tmp_path).stored(offer) == StoredOffer(offer, "", b"box", b"key", b"hook")
    path.write_text(json.dumps({**json.loads(path.read_text()), "offer": "0" * 64}))
    with pytest.raises(CliError, match="expected what `seal` wrote"):
        kept(offer, tmp_path)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab.com/group/sub/job.git", ("https://gitlab.com", "group/sub/job")),
        ("git@gitlab.com:group/job.git", ("https://gitlab.com", "group/job")),
        ("ssh://git@gitlab.example:2222/group/job", ("https://gitlab.example", "group/job")),
        ("https://user:secret@gitlab.com/group/job", ("https://gitlab.com", "group/job")),
        ("/srv/git/job.git", None),
    ],
)
def test_the_clones_remote_names_provider_and_project(
    url: str, expected: tuple[str, str] | None, tmp_path: Path
) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", url)
    remote = Repository(tmp_path).remote()
    assert (remote and (remote.origin, remote.path)) == expected


def test_a_clone_of_a_gitlab_under_a_path_names_the_project_without_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", "https://ci.example/gitlab/group/job.git")
    remote = Repository(tmp_path).remote()
    assert remote
    assert remote.below("https://ci.example/gitlab") == "group/job"
    assert remote.below("https://ci.example") == "gitlab/group/job"


def test_a_process_that_is_not_ours_is_never_ended(tmp_path: Path) -> None:
    other = {background.MARK: str(tmp_path / "other")}
    with subprocess.Popen(["sleep", "60"], env={**os.environ, **other}) as process:
        assert not background.stop("local.stack", tmp_path / "ready")
        assert process.poll() is None
        process.kill()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(CliError, match=r"expected it to start, got .*required: --folder") as caught:
        background.start("local.sandbox", tmp_path / "ready", [], log=log)
    assert str(log) in caught.value.following


def test_githubs_terms_are_said_when_an_offer_is_made_of_a_workflow(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "build.yml").write_text(WORKFLOW)
    commit_all(tmp_path, "v1")
    file, oracle = tmp_path / "offer.toml", make_offer().oracle
    flags = ["--provider", "github", "--project", "seller/job", "--tag", "v1", "--user", "7"]
    more = ["--config", ".github/workflows/build.yml", "--title", "Build", "--price", "0", "--oracle", oracle]
    command = ["init", "--file", str(file), *flags, *more, "--json"]
    refused = CliRunner().invoke(app, command)
    assert "add --provider-terms" in json.loads(refused.stdout)["error"]["next"]
    assert not file.exists()
    done = CliRunner().invoke(app, [*command, "--provider-terms"])
    assert done.exit_code == 0, done.output
    assert "GitHub's terms forbid reselling Actions" in done.stderr
    made = json.loads(done.stdout)
    plain = {"type": "boolean"}
    assert made["inputs"]["properties"] == {"fast": {**plain, "default": True}, "deep": plain, "again": plain}
    assert made["inputs"]["x-order"] == ["fast", "deep", "again"]
    assert "again: the default in the file does not fit the input" in done.stderr
    listed = CliRunner().invoke(app, ["offer", "--file", str(file)])
    assert [line for line in listed.stdout.splitlines() if line.startswith("input ")] == [
        "input    fast: true or false; true if left out",
        "input    deep: true or false; may be left out",
        "input    again: true or false; may be left out",
    ]
    again = CliRunner().invoke(app, ["init", "--file", str(file), "--json"])
    assert "expected no" in json.loads(again.stdout)["error"]["detail"]


def test_init_asks_which_workflow_is_sold_and_takes_no_folder_for_it(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "build.yml").write_text(WORKFLOW)
    commit_all(tmp_path, "v1")
    flags = ["--provider", "github", "--project", "seller/job", "--tag", "v1", "--user", "7", "--json"]
    command = ["init", "--file", str(tmp_path / "offer.toml"), *flags, "--provider-terms"]
    for more, said in (([], "give --config"), (["--config", ".github/workflows"], "name it: --config PATH")):
        assert json.loads(CliRunner().invoke(app, [*command, *more]).stdout)["error"]["next"] == said


COMMANDS = ("init", "check", "deploy", "seal", "publish", "status", "calls", "close", "cost", "sandbox")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_can_answer_in_json(command: str) -> None:
    assert "--json" in CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout


def test_the_shell_completes_commands() -> None:
    asked = {"_SEALRUN_COMPLETE": "complete_bash", "COMP_WORDS": "sealrun pub", "COMP_CWORD": "1"}
    completed = CliRunner().invoke(app, [], env=asked, prog_name="sealrun")
    assert completed.stdout.split() == ["publish"]


def test_a_new_keys_file_is_its_owners_alone(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["key", str(tmp_path / "k"), "--new"])
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600


class Terminal(io.StringIO):
    """Somebody who types answers."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("given", "free", "typed", "public"),
    [
        (None, True, "", True),
        (None, False, "", False),
        (None, False, "\n", False),
        (None, False, "y\n", True),
        (True, False, "", True),
        (False, True, "", False),
    ],
)
def test_what_was_paid_for_is_the_buyers_unless_the_seller_says_otherwise(
    given: bool | None,  # noqa: FBT001
    free: bool,  # noqa: FBT001
    typed: str,
    public: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed) if typed else io.StringIO())
    shown = shows_outputs(given, free=free)
    assert (shown, evidence(private=False, outputs=shown)["outputs"]) == (public, ["*"] if public else [])
    assert evidence(private=True, outputs=shown)["outputs"] == []


def test_init_says_that_a_committed_fix_is_not_in_the_tag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(tmp_path, "init", "--quiet")
    pipeline = tmp_path / ".gitlab-ci.yml"
    pipeline.write_text("build: {script: [a]}\n")
    commit_all(tmp_path, "one")
    git(tmp_path, "tag", "v1")
    clone, out = Repository(tmp_path), Output(as_json=True)
    _say_newer(clone, clone.tagged("v1"), "v1", [pipeline.name], out)
    assert capsys.readouterr().err == ""
    pipeline.write_text("build: {script: [b]}\n")
    commit_all(tmp_path, "two")
    _say_newer(clone, clone.tagged("v1"), "v1", [pipeline.name], out)
    said = capsys.readouterr().err
    assert ".gitlab-ci.yml was changed since v1: the newer one, " in said
    assert f"git tag NAME {clone.commit('HEAD')[:12]}" in said
    git(tmp_path, "tag", "v2")
    git(tmp_path, "checkout", "--quiet", "v1")
    _say_newer(clone, clone.tagged("v2"), "v2", [pipeline.name], out)  # what is checked out is the older one
    assert capsys.readouterr().err == ""
