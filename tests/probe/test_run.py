"""Which sampler counts, and what happens to those that fail."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sealrun_probe import leave, uprobes
from sealrun_probe.perf_samples import Hits
from sealrun_probe.proc import Proc
from sealrun_probe.run import Watch, order_for
from sealrun_probe.samplers import Refused, Sampled, in_one_line
from sealrun_probe.uprobes import Probe, Probes, parse_probe


@dataclass
class Fake:
    """A sampler that fails where it is told to."""

    name: str
    fails_at: str = ""
    error: Exception = field(default_factory=lambda: Refused("not here"))
    did: list[str] = field(default_factory=list)
    samples: int = 1
    stacks: dict[tuple[str, ...], int] = field(default_factory=dict)

    def watch(self, pid: int) -> None:
        self._do("watch")

    def released(self, pid: int) -> None:
        self._do("released")

    def end(self) -> Sampled:
        self._do("end")
        return Sampled(self.stacks or {(self.name,): self.samples}, 99)

    def _do(self, step: str) -> None:
        self.did.append(step)
        if step == self.fails_at:
            raise self.error


def through(*samplers: Fake) -> tuple[str | None, dict[str, str]]:
    watch = Watch(list(samplers))
    watch.begin(1)
    watch.released(1)
    found = watch.end()
    return found[0] if found else None, watch.refused


def test_perf_is_enough_once_it_watches() -> None:
    other = Fake("py-spy")
    assert through(Fake("perf"), other) == ("perf", {})
    assert other.did == []


@pytest.mark.parametrize("step", ["watch", "released", "end"])
def test_the_next_one_counts_where_one_fails(step: str) -> None:
    assert through(Fake("py-spy", step), Fake("proc")) == ("proc", {"py-spy": "not here"})


def test_a_fault_of_a_sampler_is_told_and_goes_no_further() -> None:
    broken = Fake("perf", "watch", ZeroDivisionError("division by zero"))
    assert through(broken, Fake("proc")) == ("proc", {"perf": "ZeroDivisionError: division by zero"})


def test_every_sampler_that_watches_is_ended() -> None:
    second = Fake("proc")
    assert through(Fake("py-spy"), second)[0] == "py-spy"
    assert second.did == ["watch", "released", "end"]


def test_a_sampler_that_saw_little_of_the_work_gives_way_where_the_probe_chose_it() -> None:
    def ended(share: float) -> tuple[str | None, dict[str, str]]:
        watch = Watch([Fake("py-spy", samples=49), Fake("perf", samples=100)])
        watch.begin(1)
        watch.released(1)
        found = watch.end(share=share)
        return found[0] if found else None, watch.refused

    assert ended(0) == ("py-spy", {})
    assert ended(0.5) == ("perf", {"py-spy": "expected most of 1.0 s of work, got 0.5 s"})


def test_nothing_is_left_where_all_fail() -> None:
    assert through(Fake("perf", "end"), Fake("proc", "watch"))[0] is None


def process(proc: Path, pid: int, name: str, ticks: int, *children: int) -> None:
    """A process as the kernel shows it; its name may hold anything."""
    folder = proc / str(pid) / "task" / str(pid)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "children").write_text("".join(f"{child} " for child in children))
    (proc / str(pid) / "comm").write_text(f"{name}\n")
    numbers = " ".join(["0"] * 10)
    (proc / str(pid) / "stat").write_text(f"{pid} ({name}) S {numbers} {ticks} 1 0 0 20")


def test_proc_gives_new_ticks_to_the_chain_of_names(tmp_path: Path) -> None:
    process(tmp_path, 1, "make", 4, 2, 3)
    process(tmp_path, 2, "odd ) S 9", 10)
    process(tmp_path, 3, "\na(\n", 0)
    sampler = Proc(tmp_path, period=60)
    sampler.watch(1)
    sampler.look(1)
    process(tmp_path, 2, "odd ) S 9", 15)
    sampler.look(1)
    assert sampler.end().stacks == {("make", "odd ) S 9"): 16, ("make", "%0Aa(%0A"): 1}


def test_proc_says_what_the_kernel_does_not_show(tmp_path: Path) -> None:
    process(tmp_path, 1, "make", 4)
    (tmp_path / "1" / "task" / "1" / "children").unlink()
    with pytest.raises(Refused, match="expected stat and children"):
        Proc(tmp_path).watch(1)


def test_a_probe_is_read_from_its_line() -> None:
    probe = parse_probe("steps=./bin/w:oracle_step%return:ret=$retval:u64,x=%di")
    assert probe == Probe("steps", "./bin/w", "oracle_step%return", ("ret=$retval:u64", "x=%di"))
    assert parse_probe("a=libc.so.6:malloc").values == ()
    with pytest.raises(ValueError, match=r"expected NAME=BINARY:FUNCTION\[:VALUES\], got 'a=b:-x'"):
        parse_probe("a=b:-x")


def test_a_probe_that_the_kernel_refuses_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "perf"
    tool.write_text("#!/bin/sh\necho 'Permission denied' >&2\nexit 255\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    probes = Probes([parse_probe("steps=./w:oracle_step")])
    probes.set()
    assert (probes.events, probes.document({})) == ([], {"steps": {"refused": "Permission denied"}})


def test_a_tool_that_takes_too_long_is_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "perf"
    tool.write_text("#!/bin/sh\nexec sleep 10\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(uprobes, "PROBE_SECONDS", 0.1)
    probes = Probes([parse_probe("steps=./w:oracle_step")])
    probes.set()
    assert probes.document({}) == {"steps": {"refused": "no answer within 0.1 s"}}


def test_probes_stay_within_what_the_collector_reads() -> None:
    hits = Hits()
    for _ in range(200):
        hits.add(f'text="{"x" * 150}" n=1')
    many = {f"p{n}": {"hits": hits.count, "values": hits.values} for n in range(50)}
    text = leave.bounded(many)
    assert len(text) <= leave.MAX_PROBES_BYTES
    assert {name: told["hits"] for name, told in json.loads(text)["probes"].items()} == dict.fromkeys(
        many, 200
    )


@pytest.mark.parametrize(
    ("text", "line"), [("a\n b \n\n", "a b"), ("", "it said nothing"), ("x" * 400, "x" * 300)]
)
def test_a_reason_is_one_line(text: str, line: str) -> None:
    assert in_one_line(text) == line


def test_py_spy_watches_first_but_not_where_user_probes_take_perf() -> None:
    assert order_for([])[:2] == ("py-spy", "perf")
    assert order_for([Probe("steps", "/bin/true", "main")])[0] == "perf"


@pytest.mark.parametrize(
    ("stacks", "sampler"),
    [
        ({("python3", "f (libc.so.6)"): 51, ("cc1", "g (cc1)"): 49}, "py-spy"),
        ({("python3", "f (libc.so.6)"): 49, ("cc1", "g (cc1)"): 51}, "perf"),
        ({("python3", "py::f (x.py)"): 100}, "perf"),
    ],
)
def test_a_command_whose_words_do_not_tell_is_judged_by_what_perf_saw(
    stacks: dict[tuple[str, ...], int], sampler: str
) -> None:
    watch = Watch([Fake("py-spy", samples=60), Fake("perf", stacks=stacks)])
    watch.begin(1)
    watch.released(1)
    found = watch.end(share=0.5, python=False)
    assert (found[0] if found else None) == sampler
    assert watch.refused == {}
