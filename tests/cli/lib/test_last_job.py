"""``sealrun check`` tells what keeps a pipeline's last job from naming the call done."""

from pathlib import Path

import pytest
import yaml

from sealrun_cli.lib.check_source import last_job_findings, pipeline_findings
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.findings import Finding
from tests.cli.commands.test_check import GOOD, SCHEMA
from tests.sealrun.offers.test_proved import proved
from tests.sealrun.world import make_offer, offer_value

TEMPLATE = Path(__file__).parents[3] / "infra" / "gitlab-component" / "templates" / "done.yml"
LAST = list(yaml.safe_load_all(TEMPLATE.read_text().replace("$[[ inputs.outputs ]]", "out")))[1]
BUILD = {"script": ["make"], "artifacts": {"paths": ["out/"]}}


def pipeline(**changes: object) -> str:
    """A pipeline with the block as GitLab merges it, with changes of jobs; None takes one out."""
    jobs = {"build": BUILD, **LAST, **changes}
    return yaml.safe_dump({name: job for name, job in jobs.items() if job is not None})


def found(text: str, *, merged: bool = True) -> list[Finding]:
    return list(last_job_findings(proved(), read_pipeline("gitlab", text.encode()), merged=merged))


def wrong(text: str) -> list[str]:
    return [each.message for each in found(text) if each.holds is False]


def test_the_block_as_it_is_has_only_good_marks() -> None:
    assert [each.holds for each in found(pipeline())] == [True]


HASHES, STARTS = LAST["sealrun-outputs"], LAST["sealrun-last"]
TRIGGER = STARTS["trigger"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sealrun-outputs": None}, "expected the job sealrun-outputs, got none"),
        ({"sealrun-last": None}, "expected the job sealrun-last, got none"),
        ({"sealrun-outputs": {**HASHES, "stage": "build"}}, "sealrun-outputs: expected the stage .post"),
        ({"sealrun-last": {**STARTS, "stage": "build"}}, "sealrun-last: expected the stage .post"),
        ({"sealrun-outputs": {**HASHES, "needs": []}}, "to wait for all other jobs, got needs"),
        ({"sealrun-outputs": {**HASHES, "when": "always"}}, "to wait for all other jobs, got when"),
        ({"sealrun-outputs": {**HASHES, "rules": [{"when": "always"}]}}, "for all other jobs, got rules"),
        ({"sealrun-outputs": {**HASHES, "dependencies": []}}, "for all other jobs, got dependencies"),
        ({"sealrun-last": {**STARTS, "when": "always"}}, "whenever sealrun-outputs succeeded, got when"),
        ({"sealrun-last": {**STARTS, "needs": []}}, "to start the file that sealrun-outputs writes"),
        (
            {"sealrun-last": {**STARTS, "trigger": {**TRIGGER, "include": "child.yml"}}},
            "to start the file that sealrun-outputs writes",
        ),
        (
            {"sealrun-last": {**STARTS, "trigger": {**TRIGGER, "strategy": "mirror"}}},
            "to start the file that sealrun-outputs writes",
        ),
        ({"late": {"script": ["x"], "stage": ".post"}}, "late: runs beside the last job"),
        ({"child": {"trigger": {"include": "child.yml"}}}, "child: starts a pipeline whose jobs could"),
        ({"build": {**BUILD, "tags": ["my-runner"]}}, "build: asks for a runner of the seller's own"),
        ({"build": {**BUILD, "artifacts": {"paths": ["out", "dist/x"]}}}, "build: leaves dist/x/, which"),
        ({"default": {"tags": ["my-runner"]}}, "build: asks for a runner of the seller's own"),
    ],
)
def test_each_fault_of_the_last_job_is_told(changes: dict[str, object], said: str) -> None:
    assert any(said in each for each in wrong(pipeline(**changes)))


def test_needs_may_be_written_out() -> None:
    needed = {"job": "sealrun-outputs", "artifacts": True, "optional": False}
    assert wrong(pipeline(**{"sealrun-last": {**STARTS, "needs": [needed]}})) == []


def test_runners_of_gitlabs_own_are_no_fault() -> None:
    assert wrong(pipeline(build={**BUILD, "tags": ["saas-linux-large-amd64"]})) == []


def test_r5_the_one_child_pipeline_that_is_pinned_is_no_trouble() -> None:
    jobs = yaml.safe_dump({"build": BUILD, **LAST})
    text = GOOD.replace("build: {script: [make]}\n", jobs)
    offer = make_offer(inputs=SCHEMA)
    told = list(pipeline_findings(offer, read_pipeline("gitlab", text.encode())))
    assert [each.message for each in told if each.holds is False] == []
    assert [each.what for each in told if each.what == "last job"] == ["last job"]
    other = text.replace("sealrun-last:", "another:")
    told = list(pipeline_findings(offer, read_pipeline("gitlab", other.encode())))
    assert any("another: starts another pipeline" in each.message for each in told)


def test_a_free_offer_needs_no_last_job_and_a_proved_one_does() -> None:
    plain = read_pipeline("gitlab", b"build: {script: [make]}\n")
    assert list(last_job_findings(make_offer(), plain, merged=True)) == []
    assert [each.holds for each in last_job_findings(proved(), plain, merged=True)] == [False]


def test_a_last_job_in_an_included_file_is_looked_for_where_gitlab_merges_it() -> None:
    text = f"include: [{{project: a/b, ref: {'1f' * 20}, file: done.yml}}]\nbuild: {{script: [make]}}\n"
    assert [each.holds for each in found(text, merged=False)] == [None]
    assert [each.holds for each in found(text)] == [False]


def test_includes_that_are_not_pinned_are_refused_where_money_is_paid_on_their_word() -> None:
    source = offer_value()["source"]
    configuration = {**source["configuration"], "includes": ["remote:https://example.org/x.yml"]}
    offer = proved(source={**source, "configuration": configuration})
    told = list(pipeline_findings(offer, read_pipeline("gitlab", GOOD.encode())))
    assert any(each.what == "includes" and each.holds is False for each in told)


WORKFLOW = """\
run-name: sealrun ${{{{ inputs.sealrun_call }}}}
on: {{workflow_dispatch: {{inputs: {{sealrun_call: {{type: string, required: true}}}}}}}}
jobs:
  build: {{runs-on: ubuntu-latest, steps: [{{run: make}}]}}
  test: {{runs-on: ubuntu-latest, needs: build, steps: [{{run: make test}}]}}
  done: {{{last}}}
"""
CALLED = f"a/sealrun/.github/workflows/done.yml@{'1f' * 20}"


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (f"uses: {CALLED}, needs: [build, test]", ""),
        (f"uses: {CALLED}, needs: [build]", "done: expected it to need all other jobs, got none of test"),
        (f"uses: {CALLED}, needs: [build, test], if: always()", "got an if"),
        (
            "uses: a/sealrun/.github/workflows/done.yml@main, needs: [build, test]",
            "by a full commit hash, got 0",
        ),
    ],
)
def test_a_workflows_last_job_is_looked_at_too(last: str, said: str) -> None:
    found = read_pipeline("github", WORKFLOW.format(last=last).encode())
    assert (said in "".join(found.last_job_troubles)) if said else found.last_job_troubles == ()
    assert bool(found.troubles) is ("@main" in last)
    assert found.last_job is ("@main" not in last)
