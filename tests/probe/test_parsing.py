"""What perf script and py-spy print, as they printed it here (perf 6.1.187, py-spy 0.4.3)."""

from sealrun_probe import perf_script, py_spy
from sealrun_probe.perf_script import MAX_VALUES

PERF = """\
w 16873 sealrun_9:steps__return: (55ea56cb4129 <- 55ea56cb416a) ret=17660865281050590889
\t            116a main (/tmp/pt/w)
\t           2724a __libc_start_call_main (/usr/lib/x86_64-linux-gnu/libc.so.6)

tokio run 1 16873     cpu-clock/freq=99/: \n\tffffffff821f5b65 irqentry_exit_to_user_mode ([kernel.kallsyms])
\tffffffff81000cff asm_exc_debug ([kernel.kallsyms])
\t              83 [unknown] ([uprobes])
\t           2724a std::ops::Fn<(A, B)>::call(int, char const*) (/usr/lib/a b/libx.so (deleted))

python3 7 cpu-clock: \n\t          100932 _PyEval_EvalFrameDefault (/usr/lib/libpython3.11.so.1.0)
\t    7fa36de129c0 [unknown] ([unknown])
\t    7fa36e456240 [unknown] ([unknown])
"""


def test_perf_frames_name_function_and_binary_from_the_outermost_in() -> None:
    stacks, _ = perf_script.read(PERF.splitlines(keepends=True), ["sealrun_9:steps__return"])
    assert stacks == {
        (
            "tokio run 1",
            "std::ops::Fn<(A, B)>::call(int, char const*) (libx.so)",
            "(uprobes)",
            "asm_exc_debug (kernel)",
            "irqentry_exit_to_user_mode (kernel)",
        ): 1,
        ("python3", "(unknown)", "_PyEval_EvalFrameDefault (libpython3.11.so.1.0)"): 1,
    }


def test_a_probe_event_is_a_hit_with_values_and_no_sample() -> None:
    _, hits = perf_script.read(PERF.splitlines(keepends=True), ["sealrun_9:steps__return"])
    (seen,) = hits.values()
    assert (seen.count, seen.values) == (1, [{"ret": "17660865281050590889"}])


def test_an_event_that_nobody_asked_for_is_a_sample() -> None:
    stacks, hits = perf_script.read(PERF.splitlines(keepends=True), [])
    assert (sum(stacks.values()), hits) == (3, {})


def test_all_hits_count_and_the_first_values_are_kept() -> None:
    lines = [f"w 1 g:p: (5) n={n}\n" for n in range(MAX_VALUES + 50)]
    _, hits = perf_script.read(lines, ["g:p"])
    assert hits["g:p"].count == MAX_VALUES + 50
    assert [value["n"] for value in hits["g:p"].values] == [str(n) for n in range(MAX_VALUES)]


def test_what_is_no_sample_is_passed_over() -> None:
    assert perf_script.read(["\t 12 f (x)\n", "# a comment\n", "\n", "\xff\xfe\n"], []) == ({}, {})


def test_py_spy_shows_processes_without_ids_and_arguments() -> None:
    frames, shell = "<module> (x.py);f (x.py)", 'process 9:"sh -c TOKEN=s3cret; ./run.sh"'
    lines = [
        f'{shell};process 12:"/opt/bin/python3 -c ""a;b""";{frames} 12\n',
        f'{shell};process 13:"/opt/bin/python3 y.py";{frames} 3\n',
        f'{shell};process 14:"/opt/bin/python3 -c ""a;b""" 2\n',
    ]
    assert py_spy.parse(lines) == {
        ("sh", "python3", "<module> (x.py)", "f (x.py)"): 15,
        ("sh", "python3"): 2,
    }


def test_py_spy_alone_with_one_process_names_frames_only() -> None:
    assert py_spy.parse(["<module> (x.py);f (x.py) 2\n", "no count\n"]) == {
        ("<module> (x.py)", "f (x.py)"): 2
    }
