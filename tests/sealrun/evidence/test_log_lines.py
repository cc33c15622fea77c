"""R10: decoration is taken off before a line is matched; the rest is what a terminal shows."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.evidence.log_lines import MAX_STRETCH, read_lines
from sealrun.offers.evidence_policy import MAX_LINE

ESC = "\x1b"
# A log's stored lines, and the lines that are matched: as GitLab's runner 18 and 19, GitHub's 2.33 and
# programs that think of a terminal write them.
CASES = {
    "plain": (["built dist"], ["built dist"]),
    "empty lines": (["", "", "built"], ["", "", "built"]),
    "CRLF": (["built\r", "\r"], ["built", ""]),
    "CRCRLF": (["built\r\r"], ["built"]),
    "tabs": (["ok  \tpkg\t0.1s"], ["ok   pkg 0.1s"]),
    "GitLab's colours": (
        [f"{ESC}[0KRunning with gitlab-runner 19.1.0 (5eb085ab){ESC}[0;m", f"{ESC}[32;1m$ make{ESC}[0;m"],
        ["Running with gitlab-runner 19.1.0 (5eb085ab)", "$ make"],
    ),
    "GitLab's section": (
        [f"section_start:1560896352:a\r{ESC}[0KHeader", "built", f"section_end:1560896353:a\r{ESC}[0K"],
        ["Header", "built", ""],
    ),
    "GitLab's sections one behind the other": (
        [f"section_end:1:prep\r{ESC}[0Ksection_start:2:my-job.x[collapsed=true]\r{ESC}[0Kbuilt"],
        ["built"],
    ),
    "GitLab's section without its erasing": (["section_start:1560896352:build\r", "built"], ["", "built"]),
    "GitLab's timestamps": (
        [
            f"2026-09-30T19:38:19.213893Z 00O {ESC}[0KRunning with gitlab-runner 19.1.0{ESC}[0;m",
            f"2026-09-30T19:38:19.213982Z 00O section_start:1790797099:prepare_executor\r{ESC}[0K",
            f'2026-09-30T19:38:19.213986Z 00O+{ESC}[0K{ESC}[36;1mPreparing "kubernetes"{ESC}[0;m{ESC}[0;m',
            f"2026-09-30T19:38:19.401883Z 00O section_end:1790797104:prepare_executor\r{ESC}[0K",
            f"2026-09-30T19:38:19.406823Z 00O+section_start:1790797104:step_script[collapsed=true]\r{ESC}[0K",
            "2026-09-30T19:38:20.000000Z 01O $ make",
            "2026-09-30T19:38:21.000000Z 01O at 10%\rat 100%",
            "2026-09-30T19:38:22.000000Z 01E ",
            "2026-09-30T19:38:22.000000Z 01E Error: broken",
        ],
        [
            "Running with gitlab-runner 19.1.0",
            'Preparing "kubernetes"',
            "",
            "$ make",
            "at 100%",
            "",
            "Error: broken",
        ],
    ),
    "GitLab's continued line": (
        ["2026-05-22T12:43:46.962646Z 00O bui", "2026-05-22T12:43:46.962647Z 00O+lt dist"],
        ["built dist"],
    ),
    "GitLab's progress on stderr between lines on stdout": (
        [
            "2026-05-22T12:43:46.000001Z 01E \r",
            "2026-05-22T12:43:46.000002Z 01O score: 5",
            "2026-05-22T12:43:46.000003Z 01E+ 50%\r",
            "2026-05-22T12:43:46.000004Z 01E+ 90%\r",
            "2026-05-22T12:43:46.000005Z 01O score: 6",
            "2026-05-22T12:43:46.000006Z 01E+100%",
        ],
        ["", "score: 5", " 90%", "score: 6", "100%"],
    ),
    "a program's timestamps in GitLab": (
        ["2026-05-22T12:43:46.962646Z 00O a", "2026-05-22T12:43:46.962647Z 01O 2026-05-22T12:43:46Z b"],
        ["a", "2026-05-22T12:43:46Z b"],
    ),
    "a program's timestamps in a log without": (
        ["first", "2026-05-22T12:43:46.9626460Z built", "2026-05-22T12:43:46.962646Z 00O built"],
        ["first", "2026-05-22T12:43:46.9626460Z built", "2026-05-22T12:43:46.962646Z 00O built"],
    ),
    "GitHub": (
        [
            "\ufeff2026-09-14T01:24:01.2027120Z Current runner version: '2.337.0'",
            "2026-09-14T01:24:03.0000000Z ##[group]Run npm test",
            f"2026-09-14T01:24:03.0000001Z {ESC}[36;1mnpm test{ESC}[0m",
            "2026-09-14T01:24:03.0000002Z shell: /usr/bin/bash -e {0}",
            "2026-09-14T01:24:03.0000003Z ##[endgroup]",
            "2026-09-14T01:24:03.0000004Z ",
            "2026-09-14T01:24:05.0000001Z ##[error]Process completed with exit code 1.",
            "2026-09-14T01:24:05.0000002Z 2026-09-14T01:24:05.0000001Z its own",
            "2026-09-14T01:24:05.0000003Z built\r",
            "2026-09-14T01:24:05.0000003Z  10%\r100%\rdone",
            "the rest of a line that holds a line feed",
        ],
        [
            "Current runner version: '2.337.0'",
            "Run npm test",
            "npm test",
            "shell: /usr/bin/bash -e {0}",
            "",
            "",
            "##[error]Process completed with exit code 1.",
            "2026-09-14T01:24:05.0000001Z its own",
            "built",
            "done",
            "the rest of a line that holds a line feed",
        ],
    ),
    "GitHub's blocks of 2 MiB": (
        [
            "\ufeff2026-09-14T01:24:01.2027120Z built",
            "\ufeff2026-09-14T01:24:02.2027120Z score: 7",
            "\ufeff2026-09-14T01:24:02.2027121Z ##[group]Run npm test",
            "2026-09-14T01:24:02.2027122Z \ufeffits own",
        ],
        ["built", "score: 7", "Run npm test", "\ufeffits own"],
    ),
    "Forgejo's groups": (
        ["2026-09-14T01:24:03.0000000Z ::group::Build", "2026-09-14T01:24:04.0000000Z ::endgroup::"],
        ["Build", ""],
    ),
    "progress": ([" 10%\r 50%\r100%\rbuilt in 3 s"], ["built in 3 s"]),
    "progress that ends with CRLF": ([" 10%\r100%\r"], ["100%"]),
    "progress that is erased": ([f"at 50%\r{ESC}[K", f"at 50%\r{ESC}[2Kdone"], ["", "done"]),
    "progress of 5,000 bytes": (["".join(f"{n:5}/1000\r" for n in range(600)) + "built"], ["built"]),
    "a spinner": ([f"{ESC}[2K{ESC}[1G- working{ESC}[2K{ESC}[1Gbuilt"], ["built"]),
    "a colour behind CR": ([f"built\r{ESC}[0m"], ["built"]),
    "colours": ([f"{ESC}[1;38;5;2mbu{ESC}[38:2:1:2:3milt{ESC}[m"], ["built"]),
    "8-bit control sequences": (["\x9b31mbuilt\x9b0m"], ["built"]),
    "tput sgr0": ([f"{ESC}(B{ESC}[mbuilt{ESC}(B{ESC}[m"], ["built"]),
    "key codes and modes": ([f"{ESC}[3~{ESC}[?25l{ESC}7built{ESC}8{ESC}[?25h{ESC}="], ["built"]),
    "a link that ends with BEL": ([f"{ESC}]8;;https://a.example/x;y\x07built{ESC}]8;;\x07"], ["built"]),
    "a link that ends with ST": ([f"{ESC}]8;id=1;https://a.example{ESC}\\built{ESC}]8;;{ESC}\\"], ["built"]),
    "a title": ([f"{ESC}]0;a title{ESC}\\built"], ["built"]),
    "a device string": ([f"{ESC}P1$r0m{ESC}\\built\x90x\x9c"], ["built"]),
    "sequences that the line's end cuts": ([f"a{ESC}[31", f"b{ESC}", f"c{ESC}]8;;http"], ["a", "b", "c"]),
    "control characters": (["\x00bu\x07i\x7flt\x85"], ["built"]),
    "not ASCII": (["caf\u00e9 \u2714 \U0001f600"], ["caf\u00e9 \u2714 \U0001f600"]),
}


def stored(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def texts(log: bytes, size: int = 1 << 16) -> list[str]:
    return [line.text for line in read_lines(log[at : at + size] for at in range(0, len(log), size))]


@pytest.mark.parametrize(("log", "lines"), CASES.values(), ids=CASES.keys())
def test_r10_decoration_is_taken_off(log: list[str], lines: list[str]) -> None:
    assert texts(stored(log)) == lines
    assert texts(stored(log).removesuffix(b"\n")) == lines[: len(lines) - (log[-1] == "")]


def test_r10_a_line_has_the_number_of_its_beginning() -> None:
    log, _ = CASES["GitLab's timestamps"]
    assert [line.number for line in read_lines([stored(log)])] == [1, 2, 4, 6, 7, 8, 9]


@given(
    st.lists(st.one_of(st.sampled_from([stored(log) for log, _ in CASES.values()]), st.binary())),
    st.integers(1, 9),
)
def test_r10_lines_do_not_depend_on_chunks(parts: list[bytes], size: int) -> None:
    log = b"".join(parts)
    assert texts(log, size) == texts(log)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=50), min_size=1))
def test_text_without_decoration_stays(lines: list[str]) -> None:
    plain = [f"> {line}" for line in lines]
    assert texts("\n".join(plain).encode()) == plain


def test_other_encodings_are_shown_as_replaced() -> None:
    assert texts(b"caf\xe9\n\xff\xfe\n") == ["caf\ufffd", "\ufffd\ufffd"]


def test_a_long_line_is_cut_between_characters() -> None:
    assert texts("é".encode() * 10**5) == ["é" * MAX_LINE]
    assert texts(b"a" * 4095 + "é\n".encode()) == ["a" * 4095 + "é"]  # the bound is in characters
    assert texts(b"\x1b[m" * 5 + b"a" + "é".encode() * 10**5 + b"\nbuilt\n") == [
        "a" + "é" * (MAX_LINE - 1),
        "built",
    ]
    half = b"\x1b[m" * (MAX_STRETCH // 3 - 1) + b"abc" + "é".encode()
    assert texts(half) == ["abc"]
    assert texts(b"x" * 10**6 + b"\rbuilt\n") == ["built"]


@pytest.mark.parametrize(
    "part", [b"\x1b", b"\x1b]", b"\x1b[", b"\x1b[0", b"\r", b"section_start:1:", b"\x1b[2K", b"\x90", b"\n"]
)
def test_work_is_linear(part: bytes) -> None:
    log = part * (500_000 // len(part))
    begun = time.process_time()
    for _ in read_lines([log]):
        pass
    assert time.process_time() - begun < 5
