"""What perf and py-spy print, in the forms of perf 6.1.187 and py-spy 0.4.3, whatever names they print."""

import re
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun_probe import perf_samples, py_spy
from sealrun_probe.folding import MAX_NAME, Stack, frame
from sealrun_probe.perf_samples import MAX_SAMPLE, MAX_VALUES, Hits, NotTheSame
from tests.probe.perf_forms import Frame, Told, lines, quoted

LIBC = Frame(0x7F00002724A, b"__libc_start_call_main", b"/usr/lib/x86_64-linux-gnu/libc.so.6")
ODD = [
    b"",
    b" ",
    b"Worker 7 io:",
    b"(((",
    b"a ) S 9 (b",
    b"[kernel",
    b"x;y",
    b"a\nb",
    b"\n   42     1.000000000: cpu-clock:",
    b"\t            1157 (/usr/bin/other)",
    b'"quoted\\',
    b"\xff\xfe",
    "caf\u00e9 \u6c34".encode(),
    b"%41%",
    b"run(int (*)(char))",
    b"\r\x1b[31m",
    b"x" * 400,
]
# perf's names are C strings.
NAMES = st.one_of(st.sampled_from(ODD), st.binary(max_size=30)).map(lambda name: name.replace(b"\0", b""))
FILES = NAMES.map(lambda name: b"/srv/job (copy)/" + name.replace(b"/", b"") + b".so")
FRAMES = st.builds(Frame, st.integers(1, 2**47), st.none() | NAMES.filter(bool), FILES)
SAMPLES = st.lists(st.builds(Told, NAMES, st.lists(FRAMES, max_size=4)), min_size=1, max_size=4)


def read(
    samples: Sequence[Told], *probes: str, signed: bool = True, chunk: int = 1 << 16
) -> tuple[dict[Stack, int], dict[str, Hits]]:
    text = quoted(samples, signed=signed)
    return perf_samples.read(
        [text[at : at + chunk] for at in range(0, len(text), chunk)], lines(samples), probes
    )


def named(told: Frame) -> str:
    file = told.path.rpartition(b"/")[2]
    text = file if told.symbol is None else told.symbol
    name = text.decode(errors="surrogateescape")
    return f"({name})" if told.symbol is None else f"{name} ({file.decode(errors='surrogateescape')})"


@given(SAMPLES, st.booleans(), st.sampled_from([7, 100, 1 << 16]))
def test_perf_names_may_hold_anything(samples: list[Told], signed: bool, chunk: int) -> None:  # noqa: FBT001
    stacks, _ = read(samples, signed=signed, chunk=chunk)
    wanted: dict[Stack, int] = {}
    for told in samples:
        names = [told.comm.decode(errors="surrogateescape"), *(named(each) for each in reversed(told.frames))]
        key = tuple(frame(name) for name in names)
        wanted[key] = wanted.get(key, 0) + 1
    assert stacks == wanted


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (LIBC, "__libc_start_call_main (libc.so.6)"),
        (Frame(1, b"leaf", b"/srv/job (copy)/app"), "leaf (app)"),
        (Frame(1, b"f", b"/tmp/x (deleted)"), "f (x)"),
        (Frame(1, None, b"/usr/lib/libz.so (deleted)"), "(libz.so)"),
        (Frame(1, None, b"/memfd:doublemapper (deleted)"), "(memfd:doublemapper)"),
        (Frame(1, b"Lcom/foo/Bar;::baz", b"/tmp/perf-42.map"), "Lcom/foo/Bar%3B::baz (JIT)"),
        (Frame(1, b"Interpreter", b"[JIT] tid 42"), "Interpreter (JIT)"),
        (
            Frame(1, b"java.lang.String.hashCode", b"[JIT app cache]"),
            "java.lang.String.hashCode (JIT app cache)",
        ),
        (Frame(1, None, b"[uprobes]"), "(uprobes)"),
        (Frame(1, None, b"[unknown]"), "(unknown)"),
        (Frame(1, None, b"//anon"), "(anon)"),
        (Frame(2**64 - 1, b"schedule", b"[kernel.kallsyms]"), "schedule (kernel)"),
        (Frame(2**64 - 1, b"ext4_read", b"[ext4]"), "ext4_read (kernel)"),
        (Frame(2**64 - 1, None, b"[unknown]"), "(kernel)"),
        (Frame(0xC0008000, b"schedule", b"[kernel.kallsyms]"), "schedule (kernel)"),
    ],
)
def test_perf_frames_name_function_and_file(told: Frame, name: str) -> None:
    assert read([Told(b"app", [told])])[0] == {("app", name): 1}


def test_perf_frames_go_from_the_outermost_in_and_lost_ones_are_one() -> None:
    lost = Frame(1, None, b"[unknown]")
    leaf = Frame(2, b"leaf", b"/app")
    stacks, _ = read([Told(b"app", [leaf, lost, lost, LIBC]), Told(b"app", [])])
    assert stacks == {
        ("app", "__libc_start_call_main (libc.so.6)", "(unknown)", "leaf (app)"): 1,
        ("app",): 1,
    }


def test_a_long_name_is_cut() -> None:
    stacks, _ = read([Told(b"app", [Frame(1, b"x" * 4000, b"/app")])])
    assert stacks == {("app", "x" * MAX_NAME): 1}


