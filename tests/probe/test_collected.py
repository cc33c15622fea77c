"""What the probe leaves is what the collector shows: stacks, how they were sampled, and named probes."""

import json
import resource
from pathlib import Path

from sealrun.evidence import call_stacks as stacks
from sealrun.evidence.leaves import Kind
from sealrun_probe import leave
from sealrun_probe.samplers import Sampled
from tests.probe.test_command import probe
from tests.sealrun.workflows.test_collect_run import index_of, over, run_of
from tests.sealrun.world import World, evidence_value, make_offer

SPIN = "import time\nwhile time.process_time() < 0.1: pass"


def files(folder: Path) -> dict[str, bytes]:
    """The folder as the job's artifacts have it."""
    return {f"{folder.name}/{path.name}": path.read_bytes() for path in folder.iterdir()}


def test_a_probed_command_is_told_in_the_evidence(tmp_path: Path) -> None:
    assert probe(tmp_path, "--", "python3", "-c", SPIN).returncode == 0
    world = World(make_offer(evidence=evidence_value(symbols=["?user?"])))
    world.provider.files = files(tmp_path / "sealrun-profile")
    record, signed = over(world)
    assert signed.holds()
    told = run_of(world, record)
    (samples,) = told["samples"].values()
    assert (samples["sampler"], samples["hz"], set(samples)) == ("rusage", 100, {"sampler", "hz", "samples"})
    (shown,) = [entry for entry in index_of(world, record).trees["profile"] if entry.kind is Kind.STACKS]
    assert shown.leaf is not None
    read = stacks.parse(world.store.get(shown.leaf.sha256))
    assert sum(read.values()) == samples["samples"]
    assert {frames[0] for frames in read} == {stacks.BLACK_BOX}


def test_what_a_probe_saw_is_shown_where_the_offer_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "sealrun-profile"
    leave.empty(folder)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seen = {
        "steps": {"hits": 2, "values": [{"ret": "17660865281050590889"}, {"ret": "1"}]},
        "other": {"hits": 1, "values": []},
    }
    found = Sampled({("w", "oracle_step (w)"): 3}, 99, probes=seen)
    leave.profile(folder, "perf", found, refused={}, probes=seen, used=used, seconds=0.1)
    world = World(make_offer(evidence=evidence_value(symbols=["oracle_*"], probes=["steps"])))
    world.provider.files = files(folder)
    record, _ = over(world)
    (samples,) = run_of(world, record)["samples"].values()
    assert samples == {"sampler": "perf", "hz": 99, "samples": 3}
    (shown,) = [entry for entry in index_of(world, record).trees["profile"] if entry.kind is Kind.PROBE]
    assert shown.leaf is not None
    assert shown.leaf.label.endswith("probes/steps")
    assert json.loads(world.store.get(shown.leaf.sha256)) == seen["steps"]
