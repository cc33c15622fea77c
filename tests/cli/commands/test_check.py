"""``sealrun check``: each thing that must hold is told with a mark and with what to do."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.repositories import commit_all, git
from sealrun.offers.offer import Offer
from sealrun_cli.commands import check
from sealrun_cli.commands.check import payment_findings
from sealrun_cli.lib.check_gitlab import long_jobs
from sealrun_cli.lib.check_source import SourceCheck, pipeline_findings
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.findings import tried
from sealrun_cli.lib.repository import Repository
from tests.sealrun.offers.test_prices import both
from tests.sealrun.offers.test_proved import proved
from tests.sealrun.world import evidence_value, make_offer, make_paid_offer, offer_value

GOOD = """\
spec:
  inputs:
    sealrun_call: {regex: "^[0-9a-f]{64}$"}
    layer: {options: [mina, sealrun, both], default: both}
---
workflow:
  name: "sealrun $[[ inputs.sealrun_call ]]"
  auto_cancel: {on_new_commit: none}
build: {script: [make]}
"""
LAYER = {"layer": {"type": "string", "enum": ["mina", "both"]}}
SCHEMA = {"type": "object", "properties": LAYER, "additionalProperties": False}


def wrong(text: str) -> list[str]:
    """What is found wrong with this pipeline."""
    found = pipeline_findings(make_offer(inputs=SCHEMA), read_pipeline("gitlab", text.encode()))
    return [each.message for each in found if each.holds is False]


def test_a_pipeline_that_is_as_it_must_be_has_only_good_marks() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('{regex: "^[0-9a-f]{64}$"}', "{}", "sealrun_call: expected the regex"),
        ("sealrun_call:", "other:", "expected an input sealrun_call"),
        ("sealrun $[[", "run $[[", "expected runs to be named by the call's hash"),
        ("{on_new_commit: none}", "{}", "a newer commit may cancel a run that was paid for"),
        ("{script: [make]}", "{trigger: a/b}", "build: starts another pipeline"),
        ("[mina, sealrun, both]", "[mina]", "the pipeline takes mina, the offer also both"),
        ("{script: [make]}", "{script: [make], timeout: 3h}", "expected jobs within the offer's"),
    ],
)
def test_r5_each_fault_of_a_pipeline_is_told(before: str, after: str, said: str) -> None:
    assert before in GOOD
    assert any(said in each for each in wrong(GOOD.replace(before, after)))


JOB = "build: {script: [make]}"
RULES = "build: {script: [make], rules: "
INPUT = '"$[[ inputs.layer ]]"'
UPLOAD = "actions/upload-artifact@v7"


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ("default: {retry: 2}\nbuild: {script: [make]}", "build: is retried"),
        ("default: {timeout: 3h}\nbuild: {script: [make]}", "expected jobs within the offer's"),
        ("build: {script: [make], only: [merge_requests]}", "build does not run when a call starts"),
        ("build: {script: [make], when: manual}", "build is manual"),
        (f"{JOB}\ngo: {{script: x, when: manual, allow_failure: false}}", "go: waits for a person"),
        ("build: {script: [make], rules: [{when: delayed, start_in: 1 day}]}", "starts only after a delay"),
        ("build: {script: [make], allow_failure: true}", "build is allowed to fail"),
        (f"{JOB}\nclean: {{script: [x], when: on_failure}}", "clean runs only after a failure"),
        ("build: {script: [make], artifacts: {access: none}}", "keeps its artifacts from everybody"),
        ("build: {script: [make], artifacts: {expire_in: 1 min}}", "its artifacts expire after 1 min"),
        ("build: {script: [make], environment: production}", "deploys to an environment"),
        (f"{JOB}\nup: {{needs: {{pipeline: other/project}}}}", "up: mirrors another pipeline"),
        (f"{JOB}\nup: {{needs: [{{pipeline: other/project}}]}}", "up: mirrors another pipeline"),
        ("build: {script: [make], except: [tags]}", "build does not run when a call starts"),
        ("build: {script: [make], except: [api, triggers]}", "build does not run when a call starts"),
        ("build: {script: [make], only: {variables: [$CI_COMMIT_BRANCH]}}", "build does not run when a call"),
        ("build: {script: [make], except: {variables: [$CI_COMMIT_TAG]}}", "build does not run when a call"),
        (f"{RULES}[{{if: $CI_COMMIT_TAG, when: never}}, {{when: always}}]}}", "build does not run when"),
        (f"{RULES}[{{if: '$CI_COMMIT_TAG == null'}}]}}", "build does not run when a call starts"),
        (f"{RULES}[[{{if: $CI_COMMIT_BRANCH}}]]}}", "build does not run when a call starts"),
        (f"{RULES}[{{if: '$CI_PIPELINE_SOURCE =~ /^(push|web)$/'}}]}}", "build does not run when"),
        (f"{RULES}[{{if: '$CI_COMMIT_BRANCH || $CI_MERGE_REQUEST_IID'}}]}}", "build does not run when"),
        (f"{RULES}[{{if: $CI_COMMIT_TAG, when: manual}}, {{when: on_success}}]}}", "build is manual"),
        (f"{RULES}[{{if: $CI_COMMIT_TAG, when: delayed, start_in: 1h}}, {{if: $X}}]}}", "after a delay"),
        (f"{RULES}[{{if: $CI_COMMIT_TAG, allow_failure: true}}]}}", "build is allowed to fail"),
        (".a: {retry: 2}\nbuild: {script: [make], extends: .a}", "build: is retried"),
        (".a: {rules: [{if: $CI_COMMIT_BRANCH}]}\nbuild: {script: [x], extends: [.a]}", "build does not run"),
        (".a: {allow_failure: true}\n.b: {extends: .a}\nbuild: {extends: .b}", "allowed to fail"),
        (".a: {trigger: a/b}\nbuild: {extends: .a}", "build: starts another pipeline"),
        (".a: {environment: prod}\n.b: {tags: [x]}\nbuild: {script: [x], extends: [.a, .b]}", "environment"),
        (".a: {artifacts: {access: none}}\nbuild: {extends: .a, artifacts: {paths: [x]}}", "from everybody"),
        ("default: {retry: 2}\nbuild: {script: [make], retry: null}", "build: is retried"),
    ],
)
def test_r8_what_a_call_would_pay_for_in_vain_is_told(instead: str, said: str) -> None:
    assert any(said in each for each in wrong(GOOD.replace(JOB, instead)))


@pytest.mark.parametrize(
    "instead",
    [
        f"{RULES}[{{if: '$CI_COMMIT_TAG =~ /^v/'}}]}}",
        f"{RULES}[{{if: $MINE, when: never}}, {{when: on_success}}]}}",
        f"{RULES}[{{if: 'null == $CI_COMMIT_BRANCH && ($CI_COMMIT_TAG)'}}]}}",
        f"{RULES}[{{if: $MINE, when: manual}}, {{if: $CI_COMMIT_TAG}}]}}",
        f"{RULES}[{{if: '{'(' * 900}'}}]}}",
        f"{RULES}!reference [.all, rules]}}",
        f"{RULES}[{{if: '{INPUT} == \"both\"'}}]}}",
        f"{RULES}[{{if: '{INPUT} != \"both\"', when: manual}}, {{when: on_success}}]}}",
        f"{RULES}[{{if: '$CI_PIPELINE_SOURCE =~ /^$[[ inputs.layer ]]$/'}}]}}",
        "build: {script: [make], only: {refs: [tags], variables: [$CI_COMMIT_BRANCH, $CI_COMMIT_TAG]}}",
        "build: {script: [make], only: {variables: [$MINE]}, except: {variables: [$MY, $CI_COMMIT_BRANCH]}}",
        "build: {script: [make], retry: {max: 0}}",
        "build: {script: [make], artifacts: {expire_in: 1 yr}}",
        ".a: {retry: 2}\n.b: {retry: 0}\nbuild: {script: [make], extends: [.a, .b]}",
        ".a: {allow_failure: true}\nbuild: {script: [make], extends: .a, allow_failure: false}",
        ".a: {extends: .b}\n.b: {extends: .a}\nbuild: {script: [make], extends: [.a, .elsewhere]}",
        ".a: {environment: prod}\nbuild: {script: [make], extends: .a, environment: null}",
        ".a: {trigger: a/b}\nbuild: {script: [make], extends: .a, trigger: null}",
    ],
)
def test_r8_what_may_well_be_sold_is_not_refused(instead: str) -> None:
    assert wrong(GOOD.replace(JOB, instead)) == []


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("auto_cancel: {on_new_commit: interruptible}", "a newer commit may cancel a run"),
        ("auto_cancel: {on_job_failure: all}", "auto_cancel on_job_failure: expected none"),
        ("auto_cancel: {on_new_commit: none}", ""),
    ],
)
def test_r5_a_rules_own_word_on_cancelling_stands_before_the_workflows(rule: str, said: str) -> None:
    rules = (
        f"  rules: [{{if: $CI_COMMIT_BRANCH, auto_cancel: {{on_new_commit: conservative}}}}, {{{rule}}}]\n"
    )
    found = wrong(GOOD.replace("  auto_cancel", f"{rules}  auto_cancel"))
    assert [said in each for each in found] == [True] * bool(said)


def test_r8_a_job_that_is_manual_by_its_rules_holds_up_the_jobs_that_are_sold() -> None:
    """A rule's `when: manual` lets no failure pass, other than a job's own: /ci/yaml/#allow_failure."""
    offer = make_offer(inputs=SCHEMA, success={"jobs": ["build"]})
    for more, holds in (("", False), (", allow_failure: true", True)):
        text = f"{GOOD}go: {{script: [x], rules: [{{when: manual{more}}}]}}\n"
        found = list(pipeline_findings(offer, read_pipeline("gitlab", text.encode())))
        assert all(each.holds is not False for each in found) is holds


