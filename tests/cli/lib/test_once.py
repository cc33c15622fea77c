"""Sent once: whatever is lost, a transaction is not made a second time, and nothing is guessed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.once import Asked, Now, Once
from sealrun_cli.lib.output import Output


@dataclass
class Chain:
    """A payer's nonce and a figure; ``lost`` says how a tool ends without an answer."""

    nonce: int = 4
    figure: int = 10
    pool: list[tuple[int, int]] = field(default_factory=list)
    sent: int = 0
    lost: str = ""

    def look(self) -> Now:
        return Now(self.nonce, self.figure)

    def send(self, change: int) -> Callable[[Asked], dict[str, Any]]:
        def send(asked: Asked) -> dict[str, Any]:
            if self.lost == "proof-failed":
                raise CliError("proof-failed", "the contract refuses")
            if asked.nonce != self.nonce or self.pool:
                raise CliError("refused", "another nonce")
            self.sent += 1
            if self.lost != "before":
                self.pool.append((asked.nonce, change))
            if self.lost == "refused":
                raise CliError("refused", "no")
            if self.lost:
                raise CliError("node-unavailable", "no answer")
            self.block()
            return {"status": "included"}

        return send

    def block(self) -> None:
        for nonce, change in self.pool:
            self.nonce, self.figure = nonce + 1, self.figure + change
        self.pool.clear()


@dataclass
class Command:
    chain: Chain
    path: Path

    def __call__(
        self, what: str = "buy 5", change: int = 5, *, yes: bool = True, told: bool = True
    ) -> dict[str, Any]:
        out = Output(as_json=True)
        once = Once(what, "B62q", change, self.path, out)
        result = once.run(self.chain.look, self.chain.send(change), lambda: ["plan"], yes=yes)
        if told:
            out.result(result)
        return result


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(Chain(), tmp_path / "asked.json")


def unanswered(command: Command, change: int = 5) -> None:
    """A node takes the transaction into its pool, and its answer is lost."""
    command.chain.lost = "after"
    with pytest.raises(CliError, match="no answer"):
        command(change=change)


def kind(error: pytest.ExceptionInfo[CliError]) -> str:
    return error.value.kind


@pytest.mark.parametrize("change", [5, -5])
def test_it_is_sent_and_forgotten(command: Command, change: int) -> None:
    assert command(change=change) == {"status": "included"}
    assert not command.path.exists()
    command(change=change)
    assert (command.chain.sent, command.chain.figure) == (2, 10 + 2 * change)


@pytest.mark.parametrize("change", [5, -5])
def test_a_lost_answer_is_not_sent_again_once_it_came(command: Command, change: int) -> None:
    unanswered(command, change)
    command.chain.block()
    command.chain.lost = ""
    assert command(change=change) == {"status": "already-done"}
    assert (command.chain.sent, command.chain.figure) == (1, 10 + change)
    assert not command.path.exists()


def test_what_was_done_and_not_told_is_not_done_again(command: Command) -> None:
    """As of a process that was killed, or whose output could not be written."""
    assert command(told=False) == {"status": "included"}
    assert command(told=False) == {"status": "already-done"}
    assert command() == {"status": "already-done"}
    assert (command.chain.sent, command.path.exists()) == (1, False)
    assert command() == {"status": "included"}, "once it was told, the next one is another"


def test_while_it_waits_in_a_pool_a_repeat_changes_nothing(command: Command) -> None:
    unanswered(command)
    with pytest.raises(CliError, match="expected it in a block by now") as error:
        command()
    assert (kind(error), command.path.exists(), command.chain.sent) == ("not-included", True, 1)


def test_what_was_lost_before_it_was_sent_is_sent_with_the_same_nonce(command: Command) -> None:
    command.chain.lost = "before"
    with pytest.raises(CliError, match="no answer"):
        command()
    command.chain.lost = ""
    assert command() == {"status": "included"}
    assert command.chain.figure == 15


def test_a_nonce_that_something_else_used_up_is_told_and_nothing_is_sent(command: Command) -> None:
    command.chain.lost = "before"
    with pytest.raises(CliError, match="no answer"):
        command()
    command.chain.lost, command.chain.nonce = "", 5
    with pytest.raises(CliError, match="nonce 4 of B62q is used up") as error:
        command()
    assert (kind(error), command.chain.sent, command.path.exists()) == ("conflict", 1, True)


def test_another_request_waits_for_the_one_of_before(command: Command) -> None:
    unanswered(command)
    command.chain.lost = ""
    with pytest.raises(CliError, match="expected the request of before, buy 5") as error:
        command("give 1", -1)
    assert (kind(error), command.chain.sent) == ("conflict", 1)
    command.chain.block()
    assert command("give 1", -1) == {"status": "included"}
    assert command.chain.figure == 14


def test_a_nodes_refusal_of_what_it_passed_on_is_no_second_payment(command: Command) -> None:
    """A node, or a proxy before it, can say no to a transaction that others have taken."""
    command.chain.lost = "refused"
    with pytest.raises(CliError, match="no"):
        command()
    command.chain.block()
    command.chain.lost = ""
    assert command() == {"status": "already-done"}
    assert (command.chain.sent, command.chain.figure) == (1, 15)


def test_what_was_refused_for_good_is_forgotten(command: Command) -> None:
    command.chain.lost = "proof-failed"
    with pytest.raises(CliError, match="the contract refuses"):
        command()
    assert not command.path.exists()


def test_nobody_agreed_and_nothing_is_kept(command: Command) -> None:
    with pytest.raises(CliError, match="expected a yes") as error:
        command(yes=False)
    assert (kind(error), command.path.exists(), command.chain.sent) == ("confirm", False, 0)


@pytest.mark.parametrize("text", ["{", "[]", '{"what": "x"}'])
def test_a_file_of_something_else_is_told(command: Command, text: str) -> None:
    command.path.write_text(text)
    with pytest.raises(CliError, match="expected what this command wrote"):
        command()
    assert command.chain.sent == 0


def test_what_a_repeat_is_refused_for_decides_nothing_about_what_waits(command: Command) -> None:
    """The payer may have too little for a higher fee, or the ask too few, while a pool has the first one."""
    unanswered(command)
    command.chain.lost = "proof-failed"
    with pytest.raises(CliError, match="the contract refuses"):
        command()
    command.chain.block()
    command.chain.lost = ""
    assert command() == {"status": "already-done"}
    assert (command.chain.sent, command.chain.figure) == (1, 15)
