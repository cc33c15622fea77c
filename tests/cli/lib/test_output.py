"""Amounts, errors and results as they are printed."""

import io
import json
import os
import pty
import subprocess
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from sealrun.errors import Refused
from sealrun.offers.asset import MINA
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Line, Output, amount_of, plain, speaking


@given(st.integers(0, 2**64 - 1))
def test_an_amount_survives_being_printed_and_read(amount: int) -> None:
    assert amount_of(MINA.of(amount).number, MINA).units == amount


@pytest.mark.parametrize("text", ["", ".", ".5", "-1", "1e3", "1,5", "0.0000000001", "1.2.3", " 1", "१"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(CliError, match="expected MINA such as 20"):
        amount_of(text, MINA)


def test_an_error_is_one_json_object_on_stdout_and_words_on_stderr(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as ended, speaking(as_json=True):
        raise Refused("limit: expected 1, got 2")
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert (ended.value.exit_code, error["type"]) == (1, "refused")
    assert error["next"]
    assert "error: limit: expected 1, got 2\nnext:  " in said.err


def test_without_json_stdout_stays_empty_on_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), speaking(as_json=False):
        raise FileNotFoundError(2, "No such file or directory", "seller.key")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("as_json", [True, False])
def test_a_result_that_stdout_does_not_take_is_an_error_of_its_own(
    *, as_json: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``> FILE`` on a full disk; whoever was shown a traceback, or nothing, did it again."""
    with suppress(OSError), Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(typer.Exit) as ended, speaking(as_json=as_json) as out:
            out.result({"paid": 1}, "paid")
    assert ended.value.exit_code == 1
    assert "error: [Errno 28] No space left on device\nnext:  " in capsys.readouterr().err


@pytest.mark.parametrize("as_json", [True, False])
def test_a_result_without_a_stdout_is_no_error(*, as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """``>&-``: who was shown a traceback behind a purchase made it again."""
    monkeypatch.setattr(sys, "stdout", None)
    told: list[str] = []
    with speaking(as_json=as_json) as out:
        out.once_told(lambda: told.append("forgotten"))
        out.result({"paid": 1}, "paid")
    assert told == ["forgotten"]


SPEAKS = """
import sys, typer
from sealrun_cli.lib.output import speaking
def command(json: bool = False):
    with speaking(as_json=json) as out:
        out.progress("paying 5 MINA")
        out.progress("call     https://ci.example/calls/5")
        out.result({"state": "succeeded"}, "succeeded")
typer.run(command)
"""


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("deaf", ["stdout", "stderr"])
@pytest.mark.parametrize("how", ["full", "gone"])
def test_c2_what_one_stream_does_not_take_is_told_on_the_other(how: str, deaf: str, *, as_json: bool) -> None:
    """``2>FILE`` on a full disk, ``2>&1 >FILE | head``, ``| true``: a purchase was told nowhere."""
    if how == "full":
        closed = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, closed = os.pipe()
        os.close(reader)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    out, err = (closed if deaf == name else subprocess.PIPE for name in ("stdout", "stderr"))
    words = [sys.executable, "-c", SPEAKS, *(["--json"] if as_json else [])]
    done = subprocess.run(words, env=buffered, text=True, check=False, stdout=out, stderr=err)
    os.close(closed)
    if deaf == "stderr":
        assert (done.returncode, "succeeded" in done.stdout) == (0, True)
    else:
        *_, error, following = done.stderr.splitlines()
        assert (done.returncode, error[:14], following[:5]) == (1, "error: [Errno ", "next:")


WAITS = """
import sys, typer
from sealrun_cli.lib.output import speaking
def command():
    with speaking(as_json=True) as out:
        with out.waiting("waiting for the run"):
            sys.stdin.readline()
            out.progress("succeeded")
        out.result({"state": "succeeded"}, "succeeded")
typer.run(command)
"""


def test_c2_a_terminal_that_goes_away_during_a_run_does_not_end_the_command() -> None:
    """``call --json >FILE &`` and then leaving: it told of the terminal alone, and nobody of the purchase."""
    master, slave = pty.openpty()
    variables = {**os.environ, "TERM": "xterm-256color"}
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", WAITS]
    with subprocess.Popen(words, env=variables, text=True, stdin=pipe, stdout=pipe, stderr=slave) as running:
        os.close(slave)
        said = b""
        while b"so far" not in said:
            said += os.read(master, 1000)
        os.close(master)
        out, _ = running.communicate("\n", timeout=60)
    assert (running.returncode, json.loads(out)) == (0, {"state": "succeeded"})


@pytest.mark.parametrize("as_json", [True, False])
def test_r11_no_password_in_an_address_is_told(*, as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """``call``, ``show`` and others repeated that of an offer's address, in logs that others read."""
    address = "https://user:se@cr3t@host.example/offers/a@b"
    out = Output(as_json=as_json)
    out.progress(f"reading {address}")
    out.error(CliError("unreachable", f"{address}: got none", f"ask '{address}' again"))
    said = capsys.readouterr()
    assert "cr3t" not in said.out + said.err
    assert said.err.count("https://host.example/offers/a@b") == 3


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), speaking(as_json=True):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "word",
    ["::set-output name=x::y", "  ::stop-commands::z", "a ##[add-mask]b", "##[set-output name=x;]y", ":::"],
)
def test_e7_no_word_of_a_stranger_is_a_command_to_githubs_runner(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for as_json in (False, True):
        with speaking(as_json=as_json) as out:
            out.progress(word)
            out.result({"title": word}, word, Line(word, indent=2))
            out.error(CliError("other", word, word))
    said = capsys.readouterr()
    for line in (said.out + said.err).splitlines():
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line
    assert json.loads(said.out.splitlines()[-2])["title"] == word


@pytest.mark.parametrize("word", ["a::b", "https://[::1]:8080/x", "# #[", "#", "sealrun::", "1:: "])
def test_what_is_no_command_is_shown_as_it_is(word: str) -> None:
    assert plain(word) == word


def test_blanks_that_are_no_spaces_make_no_sentence_of_a_long_name() -> None:
    """A word that is longer than a line goes on at the beginning of the terminal's next one."""
    assert plain("grade\u28002\u3164another\uffa0oracle\u115f\u1160\U0001d159") == (
        r"grade\u28002\u3164another\uffa0oracle\u115f\u1160\U0001d159"
    )


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("full", [False, True])
def test_only_a_result_that_was_written_out_counts_as_told(
    monkeypatch: pytest.MonkeyPatch, *, as_json: bool, full: bool
) -> None:
    told: list[bool] = []
    stream = io.TextIOWrapper(io.FileIO("/dev/full" if full else os.devnull, "w"), write_through=False)
    monkeypatch.setattr(sys, "stdout", stream)
    out = Output(as_json=as_json)
    out.once_told(lambda: told.append(True))
    assert not told
    with pytest.raises(OSError, match="No space") if full else nullcontext():
        out.result({"paid": "2"}, "paid 2")
    assert bool(told) is not full
    with suppress(OSError):
        stream.close()


def test_e7_any_text_can_be_printed_in_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True) for _ in range(2)]
    monkeypatch.setattr("sys.stdout", streams[0])
    monkeypatch.setattr("sys.stderr", streams[1])
    with speaking(as_json=False) as out:
        out.progress("one … two \udc80")
        out.result({}, "one … two \udc80 \U0001f4b6")
    with pytest.raises(typer.Exit), speaking(as_json=False):
        raise Refused("three … \ud800")
    said, told = (stream.buffer.getvalue().decode("ascii") for stream in streams)
    assert said == "one \\u2026 two \\udc80 \\U0001f4b6\n"
    assert "one \\u2026 two \\udc80" in told
    assert "three \\u2026 ?" in told  # an error keeps no half of a surrogate pair