@pytest.mark.parametrize(
    ("name", "inputs", "holds"),
    [
        ("greet $[[ inputs.layer ]]", "buyer", False),
        ("greet $[[ inputs.sealrun_call ]] $[[inputs.layer | truncate(0,9)]]", "buyer", False),
        ("greet $[[ inputs.layer ]]", "public", True),
        ("greet $[[ inputs.sealrun_call ]]", "buyer", True),
        ("read inputs.txt", "buyer", True),
    ],
)
def test_r7_no_job_is_named_by_a_private_input(name: str, inputs: str, *, holds: bool) -> None:
    """Everybody sees the names of a run's jobs: in the call's state, and in its evidence."""
    text = GOOD.replace(JOB, f'"{name}": {{script: [make]}}')
    offer = make_offer(inputs=SCHEMA, evidence=evidence_value(inputs=inputs))
    found = pipeline_findings(offer, read_pipeline("gitlab", text.encode()))
    told = [each.message for each in found if each.what == "jobs"]
    assert told == (
        [] if holds else [f"expected names without private inputs, for everybody sees them, got {name}"]
    )


WORKFLOW = """\
on: {{workflow_dispatch: {{inputs: {{sealrun_call: {{required: true}}, layer: {{default: both}}}}}}}}
run-name: sealrun ${{{{ inputs.sealrun_call }}}}
jobs:
  build: {{{job}}}
"""


