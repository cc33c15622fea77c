"""What a pipeline's own file is understood to declare, for GitLab and GitHub."""

import pytest

from sealrun.errors import Malformed
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.errors import CliError

SHA = "0123456789abcdef0123456789abcdef01234567"
GITLAB = """\
spec:
  inputs:
    sealrun_call:
      regex: ^[0-9a-f]{64}$
    level:
      type: number
      default: 1
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none}
build:
  timeout: 20 minutes
  script: !reference [.setup, script]
"""
GITHUB = """\
name: build
run-name: sealrun ${{ inputs.sealrun_call }}
on:
  workflow_dispatch:
    inputs:
      sealrun_call: {required: true}
      layer: {type: choice, options: [mina, both]}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
"""


def includes(text: str) -> tuple[str, ...]:
    return read_pipeline("gitlab", f"include:\n{text}\njob: {{script: [true]}}\n".encode()).includes


def test_gitlabs_inputs_are_read_with_gitlabs_own_tags_beside_them() -> None:
    pipeline = read_pipeline("gitlab", GITLAB.encode())
    assert pipeline.inputs["sealrun_call"].required
    assert (pipeline.inputs["level"].kind, pipeline.inputs["level"].required) == ("number", False)
    assert (pipeline.name, pipeline.cancels_itself) == ("sealrun $[[ inputs.sealrun_call ]]", False)
    assert pipeline.timeouts == {"build": "20 minutes"}


def test_githubs_inputs_are_read_although_yaml_takes_the_word_on_for_true() -> None:
    pipeline = read_pipeline("github", GITHUB.encode())
    assert pipeline.inputs["sealrun_call"].required
    assert pipeline.inputs["layer"].options == ("mina", "both")
    assert (pipeline.name, pipeline.includes) == (
        "sealrun ${{ inputs.sealrun_call }}",
        ("action:actions/checkout@v5",),
    )


def test_a_workflow_that_nobody_can_dispatch_is_refused_with_what_to_add() -> None:
    with pytest.raises(CliError, match="expected the event workflow_dispatch") as caught:
        read_pipeline("github", b"on: [push]\njobs: {}\n")
    assert "workflow_dispatch" in caught.value.following


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - local: ci/build.yml", "local:ci/build.yml"),
        ("  - /ci/build.yml", "local:/ci/build.yml"),
        (f"  - component: gitlab.com/a/b@{SHA}", f"pinned:gitlab.com/a/b@{SHA}"),
        ("  - component: gitlab.com/a/b@1.0", "component:gitlab.com/a/b@1.0"),
        (f"  - {{project: a/b, ref: {SHA}, file: x.yml}}", f"pinned:a/b@{SHA}:x.yml"),
        ("  - {project: a/b, file: [x.yml]}", "project:a/b@HEAD:x.yml"),
        ("  - https://example.org/x.yml", "remote:https://example.org/x.yml"),
        ("  - {remote: https://e.org/x.yml, integrity: sha256-A}", "pinned:https://e.org/x.yml#sha256-A"),
        ("  template: Auto-DevOps.gitlab-ci.yml", "template:Auto-DevOps.gitlab-ci.yml"),
    ],
)
def test_r4_includes_are_pinned_by_the_commit_by_a_digest_or_not_at_all(text: str, expected: str) -> None:
    assert includes(text) == (expected,)


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ("trigger: {include: child.yml}", "starts another pipeline"),
        ("trigger: other/project", "starts another pipeline"),
        ("{script: [x], retry: 2}", "only first attempts count"),
    ],
)
def test_r5_child_pipelines_and_retries_are_named(job: str, said: str) -> None:
    text = f"job: {job if job.startswith('{') else '{' + job + '}'}\n"
    [trouble] = read_pipeline("gitlab", text.encode()).troubles
    assert said in trouble


@pytest.mark.parametrize("said", ["", "workflow: {auto_cancel: {on_new_commit: interruptible}}\n"])
def test_r5_a_pipeline_may_be_cancelled_by_a_newer_commit_unless_it_says_none(said: str) -> None:
    assert read_pipeline("gitlab", f"{said}job: {{script: [x]}}\n".encode()).cancels_itself