def test_a_probe_event_is_a_hit_with_values_and_no_sample() -> None:
    event, trace = "sealrun_9:steps__return", b"(55ea <- 55eb) ret=17660865281050590889"
    samples = [Told(b"w", [LIBC], event, trace), Told(b"w", [LIBC])]
    stacks, hits = read(samples, event)
    assert (sum(stacks.values()), hits[event].count) == (1, 1)
    assert hits[event].values == [{"ret": "17660865281050590889"}]
    assert sum(read(samples)[0].values()) == 2


def test_all_hits_count_and_the_first_values_are_kept() -> None:
    _, hits = read([Told(b"w", [], "g:p", b"(5) n=%d" % n) for n in range(MAX_VALUES + 50)], "g:p")
    assert hits["g:p"].count == MAX_VALUES + 50
    assert [value["n"] for value in hits["g:p"].values] == [str(n) for n in range(MAX_VALUES)]


def test_two_forms_of_other_samples_are_refused() -> None:
    with pytest.raises(NotTheSame, match="expected every sample that perf data convert tells of, got fewer"):
        perf_samples.read([quoted([Told(b"w", []), Told(b"w", [])])], lines([Told(b"w", [])]), [])
    with pytest.raises(NotTheSame, match="expected samples in JSON"):
        perf_samples.read([b"x" * (MAX_SAMPLE + 1)], [], [])
    assert perf_samples.read([quoted([])], lines([]), []) == ({}, {})


def test_py_spy_shows_processes_without_ids_and_arguments() -> None:
    frames, shell = "<module> (x.py);f (x.py)", 'process 9:"sh -c TOKEN=s3cret; ./run.sh"'
    text = [
        f'{shell};process 12:"/opt/bin/python3 -c ""a;b""";{frames} 12\n',
        f'{shell};process 13:"/opt/bin/python3 y.py";{frames} 3\n',
        f'{shell};process 14:"/opt/bin/python3 -c ""a;b""" 2\n',
    ]
    assert py_spy.parse(text) == {("sh", "python3", "<module> (x.py)", "f (x.py)"): 15, ("sh", "python3"): 2}


def test_py_spy_alone_with_one_process_names_frames_only() -> None:
    assert py_spy.parse(["<module> (x.py);f (x.py) 2\n", "no count\n", "f (x.py) -1\n", "\n"]) == {
        ("<module> (x.py)", "f (x.py)"): 2
    }


def test_py_spy_s_stack_of_a_script_of_several_lines_is_one() -> None:
    script = 'sh -ec set -x\ntest $((1 + 2)) 3\n  python we;ird.py "a b"\n'
    whole = (
        f'process 9:"{script}";process 12:"python we;ird (x) y.py";<module> (we;ird (x) y.py);f (a;b.py) 7\n'
    )
    only = f'process 9:"{script}" 2\n'
    text = (whole + only + whole).splitlines(keepends=True)
    assert py_spy.parse(text) == {
        ("sh", "python", "<module> (we%3Bird (x) y.py)", "f (a%3Bb.py)"): 14,
        ("sh",): 2,
    }


def test_py_spy_s_script_of_very_many_lines_is_read_once() -> None:
    """Arguments of a command may have 128 KiB in lines of one character; each line searched all of them."""

    def seconds(count: int) -> float:
        script = "".join(f"{n} 1\n" for n in range(count))
        text = f'process 9:"sh -c {script}";f (x.py) 7\n'.splitlines(keepends=True)
        start = time.process_time()
        assert py_spy.parse(text) == {("sh", "f (x.py)"): 7}
        return time.process_time() - start

    seconds(100)
    assert seconds(32_000) < 25 * max(seconds(4000), 0.002)


@pytest.mark.parametrize("line", ["f(x) 5\n", 'a" 5\n', '";f (x) 5\n', "f (x) 5\n"])
def test_py_spy_s_lines_that_end_like_a_stack_are_searched_no_more_than_others(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script's own line may end like a frame and a count; each such line searched all lines before it."""
    searched: list[int] = []

    class Pattern:
        def fullmatch(self, text: str) -> re.Match[str] | None:
            searched.append(len(text))
            return whole.fullmatch(text)

    whole = py_spy._PROCESSES
    monkeypatch.setattr(py_spy, "_PROCESSES", Pattern())
    text = ['process 9:"sh -c a\n', *[line] * 2000, 'b";f (x.py) 7\n']
    assert sum(py_spy.parse(text).values()) >= 7
    assert sum(searched) <= len("".join(text))


def test_py_spy_s_counts_are_those_that_the_collector_reads() -> None:
    lines = [f"f (x.py) {'9' * 5000}\n", f"f (x.py) {'9' * 12}\n"]
    assert py_spy.parse(lines) == {("f (x.py)",): 10**12 - 1}


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\n'), max_size=20)


@given(st.lists(WORDS, max_size=4), st.lists(WORDS, min_size=1, max_size=4), st.integers(1, 999))
def test_py_spy_s_command_lines_and_files_may_hold_anything(
    script: list[str], files: list[str], count: int
) -> None:
    names = [f"f ({name.replace(')', '')}.py)" for name in files]
    text = f'process 9:"/bin/sh -c {chr(10).join(script)}";process 12:"python x";{";".join(names)} {count}\n'
    read = py_spy.parse(line + "\n" for line in text.split("\n")[:-1])
    assert read == {("sh", "python", *map(frame, names)): count}