@pytest.mark.parametrize(
    ("provider", "job", "told"),
    [
        ("gitlab", 'script: [make], stage: "$[[ inputs.layer ]]"', "$[[ inputs.layer ]]"),
        ("gitlab", 'script: [make], parallel: {matrix: [{L: ["$[[ inputs.layer ]]"]}]}', "build: [{'L': "),
        ("gitlab", "script: [make], stage: test, parallel: 3", ""),
        ("github", "name: \"${{ format('{0}', inputs.layer) }}\"", "${{ format("),
        ("github", "name: \"${{ github['event'].inputs.layer }}\"", "${{ github['event']"),
        ("github", 'strategy: {matrix: {l: ["${{ inputs.layer }}"]}}', "build: {'l': "),
        ("github", 'strategy: {matrix: "${{ fromJSON(inputs.layer) }}"}', "build: ${{ fromJSON"),
        ("github", f'steps: [{{uses: {UPLOAD}, with: {{name: "got-${{{{ inputs.layer }}}}"}}}}]', "got-${{ "),
        (
            "github",
            f'steps: [{{uses: {UPLOAD}, with: {{archive: false, path: "${{{{inputs.layer}}}}"}}}}]',
            "${{i",
        ),
        ("github", f'steps: [{{uses: {UPLOAD}, with: {{name: got, path: "${{{{ inputs.layer }}}}"}}}}]', ""),
        (
            "github",
            'steps: [{run: x, with: {name: "${{ inputs.layer }}"}}], strategy: {matrix: {l: [1]}}',
            "",
        ),
    ],
)
def test_r7_nothing_else_that_everybody_sees_is_named_by_one(provider: str, job: str, told: str) -> None:
    """A matrix's values stand in its jobs' names, and archives and stages in the run's public document."""
    text = GOOD.replace(JOB, f"build: {{{job}}}") if provider == "gitlab" else WORKFLOW.format(job=job)
    offer = make_offer(inputs=SCHEMA, evidence=evidence_value(inputs="buyer"))
    found = pipeline_findings(offer, read_pipeline(provider, text.encode()))
    names = [each.message for each in found if each.what == "jobs"]
    assert [each.partition("sees them, got ")[2][: len(told)] for each in names] == ([told] if told else [])


ENV = 'env: {LAYER: "${{ inputs.layer }}"}'


def uploaded(name: str, *more: str) -> str:
    """A job's step that leaves an archive of this name, with more members."""
    return f"steps: [{{{', '.join([f'uses: {UPLOAD}, with: {{name: {name}}}', *more])}}}]"


@pytest.mark.parametrize(
    ("job", "env", "told"),
    [
        (uploaded('"got-${{ env.LAYER }}"'), ENV, True),
        (uploaded('"got-${{env.LAYER}}"', ENV), "", True),
        (", ".join([uploaded("\"got-${{ env['LAYER'] }}\""), ENV]), "", True),
        (uploaded('"got-${{ env.LAYERS }}"'), ENV, False),
        (uploaded('"got-${{ env.LAYER }}"', "env: {LAYER: all}"), ENV, False),
        (uploaded("got"), ENV, False),
        (uploaded('"got-${{ env.CALL }}"'), 'env: {CALL: "${{ inputs.sealrun_call }}"}', False),
    ],
)
def test_r7_no_archive_is_named_by_a_variable_that_holds_one(job: str, env: str, *, told: bool) -> None:
    text = f"{WORKFLOW.format(job=job)}{env}"
    offer = make_offer(inputs=SCHEMA, evidence=evidence_value(inputs="buyer"))
    found = pipeline_findings(offer, read_pipeline("github", text.encode()))
    assert [each.holds for each in found if each.what == "jobs"] == [False] * told


