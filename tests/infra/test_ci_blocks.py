"""The building blocks for sellers: of their providers' form, and running in gitlab-ci-local and act."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from nacl.public import PrivateKey

from local.gitlab.config import command
from local.repositories import commit_all, git
from mina.keys import PrivateKey as MinaKey
from sealrun.evidence import call_stacks as stacks
from sealrun_cli.lib.offer_file import read_offer, write_values
from tests.cli.commands.test_offer import PIPELINE
from tests.cli.commands.test_offer import offer as offer_command
from tests.cli.lib.test_offer_file import as_file
from tests.cli.web import Asked, Web, web
from tests.sealrun.world import chain_value

ROOT = Path(__file__).parents[2]
COMPONENT = ROOT / "infra" / "gitlab-component" / "templates"
ACTION = ROOT / "infra" / "github-action"
TEMPLATES = sorted(COMPONENT.glob("*.yml"))
ACTIONS = sorted(ACTION.glob("*/action.yml"))
CALL = "ab" * 32
ENGINE = ("--force-shell-executor", "--shell-isolation", "--artifacts-to-source=false")
# SchemaStore's, as check-jsonschema 0.39.0 carries them.
SCHEMAS = files("check_jsonschema") / "builtin_schemas" / "vendor"


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text()))


def check(schema: str, document: Any) -> None:
    jsonschema_rs.validate(json.loads((SCHEMAS / f"{schema}.json").read_text()), document)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_component_is_of_gitlabs_form(path: Path) -> None:
    header, body = documents(path)
    check("gitlab-ci", header)
    check("gitlab-ci", with_lists(body, header["spec"]["inputs"]))
    used = set(re.findall(r"\$\[\[ *inputs\.(\w+) *\]\]", path.read_text()))
    assert used == set(header["spec"]["inputs"])


def with_lists(value: Any, inputs: dict[str, Any]) -> Any:
    """The job with the inputs in place that are lists: GitLab puts in a list, not its text."""
    if isinstance(value, dict):
        return {name: with_lists(each, inputs) for name, each in value.items()}
    lists = {
        f"$[[ inputs.{name} ]]": each["default"]
        for name, each in inputs.items()
        if each.get("type") == "array"
    }
    return lists.get(value, value) if isinstance(value, str) else value


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_an_action_is_of_githubs_form(path: Path) -> None:
    (document,) = documents(path)
    check("github-actions", document)
    assert set(re.findall(r"\$\{\{ *inputs\.([\w-]+) *\}\}", path.read_text())) <= set(document["inputs"])


def test_the_schemas_find_what_is_wrong() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check("gitlab-ci", {"job": {"script": ["make"], "artifacts": {"path": ["x"]}}})
    with pytest.raises(jsonschema_rs.ValidationError):
        check("github-actions", {"name": "x", "description": "x", "runs": {"using": "composite"}})


@pytest.mark.parametrize("path", ACTIONS, ids=lambda path: path.parent.name)
def test_no_input_of_an_action_is_put_into_a_script(path: Path) -> None:
    """A value in ``run`` would be code; in ``env`` it is a value."""
    (document,) = documents(path)
    assert not [step for step in document["runs"]["steps"] if "${{" in step.get("run", "")]


def gitlab(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the folder's pipeline with the real engine."""
    named = [part for name, value in variables.items() for part in ("--variable", f"{name}={value}")]
    ours = ["--ignore-predefined-vars", ",".join(variables)] if variables else []
    return subprocess.run(
        [*command(*ENGINE), *ours, *named, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120, env=environment(folder),
    )  # fmt: skip


def act(folder: Path, event: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the folder's workflow with the real engine, on this machine."""
    base = ["act", event, "-W", ".github/workflows/x.yml", "-P", "ubuntu-latest=-self-hosted"]
    return subprocess.run(
        [*base, *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120, env=environment(folder),
    )  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(home)}


def project(folder: Path, pipeline: str) -> None:
    """A clone with the component's files and a pipeline that includes some."""
    shutil.copytree(COMPONENT, folder / "templates")
    (folder / ".gitlab-ci.yml").write_text(pipeline)
    committed(folder)


def repository(folder: Path, steps: str, event: str = "push") -> None:
    """A clone with this project's action, and a workflow that uses it."""
    shutil.copytree(ACTION, folder / "infra" / "github-action")
    shutil.copytree(ROOT / "probe" / "src", folder / "probe" / "src")
    (folder / ".github" / "workflows").mkdir(parents=True)
    workflow = f"name: x\n'on': {event}\njobs:\n  build:\n    runs-on: ubuntu-latest\n    steps:\n{steps}"
    (folder / ".github" / "workflows" / "x.yml").write_text(workflow)
    check("github-workflows", yaml.safe_load(workflow))
    committed(folder)


def committed(folder: Path) -> None:
    if not (folder / ".git").exists():
        (folder / ".gitignore").write_text(".gitlab-ci-local/\n")
        git(folder, "init", "-q", "-b", "main")
        git(folder, "remote", "add", "origin", "https://gitlab.example/seller/job.git")
    commit_all(folder)


SPIN = "python3 -c 'import time; any(time.process_time() > 0.4 for _ in iter(int, 1))'"
SAMPLED = f"""\
include:
  - local: templates/probe.yml
    inputs:
      job: make it
      command: |
        {SPIN}
        echo "it's $CI_JOB_NAME" > out.txt
        env > env.txt
        (exit $STATUS) | cat
        echo over
      sampler: proc,rusage
      call: {CALL}
      artifacts: [out.txt, env.txt, sealrun-profile/]
"""


@pytest.mark.parametrize(("sampler", "asked"), [("", []), ("proc,rusage", ["--sampler", "proc,rusage"])])
def test_the_probe_chooses_the_samplers_where_a_block_names_none(
    tmp_path: Path, sampler: str, asked: list[str]
) -> None:
    """Of Python it takes py-spy before perf, which rarely shows Python's functions."""
    spec, jobs = documents(COMPONENT / "probe.yml")
    action = yaml.safe_load((ACTION / "probe" / "action.yml").read_text())
    defaults = spec["spec"]["inputs"]["sampler"]["default"], action["inputs"]["sampler"]["default"]
    assert defaults == ("", "")
    probe = tmp_path / "sealrun-probe"
    probe.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    probe.chmod(0o755)
    (job,) = jobs.values()
    named = {
        "SEALRUN_INSTALL": "",
        "SEALRUN_PROBES": "",
        "SEALRUN_COMMAND": "true",
        "SEALRUN_SAMPLER": sampler,
    }
    done = subprocess.run(
        ["sh", "-ec", "\n".join(job["script"])],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", **named},
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    assert words[: words.index("--")] == ["run", *asked]
    given = {"COMMAND": "true", "SAMPLER": sampler, "PROBES": "", "CALL": "", "OUT": str(tmp_path / "left")}
    subprocess.run(
        [sys.executable, ACTION / "probe" / "run.py"],
        env={**os.environ, **{f"SEALRUN_PROBE_{name}": value for name, value in given.items()}},
        check=True,
    )


@pytest.mark.peers
def test_the_component_runs_a_command_under_the_probe(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    project(folder, SAMPLED)
    done = gitlab(folder, STATUS="0", SEALRUN_ID_TOKEN="eyJ.of.this")
    assert done.returncode == 0, done.stdout + done.stderr
    (left,) = (folder / ".gitlab-ci-local" / "artifacts").iterdir()
    assert (left / "out.txt").read_text() == "it's make it\n"
    told = json.loads((left / "sealrun-profile" / "profile.json").read_text())
    assert told["sampler"] == "proc"
    assert stacks.parse((left / "sealrun-profile" / "profile.folded").read_bytes())
    assert (left / "sealrun-profile" / "token.jwt").read_text() == "eyJ.of.this"
    assert "SEALRUN_ID_TOKEN" not in (left / "env.txt").read_text()
    listed = yaml.safe_load(gitlab(folder, "--preview").stdout)
    assert listed["make it"]["id_tokens"] == {"SEALRUN_ID_TOKEN": {"aud": f"urn:sealrun:call:{CALL}"}}


@pytest.mark.peers
def test_a_command_that_fails_fails_the_components_job(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    project(folder, SAMPLED)
    done = gitlab(folder, STATUS="3")
    assert done.returncode == 1
    assert re.search(r"make it\s+finished in .* FAIL 3", done.stdout + done.stderr)


PROBED = f"""\
      - uses: actions/checkout@v4
      - uses: ./infra/github-action/probe
        with:
          command: |
            {SPIN}
            echo "it's $GITHUB_JOB" > "$OUT/out.txt"
            env > "$OUT/env.txt"
            (exit ${{{{ env.STATUS }}}}) | cat
            echo over
          sampler: proc,rusage
          call: {CALL}
          out: ${{{{ env.OUT }}}}/sealrun-profile
"""


@pytest.mark.peers
def test_the_action_runs_a_command_under_the_probe_with_githubs_token(tmp_path: Path) -> None:
    folder, out = tmp_path / "job", tmp_path / "out"
    folder.mkdir()
    out.mkdir()
    repository(folder, PROBED)
    with web({"GET /token": (200, {"value": "eyJ.of.this"})}) as site:
        given = {
            "OUT": str(out),
            "STATUS": "0",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{site.url}/token?v=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer",
        }
        named = [part for name, value in given.items() for part in ("--env", f"{name}={value}")]
        done = act(folder, "push", *named)
        assert done.returncode == 0, done.stdout + done.stderr
        (asked,) = site.asked
    assert asked.headers["authorization"] == "Bearer bearer"
    assert (out / "out.txt").read_text() == "it's build\n"
    assert json.loads((out / "sealrun-profile" / "profile.json").read_text())["sampler"] == "proc"
    assert (out / "sealrun-profile" / "token.jwt").read_text() == "eyJ.of.this"
    found = (out / "env.txt").read_text()
    assert not re.search(r"^(SEALRUN_\w+|PYTHONPATH)=", found, re.MULTILINE)
    assert "eyJ" not in done.stdout + done.stderr


@pytest.mark.peers
def test_the_action_wants_the_permission_and_passes_failures_on(tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    repository(folder, PROBED)
    done = act(folder, "push", "--env", f"OUT={tmp_path}", "--env", "STATUS=0")
    assert done.returncode == 1
    assert "expected the permission id-token: write" in done.stdout
    without = PROBED.replace(f"          call: {CALL}\n", "")
    (folder / ".github" / "workflows" / "x.yml").write_text(
        (folder / ".github" / "workflows" / "x.yml").read_text().replace(PROBED, without)
    )
    done = act(folder, "push", "--env", f"OUT={tmp_path}", "--env", "STATUS=3")
    assert done.returncode == 1
    assert re.search(r"exit(code '| status )3", done.stdout)


@pytest.fixture
def seller(tmp_path: Path) -> Iterator[tuple[Path, Web]]:
    """A clone whose tag v1 is for sale, and a node that has the offer's contract."""
    folder = tmp_path / "job"
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(PIPELINE)
    committed(folder)
    git(folder, "tag", "v1")
    write_values(folder / "offer.toml", as_file(chain_value()))
    offer_command(folder, "--pin", "v1")

    def account(_: Asked) -> tuple[int, Any]:
        state = [str(read_offer(folder / "offer.toml").hash), *"5600000"]
        return 200, {"data": {"account": {"zkappState": state}}}

    with web({"POST /graphql": account}) as site:
        yield folder, site


@pytest.mark.peers
def test_the_component_tells_the_offers_hash_and_whether_it_stands(seller: tuple[Path, Web]) -> None:
    folder, site = seller
    shutil.copytree(COMPONENT, folder / "templates")
    (folder / "ci.yml").write_text(
        "include:\n  - local: templates/offer.yml\n"
        f"    inputs: {{stage: test, node: {site.url}/graphql, must_match: true}}\n"
        "after:\n  stage: deploy\n  needs: [sealrun-offer]\n"
        "  script: [echo the offer is $SEALRUN_OFFER and $SEALRUN_OFFER_MATCHES]\n"
    )
    committed(folder)
    git(folder, "tag", "-f", "v1")
    offer_command(folder, "--pin", "v1")
    committed(folder)
    done = gitlab(folder, "--file", "ci.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    sold = read_offer(folder / "offer.toml")
    assert f"the offer is {sold.id} and true" in done.stdout
    assert (
        json.loads((folder / ".gitlab-ci-local/artifacts/sealrun-offer/sealrun-offer.json").read_text())[
            "chain"
        ]
        == "open"
    )
    (folder / "more").write_text("x")
    committed(folder)
    done = gitlab(folder, "--file", "ci.yml")
    assert done.returncode == 1
    assert '"changed": ["more"]' in done.stdout


@pytest.mark.peers
def test_the_action_tells_the_offers_hash_and_whether_it_stands(seller: tuple[Path, Web]) -> None:
    folder, site = seller
    steps = (
        "      - uses: actions/checkout@v4\n        with: {fetch-depth: 0}\n"
        "      - {id: offer, uses: ./infra/github-action/offer, "
        f"with: {{node: {site.url}/graphql}}}}\n"
        "      - run: echo the offer is ${{ steps.offer.outputs.offer }},"
        " ${{ steps.offer.outputs.chain }}, ${{ steps.offer.outputs.matches }}\n"
    )
    repository(folder, steps)
    done = act(folder, "push")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"the offer is {read_offer(folder / 'offer.toml').id}, open, false" in done.stdout


@pytest.mark.peers
def test_component_and_action_make_a_wallet(tmp_path: Path) -> None:
    def made(asked: Asked) -> tuple[int, Any]:
        return 201, asked.body

    variables, secrets = "/api/v4/projects/7/variables", "/repos/seller/job/actions/secrets"
    key = {"key": base64.b64encode(bytes(PrivateKey.generate().public_key)).decode(), "key_id": "1"}
    answers: dict[str, Any] = {
        f"GET {variables}": (200, []),
        f"POST {variables}": made,
        f"GET {secrets}/public-key": (200, key),
        f"PUT {secrets}/SEALRUN_WALLET": (201, {}),
        "POST /faucet": (200, {"status": "success"}),
    }
    with web(answers) as site:
        folder = tmp_path / "gitlab"
        folder.mkdir()
        include = "include:\n  - local: templates/wallet.yml\n"
        project(folder, f"{include}    inputs: {{stage: test, faucet: '{site.url}/faucet'}}\n")
        named = {"CI_SERVER_URL": site.url, "CI_PROJECT_ID": "7", "SEALRUN_SETUP_TOKEN": "the-token"}
        done = gitlab(folder, "sealrun-wallet", **named)
        assert done.returncode == 0, done.stdout + done.stderr
        folder = tmp_path / "github"
        folder.mkdir()
        step = f"with: {{token: '${{{{ secrets.SETUP }}}}', faucet: '{site.url}/faucet'}}"
        checkout = "      - uses: actions/checkout@v4\n"
        repository(folder, f"{checkout}      - {{uses: ./infra/github-action/wallet, {step}}}\n")
        origin = ["--env", f"GITHUB_API_URL={site.url}", "--env", "GITHUB_REPOSITORY=seller/job"]
        done = act(folder, "push", "-s", "SETUP=the-token", *origin)
        assert done.returncode == 0, done.stdout + done.stderr
        paid = [asked.body["address"] for asked in site.asked if asked.path == "/faucet"]
        kept = [
            asked.path for asked in site.asked if asked.method in ("POST", "PUT") and asked.path != "/faucet"
        ]
    assert (len(set(paid)), kept) == (2, [variables, f"{secrets}/SEALRUN_WALLET"])


@pytest.mark.peers
def test_component_and_action_ask_for_the_parent_before_they_call_its_child(tmp_path: Path) -> None:
    """How it goes on is in tests/spine/test_child_calls.py; here the parent call is over."""
    over = {"offer": CALL, "claimed_at": 1_900_000_000, "depth": 0, "receipt": {}}
    key, named = MinaKey.from_scalar(4242).to_base58(), f"scan.example/offers/{CALL}"
    with web({f"GET /calls/{CALL}": (200, over)}) as site:
        folder = tmp_path / "gitlab"
        folder.mkdir()
        inputs = f"call: '{CALL}', service: '{site.url}', input: scanner, offer: {named}, given: layer=both"
        project(folder, f"include:\n  - local: templates/child.yml\n    inputs: {{{inputs}}}\n")
        done = gitlab(folder, "sealrun-child", SEALRUN_WALLET=key)
        told = [done.stdout + done.stderr]
        folder = tmp_path / "github"
        folder.mkdir()
        secret = "key: '${{ secrets.WALLET }}'"
        step = f"uses: ./infra/github-action/child, with: {{{inputs}, {secret}}}"
        repository(folder, f"      - uses: actions/checkout@v4\n      - {{{step}}}\n")
        done = act(folder, "push", "-s", f"WALLET={key}")
        told.append(done.stdout + done.stderr)
        assert [each.path for each in site.asked] == [f"/calls/{CALL}"] * 2, told
    for each in told:
        assert "which is over" in each
        assert key not in each
