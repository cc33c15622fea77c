"""Every command, one by one: help, JSON, no secret as an argument, and what the shell completes."""

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

import sealrun_cli
from sealrun import errors
from sealrun.offers.stored_offer import StoredOffer
from sealrun_cli import reference
from sealrun_cli.commands import pause, resume
from sealrun_cli.lib.background import ROOT
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.help import example_of
from sealrun_cli.lib.offer_file import read_offer, write_values
from sealrun_cli.main import app, command_line
from tests.sealrun.fakes import FakeLedger
from tests.sealrun.world import offer_value

RUN = CliRunner()
# The list, and what buyers and operators need beside it.
WANTED = {
    "init", "check", "seal", "publish", "deploy", "status", "calls", "call", "verify", "settle", "exit",
    "withdraw", "rotate token", "rotate oracle", "close", "cost", "pause", "resume", "open", "account", "key",
    "pin", "topup",
}  # fmt: skip
SECRET = ("key", "token", "secret", "password", "seed")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from leaves(inner, (*path, name))
    else:
        yield " ".join(path), command


COMMANDS = dict(leaves(typer.main.get_command(app)))


def test_every_command_that_was_promised_is_there() -> None:
    assert WANTED - COMMANDS.keys() == set()


def test_the_version_is_the_packages() -> None:
    said = RUN.invoke(app, ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"sealrun {metadata.version('sealrun-cli')}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_and_speaks_json(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    assert any("--json" in parameter.opts for parameter in command.params)
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name
    said = RUN.invoke(app, [*name.split(), "--help"], terminal_width=200)
    assert (said.exit_code, "--json" in said.stdout) == (0, True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_ends_with_an_example_that_its_parser_takes(name: str) -> None:
    command, words = COMMANDS[name], example_of(COMMANDS[name])
    assert words[: 1 + len(name.split())] == ["sealrun", *name.split()]
    context = command.make_context(name, words[1 + len(name.split()) :], resilient_parsing=False)
    assert context.params
    lines = RUN.invoke(app, [*name.split(), "--help"], terminal_width=80).stdout.rstrip().splitlines()
    written = "".join(lines[lines.index("  Example:") + 1 :]).replace("\\", " ")
    assert shlex.split(written) == words


def test_help_shows_commands_by_who_uses_them() -> None:
    said = RUN.invoke(app, ["--help"], terminal_width=80).stdout
    panels = re.findall(r"^(\S.*):\n((?:  .*\n)+)", said, flags=re.MULTILINE)
    listed = {title: re.findall(r"^  ([a-z-]+) ", text, flags=re.MULTILINE) for title, text in panels}
    assert listed["For buyers"][:3] == ["open", "topup", "call"]
    assert listed["For sellers"][0] == "sandbox"
    assert "pay-operator" in listed["For operators"]
    assert "verify" in listed["For anyone with evidence"]
    assert listed["Keys"] == ["key", "wallet"]
    assert "Commands" not in listed
    summaries = [line for _, text in panels[1:] for line in text.splitlines()]
    assert [line for line in summaries if line.endswith("...")] == []


def test_the_reference_and_the_manual_page_are_the_commands_own() -> None:
    for path, text in reference.pages().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, "run: python -m sealrun_cli.reference ."
        assert "/root" not in text
        for name in COMMANDS:
            assert f"sealrun {name}".replace("-", "\\-" if path.suffix == ".1" else "-") in text


def test_no_rule_number_is_shown_to_users() -> None:
    number, shown = re.compile(r"\([ALCRE][0-9]{1,2}[,)]"), []
    for file in sorted(Path(sealrun_cli.__path__[0]).rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
                shown += [f"{file.name}:{node.lineno}"] * bool(number.search(node.value))
    assert shown + [name for name, command in COMMANDS.items() if number.search(command.help)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_r1_a_secret_comes_from_a_file_or_a_prompt_and_never_as_an_argument(name: str) -> None:
    for parameter in COMMANDS[name].params:
        if any(word in str(parameter.name) for word in SECRET):
            assert parameter.metavar == "FILE", parameter.name
            assert parameter.param_type_name == "option"


@pytest.mark.parametrize(
    ("shell", "form"), [("bash", "complete -o default -F"), ("zsh", "compdef"), ("fish", "--command sealrun")]
)
def test_the_shells_completion_is_installed_and_knows_the_commands(
    shell: str, form: str, tmp_path: Path
) -> None:
    command = [str(Path(sys.executable).with_name("sealrun"))]
    home = {**os.environ, "HOME": str(tmp_path), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    subprocess.run([*command, "--install-completion", shell], env=home, check=True, capture_output=True)
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(form in text and "_SEALRUN_COMPLETE" in text for text in written)
    asked = {**home, "_SEALRUN_COMPLETE": "complete_bash", "COMP_WORDS": "sealrun pa", "COMP_CWORD": "1"}
    done = subprocess.run(command, env=asked, check=False, capture_output=True, text=True)
    assert set(done.stdout.split()) == {"pause", "pay-operator"}


def kinds() -> Iterator[tuple[str, str]]:
    """Where the command gives up with a kind alone, and every kind of error that an answer may have."""
    for file in sorted(Path(sealrun_cli.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="CliError"), args=[ast.Constant(value=str(kind)), _], keywords=[]
                ):
                    yield f"{file.name}:{node.lineno}", kind
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.SealrunError):
            yield error.__name__, error.type


def test_every_error_says_what_to_do_next() -> None:
    found = list(kinds())
    assert len(found) > 50
    assert [(where, kind) for where, kind in found if not CliError(kind, "").following] == []
    assert CliError("a kind of nobody's", "").following == ""


class Here:
    """A stack whose table is in memory."""

    def __init__(self, ledger: FakeLedger) -> None:
        self.offers = ledger

    def offer(self, offer_id: str) -> StoredOffer:
        return self.offers.offers[int(offer_id, 16)]


def test_l8_pause_and_resume_hold_the_offer_and_let_it_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "offer.toml"
    value = {name: each for name, each in offer_value().items() if each is not None}
    write_values(file, {**value, "price": "0"})
    offer, ledger = read_offer(file), FakeLedger()
    ledger.publish(StoredOffer(offer, "", b"", b"", b"", suspended="the node is not synced"))
    for command in (pause, resume):
        monkeypatch.setattr(command, "find_target", lambda *_: Here(ledger))
    paused = RUN.invoke(app, ["pause", "--file", str(file), "--reason", "moving house", "--json"])
    assert json.loads(paused.stdout)["paused"] == "moving house"
    assert ledger.offers[offer.hash].reason == "moving house"
    resumed = RUN.invoke(app, ["resume", "--file", str(file)])
    assert (resumed.exit_code, "suspended: the node is not synced" in resumed.stdout) == (0, True)


@pytest.mark.parametrize("name", ["key", "pay-operator", "rotate"])
def test_a_command_starts_without_the_modules_of_the_others(name: str) -> None:
    lines = (
        f"import sys; from sealrun_cli.main import command_line; command_line({name!r}); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    commands = [each for each in done.stdout.split() if each.startswith("sealrun_cli.commands.")]
    assert commands == [f"sealrun_cli.commands.{name.replace('-', '_')}"]


def test_what_no_command_is_called_gets_all_of_them() -> None:
    made = typer.main.get_command(command_line("--help"))
    assert list(dict(leaves(made))) == list(COMMANDS)