@pytest.mark.parametrize(
    ("provider", "handing", "told"),
    [
        ("gitlab", "include: [{local: b.yml, inputs: {name: 'x-$[[ inputs.layer ]]'}}]", "local:b.yml"),
        ("gitlab", "include: {component: a/b@1, inputs: {name: '$[[ inputs.layer ]]'}}", "component:a/b@1"),
        ("gitlab", "include: [{local: b.yml, inputs: {name: '$[[ inputs.sealrun_call ]]'}}]", ""),
        ("gitlab", "include: b.yml", ""),
        ("github", "uses: ./.github/workflows/b.yml, with: {a: '${{ inputs.layer }}'}", "./.github/"),
        ("github", "steps: [{uses: ./act, with: {a: '${{ inputs.layer }}'}}]", "./act"),
        ("github", "steps: [{uses: a/setup@v1, with: {a: '${{ inputs.layer }}'}}]", ""),
        ("github", "uses: ./.github/workflows/b.yml, with: {a: '${{ inputs.sealrun_call }}'}", ""),
    ],
)
@pytest.mark.parametrize("inputs", ["buyer", "public"])
def test_r7_files_that_take_a_private_input_are_told_of(
    provider: str, handing: str, told: str, inputs: str
) -> None:
    """Their jobs are not looked at here, and may be named by it."""
    text = WORKFLOW.format(job=handing) if provider == "github" else f"{GOOD}\n{handing}\n"
    offer = make_offer(inputs=SCHEMA, evidence=evidence_value(inputs=inputs))
    found = pipeline_findings(offer, read_pipeline(provider, text.encode()))
    messages = [each.message for each in found if each.what == "jobs" and each.holds is None]
    assert [told in each for each in messages] == [True] * bool(told and inputs == "buyer")


@pytest.mark.parametrize(
    ("jobs", "whole", "told"),
    [
        (JOB, True, "jobs may run 3600 s (1 h)"),
        ("build: {script: [make], timeout: 5 minutes}", True, ""),
        ("default: {timeout: 5 minutes}\nbuild: {script: [make]}", True, ""),
        ("build: {script: [make], timeout: 40 minutes}", True, "jobs may run 2400 s (40 min)"),
        ("build: {script: [make], timeout: 2h}", True, "jobs may run 7200 s (2 h)"),
        ("build: {script: [make], timeout: $LONG}", True, "jobs may run 3600 s (1 h)"),
        (f"{JOB}\nother: {{script: [x], timeout: 5 minutes}}", True, "jobs may run 3600 s (1 h)"),
        ("build: {script: [make], timeout: 5 minutes}", False, "jobs may run 3600 s (1 h)"),
    ],
)
def test_a_jobs_own_timeout_stands_before_the_projects(jobs: str, told: str, *, whole: bool) -> None:
    pipeline = read_pipeline("gitlab", GOOD.replace(JOB, jobs).encode())
    found = [each.message for each in long_jobs(make_offer(), pipeline, 3600, whole=whole)]
    assert len(found) == bool(told)
    assert all(each.startswith(told) for each in found)


@pytest.mark.parametrize(
    ("rules", "fine"),
    [
        ("[{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}]", False),
        ("[{if: $CI_COMMIT_BRANCH}]", False),
        ("[{when: never}]", False),
        ("[{if: $CI_COMMIT_TAG}]", True),
        ("[{if: '$CI_PIPELINE_SOURCE == \"api\"'}]", True),
        ("[{if: $CI_COMMIT_BRANCH}, {if: $CI_COMMIT_TAG}]", True),
        ("[{if: '$CI_COMMIT_BRANCH || $CI_COMMIT_TAG'}]", True),
        ("[{if: '$CI_COMMIT_BRANCH == null'}]", True),
        (f"[{{if: '{INPUT} == \"both\"'}}]", True),
    ],
)
def test_a_workflow_whose_rules_let_no_call_through_is_told(rules: str, *, fine: bool) -> None:
    found = wrong(GOOD.replace("  auto_cancel", f"  rules: {rules}\n  auto_cancel"))
    assert (found == []) is fine, found


@pytest.mark.parametrize(("jobs", "right"), [(["build"], True), (["built"], False)])
def test_r8_the_jobs_that_an_offer_names_are_in_the_file(jobs: list[str], *, right: bool) -> None:
    text = f"{GOOD}lint: {{script: [x], allow_failure: true}}\nhidden: {{script: [x], when: manual}}\n"
    offer = make_offer(inputs=SCHEMA, success={"jobs": jobs})
    found = pipeline_findings(offer, read_pipeline("gitlab", text.encode()))
    told = [each.message for each in found if each.holds is False]
    assert told == [] if right else "expected the job built" in told[0]