def test_a_line_is_wrapped_under_its_column_and_a_url_is_never_broken() -> None:
    line = Line("claim     says a sentence of some length https://example.org/" + "a" * 40, indent=10)
    assert line.parts(0) == [line.text]
    assert line.parts(40) == [
        "claim     says a sentence of some length",
        "          https://example.org/" + "a" * 40,
    ]


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_that_want_it(
    variables: dict[str, str],
    coloured: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    master, slave = pty.openpty()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        Output(as_json=False).result({}, Line("HOLDS", "green"))
        terminal.flush()
        said = os.read(master, 1000).decode()
    os.close(master)
    assert ("\x1b[32m" in said, "HOLDS" in said) == (coloured, True)


def test_nothing_is_coloured_where_it_is_piped(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).result({}, Line("HOLDS", "bold green"), "x" * 300)
    assert capsys.readouterr().out == f"HOLDS\n{'x' * 300}\n"


@pytest.mark.parametrize("stopped", [KeyboardInterrupt, typer.Abort])
def test_ctrl_c_under_json_is_one_json_object(
    stopped: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, speaking(as_json=True):
        raise stopped
    assert ended.value.exit_code == 130
    assert json.loads(capsys.readouterr().out)["error"]["type"] == "interrupted"
    with pytest.raises(stopped), speaking(as_json=False):
        raise stopped
