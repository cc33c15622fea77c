"""Amounts, errors and results as they are printed."""

import io
import json

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from sealrun.errors import Refused
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import mina, nanomina, speaking


@given(st.integers(0, 2**64 - 1))
def test_an_amount_survives_being_printed_and_read(amount: int) -> None:
    assert nanomina(mina(amount).removesuffix(" MINA")) == amount


@pytest.mark.parametrize("text", ["", ".", ".5", "-1", "1e3", "1,5", "0.0000000001", "1.2.3", " 1", "१"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(CliError, match="expected MINA such as 20"):
        nanomina(text)


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


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), speaking(as_json=True):
        raise ZeroDivisionError


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
    assert "three \\u2026 \\ud800" in told


def test_long_work_says_how_far_it_is_and_short_work_does_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with speaking(as_json=False) as out:
        out.so_far("files", 1, 3)
        monkeypatch.setattr("sealrun_cli.lib.output.SECONDS_BETWEEN", 0)
        out.so_far("files", 2, 3)
    assert capsys.readouterr().err == "files: 2 of 3\n"