CHECKOUT = "steps: [{uses: actions/checkout@v5}]"


@pytest.mark.parametrize(
    ("provider", "job", "named", "said"),
    [
        ("gitlab", "script: [make], parallel: 3", "build", "whose runs have names of their own"),
        ("gitlab", "script: [make], parallel: 3", "build 1/3", ""),
        ("gitlab", "script: [make], parallel: 3", "build 1/2", "expected the job build 1/2"),
        ("gitlab", "script: [make], parallel: '$[[ inputs.jobs ]]'", "build 1/2", ""),
        ("gitlab", "extends: [.a, .b]}\n.a: {extends: [.b, .a]}\n.b: {parallel: 3", "build 1/3", ""),
        ("gitlab", "extends: .a}\n.a: {parallel: 3", "build", "whose runs have names of their own"),
        ("gitlab", "extends: .a}\n.a: {script: [x]", "built", "expected the job built"),
        ("gitlab", "script: [make], parallel: {matrix: [{A: [x]}]}", "build", "names of their own"),
        ("gitlab", "script: [make], parallel: {matrix: [{A: [x]}]}", "build: [x]", ""),
        ("gitlab", "script: [x], parallel: 3, allow_failure: true", "build 1/3", "build is allowed to fail"),
        ("github", "strategy: {matrix: {a: [1]}}", "build", "whose runs have names of their own"),
        ("github", "strategy: {matrix: {a: [1]}}", "build (1)", ""),
        ("github", "name: 'on ${{ matrix.a }}', strategy: {matrix: {a: [1]}}", "on 1", ""),
        ("github", f"name: Build it, {CHECKOUT}", "build", "expected the job build, which must succeed"),
        ("github", f"name: Build it, {CHECKOUT}", "Build it", ""),
        ("github", "uses: ./.github/workflows/b.yml", "build", "whose runs have names of their own"),
        ("github", "uses: ./.github/workflows/b.yml", "build / inner", ""),
        ("forgejo", "strategy: {matrix: {a: [1]}}", "build", ""),
    ],
)
def test_r8_the_jobs_that_an_offer_names_have_the_names_of_runs(
    provider: str, job: str, named: str, said: str
) -> None:
    """No run has a job of another name, so none would ever be paid."""
    text = GOOD.replace(JOB, f"build: {{{job}}}") if provider == "gitlab" else WORKFLOW.format(job=job)
    source = offer_value()["source"]
    included = ["action:actions/checkout@v5"] if CHECKOUT in job else []
    source["configuration"] = {**source["configuration"], "includes": included}
    offer = make_offer(inputs=SCHEMA, source=source, success={"jobs": [named]})
    found = pipeline_findings(offer, read_pipeline(provider, text.encode()))
    told = [each.message for each in found if each.what == "success" and each.holds is False]
    assert [said in each for each in told] == [True] * bool(said)


def test_r8_jobs_of_an_included_file_may_be_named_until_gitlab_has_merged_it() -> None:
    offer = make_offer(inputs=SCHEMA, success={"jobs": ["elsewhere"]})
    for more, told in (("include: b.yml\n", []), ("", ["expected the job elsewhere"])):
        found = pipeline_findings(offer, read_pipeline("gitlab", f"{GOOD}{more}".encode()))
        wrongs = [each.message[:26] for each in found if each.what == "success" and each.holds is False]
        assert wrongs == told


@pytest.mark.parametrize(
    ("condition", "certain"),
    [
        ("always()", True),
        ("${{ !cancelled() }}", True),
        ("${{ !failure() && !cancelled() }}", True),
        ("success() || failure()", True),
        ("github.event_name == 'push' || github.event_name == 'workflow_dispatch'", True),
        ("${{github.event_name!='pull_request'}}", True),
        ("true", True),
        ("always() && inputs.layer == 'both'", False),
        ("failure()", False),
        ("github.event_name == 'push'", False),
        ("github.event_name != 'workflow_dispatch'", False),
        ("github.event_name != 'push' && github.event_name != 'workflow_dispatch'", False),
        ("(inputs.layer || always() || inputs.more) && inputs.most", False),
        ("github.repository == 'a/b'", False),
    ],
)
def test_r8_a_job_at_github_whose_condition_holds_in_each_run_of_a_call_is_sold(
    condition: str, *, certain: bool
) -> None:
    written = condition if condition == "true" else f'"{condition}"'
    text = WORKFLOW.format(job=f"if: {written}, steps: [{{run: make}}]")
    found = list(pipeline_findings(make_offer(inputs=SCHEMA), read_pipeline("github", text.encode())))
    assert [each.holds for each in found if each.what == "success"] == [certain]