@pytest.mark.parametrize("provider", ["github", "forgejo"])
@pytest.mark.parametrize("steps", ["1", "true", "2026-01-01", "make"])
def test_steps_that_are_no_list_are_told(provider: str, steps: str) -> None:
    text = f"on: workflow_dispatch\njobs: {{build: {{steps: {steps}}}}}\n"
    [trouble] = read_pipeline(provider, text.encode()).troubles
    assert trouble == "build: expected a list of steps; correct it"


@pytest.mark.parametrize("text", [b"a: [", b"- a list\n", b"", b"\xff", b"x" * ((1 << 20) + 1)])
def test_what_is_no_pipeline_is_refused(text: bytes) -> None:
    with pytest.raises(CliError, match="pipeline: expected"):
        read_pipeline("gitlab", text)


@pytest.mark.parametrize(
    ("concurrency", "cancels"),
    [
        ("", False),
        ("concurrency: one", True),
        ("concurrency: {group: one, cancel-in-progress: false}", True),
        ("concurrency: {group: one, queue: max}", False),
        ("concurrency: {group: one, queue: max, cancel-in-progress: false}", False),
        ("concurrency: {group: one, queue: max, cancel-in-progress: '${{ github.ref_name }}'}", True),
        ("concurrency: {group: one, queue: single}", True),
        ("concurrency: {group: 'job-${{ github.run_id }}', cancel-in-progress: true}", False),
        ("concurrency: 'sealrun-${{ inputs.sealrun_call }}'", False),
        ("concurrency: '${{ github.workflow }}-${{ github.head_ref || github.run_id }}'", False),
        ("concurrency: '${{ github.event.pull_request.head.ref || github.run_id }}'", False),
        ("concurrency: '${{ github.ref || github.run_id }}'", True),
        ("concurrency: \"${{ github.ref_name == 'main' && github.run_id || github.ref }}\"", True),
        ("concurrency: 'github.run_id'", True),
    ],
)
def test_r5_a_group_that_runs_share_cancels_those_that_wait(concurrency: str, cancels: object) -> None:
    text = f"on: workflow_dispatch\n{concurrency}\njobs: {{a: {{timeout-minutes: 5, steps: []}}}}\n"
    pipeline = read_pipeline("github", text.encode())
    assert pipeline.cancels_itself is cancels
    assert pipeline.timeouts == {"a": "5 minutes"}
    inside = f"on: workflow_dispatch\njobs:\n  a:\n    steps: []\n    {concurrency}\n"
    assert read_pipeline("github", inside.encode()).cancels_itself is cancels


WITH_VARIABLES = """
variables:
  sealrun_call: {value: "", description: the call}
  flavour: {value: plain, options: [plain, sour], description: what it tastes of}
  LANGUAGE: de
  GIT_DEPTH: {value: "1", description: not for buyers}
workflow: {name: "sealrun $sealrun_call"}
job: {script: [true]}
"""


def test_variables_with_a_description_are_inputs_where_they_are_sent_as_variables() -> None:
    pipeline = read_pipeline("gitlab", WITH_VARIABLES.encode(), "variables")
    assert list(pipeline.inputs) == ["sealrun_call", "flavour", "GIT_DEPTH"]
    assert pipeline.inputs["sealrun_call"].required
    flavour = pipeline.inputs["flavour"]
    assert (flavour.options, flavour.default) == (("plain", "sour"), "plain")
    [trouble] = pipeline.troubles
    assert trouble == "GIT_DEPTH: steers the runner, git or the shell; give the variable another name"
    assert read_pipeline("gitlab", WITH_VARIABLES.encode()).inputs == {}


def test_a_provider_without_variables_says_so() -> None:
    with pytest.raises(Malformed, match="inputs_as: expected inputs for github, got 'variables'"):
        read_pipeline("github", GITHUB.encode(), "variables")