@pytest.mark.parametrize(
    ("condition", "certain"),
    [
        ("startsWith(github.ref, 'refs/tags/')", True),
        ("${{ startsWith(github.ref, 'refs/tags/v') && !cancelled() }}", True),
        ("github.ref_type == 'tag'", True),
        ("github.repository == 'Octo-Org/octo-repo'", True),
        ("github.repository_owner == 'octo-org' && startsWith(github.ref, 'refs/tags/')", True),
        ("github.event_name == 'push' || github.repository=='octo-org/octo-repo'", True),
        ("${{ ! startsWith(github.ref, 'refs/tags/') }}", False),
        ("startsWith(github.ref, 'refs/tags/w')", False),
        ("startsWith(github.ref, 'refs/tags/v') == false", False),
        ("startsWith(github.ref, 'refs/tags/v') && inputs.layer", False),
        ("startsWith(github.ref, 'refs/heads/')", False),
        ("github.ref_type == 'branch'", False),
        ("github.repository == 'octo-org/octo-repo-prod'", False),
        ("github.repository != 'octo-org/octo-repo'", False),
        ("github.repository_owner == 'octo'", False),
        ("github.repository == 'octo-org/octo-repo' && github.repository == 'octo-org/other'", False),
        ("github.repository == 'octo-org/octo-repo'\", continue-on-error: \"true", False),
    ],
)
def test_r8_a_job_at_github_that_runs_at_the_tag_and_in_the_project_of_the_offer_is_sold(
    condition: str, *, certain: bool
) -> None:
    """As a workflow has it that others fork, or that goes on at a tag only; here at v1.0.0."""
    source = {**offer_value()["source"], "provider": "github", "project": "octo-org/octo-repo"}
    offer = make_offer(inputs=SCHEMA, source=source)
    text = WORKFLOW.format(job=f'if: "{condition}", steps: [{{run: make}}]')
    found = list(pipeline_findings(offer, read_pipeline("github", text.encode())))
    assert [each.holds for each in found if each.what == "success"] == [certain]


def test_r8_of_two_jobs_at_github_with_one_name_each_must_be_sure_to_run() -> None:
    source = {**offer_value()["source"], "provider": "github", "project": "octo-org/octo-repo"}
    unsure = "name: build, if: inputs.layer, steps: [{run: make}]"
    sure = "{name: build, if: github.repository == 'octo-org/octo-repo', steps: [{run: make}]}"
    text = f"{WORKFLOW.format(job=unsure)}  again: {sure}\n"
    found = list(
        pipeline_findings(make_offer(inputs=SCHEMA, source=source), read_pipeline("github", text.encode()))
    )
    assert [each.holds for each in found if each.what == "success"] == [False]


@pytest.mark.parametrize(
    ("jobs", "told"),
    [
        ("prep: {if: inputs.layer}, build: {needs: prep}", ["build needs prep, which runs only if inputs.l"]),
        (
            "prep: {if: inputs.layer}, mid: {needs: [prep], if: always()}, build: {needs: [mid]}",
            ["build needs"],
        ),
        (
            "prep: {name: Look, if: inputs.layer}, build: {needs: [prep]}",
            ["build needs Look, which runs only"],
        ),
        (
            "prep: {if: github.ref_name}, build: {needs: prep, if: github.repository == 'o/r'}",
            ["build needs"],
        ),
        ("prep: {if: inputs.layer}, build: {needs: prep, if: '!cancelled()'}", []),
        ("prep: {if: github.repository == 'o/r'}, build: {needs: prep}", []),
        ("prep: {continue-on-error: true}, build: {needs: [prep, elsewhere]}", []),
        ("prep: {if: inputs.layer}, build: {}", []),
        ("build: {needs: mid}, mid: {needs: build}", []),
    ],
)
def test_r8_a_job_at_github_that_needs_one_which_may_be_skipped_is_told(jobs: str, told: list[str]) -> None:
    """It is skipped with it, also behind a job that goes on: https://github.com/actions/runner/issues/2205."""
    source = {**offer_value()["source"], "provider": "github", "project": "o/r"}
    offer = make_offer(inputs=SCHEMA, source=source, success={"jobs": ["build"]})
    text = f"{WORKFLOW.format(job='').partition('jobs:')[0]}jobs: {{{jobs}}}"
    found = list(pipeline_findings(offer, read_pipeline("github", text.encode())))
    got = [each.message for each in found if each.what == "success" and not each.holds]
    assert [each[: len(said)] for each, said in zip(got, told, strict=True)] == told


@pytest.mark.parametrize("provider", ["gitlab", "github"])
def test_a_file_of_many_jobs_that_need_each_other_is_read_in_seconds(provider: str) -> None:
    """Each may be skipped and needs fifty others, the most that GitLab allows."""
    jobs = {
        f"job-{number}": {"if": "inputs.layer", "when": "manual", "needs": [f"job-{each}" for each in before]}
        for number in range(500)
        for before in [range(max(0, number - 50), number)]
    }
    file = {"on": "workflow_dispatch", "jobs": jobs} if provider == "github" else jobs
    text = json.dumps(file).encode()
    begun = time.process_time()
    assert len(read_pipeline(provider, text).jobs) == 500
    assert time.process_time() - begun < 8


@pytest.mark.parametrize(
    ("prep", "needs", "told"),
    [
        ("when: manual", "[prep]", "build needs prep, which is manual, so a run"),
        ("when: on_failure", "[{job: prep}]", "build needs prep, which runs only after a failure"),
        ("only: [branches]", "[prep]", "build needs prep, which does not run when a call starts"),
        ("when: manual", "[mid]", "build needs prep, which is manual"),
        ("when: manual", "[{job: prep, optional: true}]", "build needs prep, which is manual"),
        ("only: [branches]", "[{job: prep, optional: true}]", ""),
        ("allow_failure: true", "[prep]", ""),
        ("when: manual", "[{project: a/b, job: prep, ref: main, artifacts: true}]", ""),
        ("when: manual", "[]", ""),
    ],
)
def test_r8_a_job_at_gitlab_that_needs_one_which_does_not_run_is_told(
    prep: str, needs: str, told: str
) -> None:
    """GitLab does not start it, or refuses the pipeline: https://docs.gitlab.com/ci/yaml/#needs."""
    build = f"build: {{script: [make], needs: {needs}}}"
    jobs = f"prep: {{script: [x], {prep}}}\nmid: {{script: [x], needs: [prep]}}\n{build}"
    offer = make_offer(inputs=SCHEMA, success={"jobs": ["build"]})
    found = list(pipeline_findings(offer, read_pipeline("gitlab", GOOD.replace(JOB, jobs).encode())))
    got = [each.message for each in found if each.holds is False]
    assert [each[: len(told)] for each in got] == ([told] if told else [])


def test_r5_r8_a_job_at_github_that_waits_for_a_person_holds_up_those_that_are_sold() -> None:
    text = f"{WORKFLOW.format(job=CHECKOUT)}  deploy: {{environment: production, needs: build}}\n"
    offer = make_offer(inputs=SCHEMA, success={"jobs": ["build"]})
    found = pipeline_findings(offer, read_pipeline("github", text.encode()))
    assert any("deploy: deploys to an environment" in each.message for each in found if each.holds is False)


def test_r9_jobs_of_other_workflows_that_were_not_looked_at_are_told_of() -> None:
    text = WORKFLOW.format(job="uses: ./.github/workflows/b.yml")
    found = pipeline_findings(make_offer(inputs=SCHEMA), read_pipeline("github", text.encode()))
    assert [each.message for each in found if each.what == "workflows"] == [
        "not looked at: the jobs of ./.github/workflows/b.yml"
    ]


@pytest.mark.parametrize("kind", ["type: number", "type: choice, options: [a]", "type: environment"])
def test_r3_the_calls_input_takes_any_text(kind: str) -> None:
    text = WORKFLOW.format(job=CHECKOUT).replace("{required: true}", f"{{required: true, {kind}}}")
    found = pipeline_findings(make_offer(inputs=SCHEMA), read_pipeline("github", text.encode()))
    assert any("sealrun_call: expected any text, got" in each.message for each in found)


@pytest.mark.parametrize(
    ("permissions", "holds"),
    [
        ("permissions: {contents: read, id-token: write}", True),
        ("permissions: write-all", True),
        ("permissions: {contents: read}", False),
        ("", False),
    ],
)
def test_e2_a_workflow_of_grade_1_may_ask_for_a_token(permissions: str, *, holds: bool) -> None:
    source = {**offer_value()["source"], "provider": "github", "origin": "https://api.github.com"}
    offer = make_offer(inputs=SCHEMA, source={**source, "project": "a/b"}, evidence=evidence_value(grade=1))
    text = f"{WORKFLOW.format(job=CHECKOUT)}{permissions}\n"
    told = [
        each
        for each in pipeline_findings(offer, read_pipeline("github", text.encode()))
        if each.what == "grade"
    ]
    assert [each.holds for each in told] == [holds]
    assert holds or "id-token: write" in told[0].following


def test_r4_includes_that_are_not_pinned_are_named_and_left_to_the_seller() -> None:
    source = offer_value()["source"]
    configuration = {**source["configuration"], "includes": ["remote:https://example.org/x.yml"]}
    offer = make_offer(inputs=SCHEMA, source={**source, "configuration": configuration})
    pipeline = read_pipeline("gitlab", GOOD.encode())
    found = [each for each in pipeline_findings(offer, pipeline) if each.holds is None]
    assert [each.what for each in found] == ["includes"]
    assert "remote:https://example.org/x.yml" in found[0].message


def clone(folder: Path) -> Offer:
    """A repository whose tag v1 is what the offer names."""
    (folder / ".gitlab-ci.yml").write_text(GOOD)
    commit_all(folder, "v1")
    from hashlib import sha256  # noqa: PLC0415

    tagged = Repository(folder).tagged("v1")
    configuration = {"path": ".gitlab-ci.yml", "sha256": sha256(GOOD.encode()).hexdigest(), "includes": []}
    source = offer_value()["source"] | {"configuration": configuration}
    return make_offer(
        inputs=SCHEMA, source={**source, "ref": tagged.ref, "commit": tagged.commit, "tree": tagged.tree}
    )


def in_clone(offer: Offer, folder: Path) -> list[tuple[bool | None, str]]:
    check = SourceCheck(offer, Repository(folder))
    return [(each.holds, each.what) for each in tried("clone", check.in_clone)]


def test_r4_a_tag_that_moved_in_the_clone_is_a_cross(tmp_path: Path) -> None:
    offer = clone(tmp_path)
    assert all(holds for holds, _ in in_clone(offer, tmp_path))
    commit_all(tmp_path)
    git(tmp_path, "tag", "-f", "v1")
    assert in_clone(offer, tmp_path) == [(False, "commit")]
    git(tmp_path, "tag", "-d", "v1")
    assert in_clone(offer, tmp_path) == [(False, "clone")]


def test_terms_are_looked_at_as_far_as_somebody_can_be_asked() -> None:
    [free] = payment_findings(make_offer(), "")
    assert (free.holds, free.message.startswith("free")) == (True, True)
    node, terms = payment_findings(make_paid_offer(), "")
    assert (node.holds, terms.holds) == (None, True)
    [unreachable] = payment_findings(make_paid_offer(), "http://127.0.0.1:9/graphql")
    assert (unreachable.holds, "another node" in unreachable.following) == (False, True)


def test_r11_a_key_in_a_nodes_address_is_not_told_where_the_node_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log of a CI that runs ``check`` is read by many."""
    monkeypatch.setattr(check, "_price_found", lambda *_: 180)
    node, *_ = payment_findings(make_paid_offer(), "https://node.example/graphql?key=a-secret")
    assert node.message.startswith("https://node.example/graphql answers")


def test_a16_more_calls_an_hour_than_can_be_proved_are_the_sellers_to_judge() -> None:
    proofs, *_ = payment_findings(proved(quota_per_hour=7), "")
    assert (proofs.holds, proofs.what) == (None, "proofs")
    assert proofs.message == "7 calls an hour, and a machine is counted on to prove 6"
    assert "lower quota_per_hour" in proofs.following
    for offer in (proved(quota_per_hour=6), make_paid_offer(quota_per_hour=7)):
        assert [each.what for each in payment_findings(offer, "")] == ["node", "terms"]


def test_a14_prices_in_tokens_that_no_proof_settles_are_told_before_publishing() -> None:
    [found, *_] = payment_findings(proved(prices=both(), quota_per_hour=1), "")
    assert (found.holds, found.what) == (False, "prices")
    assert "expected MINA alone where proofs settle, got RUN" in found.message
    assert found.following.startswith("take [tokens] out of the offer")
    assert "prices" not in [each.what for each in payment_findings(make_paid_offer(prices=both()), "")]


def test_an_error_in_the_middle_of_a_look_is_a_finding_too() -> None:
    def look() -> Any:
        raise CliError("provider", "gone", "try again")
        yield

    [found] = tried("provider", look)
    assert (found.line, found.following) == ("✗ provider   gone", "try again")


ASKS = '{script: [make], id_tokens: {SEALRUN_ID_TOKEN: {aud: "urn:sealrun:call:$[[ inputs.sealrun_call ]]"}}}'


@pytest.mark.parametrize(
    ("origin", "job", "said"),
    [
        ("https://gitlab.com", ASKS, None),
        ("https://gitlab.com", ASKS.replace("urn:sealrun:call:", "https://c.example/calls/"), None),
        ("https://gitlab.com", "{script: [make]}", "expected a job with the id token SEALRUN_ID_TOKEN"),
        (
            "https://gitlab.com",
            ASKS.replace("$[[ inputs.sealrun_call ]]", "x"),
            "made out to the call, got none",
        ),
        (
            "https://gitlab.example",
            ASKS,
            "expected jobs at https://gitlab.com or https://api.github.com, got",
        ),
    ],
)
def test_e2_an_offer_of_grade_1_needs_a_public_issuer_and_a_job_with_its_token(
    origin: str, job: str, said: str | None
) -> None:
    source = {**offer_value()["source"], "origin": origin}
    offer = make_offer(inputs=SCHEMA, source=source, evidence=evidence_value(grade=1))
    text = GOOD.replace("{script: [make]}", job)
    found = list(pipeline_findings(offer, read_pipeline("gitlab", text.encode())))
    wrong = [each.message for each in found if each.holds is False]
    assert (said is None and not wrong) or (said is not None and said in wrong[0])
    assert any("build with the job's own token" in each.message for each in found) is (said is None)
