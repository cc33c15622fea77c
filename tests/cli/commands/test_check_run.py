"""``sealrun check --run`` against the local GitLab: one run, and all that it shows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.gitlab import GitLabServer
from local.market import free_offer, pinned_source
from local.repositories import commit_all
from mina.keys import PrivateKey
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_file import write_values
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.source_lookup import look_up, wanted_source
from sealrun_cli.main import app
from tests.spine.conftest import PIPELINE, PROPERTIES

GREETING = {"greeting": {**PROPERTIES["greeting"], "default": "hello"}}

SOLD = PIPELINE.replace("\ngreet:", "  auto_cancel: {on_new_commit: none}\n\ngreet:")
WITH_VARIABLES = """\
variables:
  sealrun_call: {value: "", description: The call.}
  greeting: {value: hello, description: What to say.}
workflow:
  name: sealrun $sealrun_call
  auto_cancel: {on_new_commit: none}

greet:
  script:
    - mkdir out
    - echo "$greeting" > out/greeting.txt
  artifacts: {paths: [out]}
"""
LEFT_OUT = ("sealrun", "kind", "prices", "terms")  # the file does without them


@dataclass
class Shop:
    """A seller's folder with an offer of a project, and its token's file."""

    server: GitLabServer
    file: Path
    token_file: Path

    def check(self, *flags: str) -> tuple[int, dict[str, Any], str]:
        """The command's status, its JSON, and everything that it wrote."""
        command = ["check", "--run", "--json", "--file", str(self.file), "--token-file", str(self.token_file)]
        done = CliRunner().invoke(app, [*command, *flags])
        return done.exit_code, json.loads(done.stdout), done.output


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened_shop(tmp_path, SOLD) as made:
        yield made


@contextmanager
def opened_shop(tmp_path: Path, pipeline: str, **changes: Any) -> Iterator[Shop]:
    folder, token_file = tmp_path / "seller", tmp_path / "token"
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(pipeline)
    commit = commit_all(folder, "v1")
    with GitLabServer(tmp_path / "state", base_path="/gitlab") as server:
        project = server.create_project("seller/greetings", folder)
        token = server.create_token(project, expires_at="2027-01-01")
        token_file.touch(mode=0o600)
        token_file.write_text(token.value)
        source = {
            "provider": "gitlab",
            "origin": server.origin,
            "base_path": server.base_path,
            "project": str(project),
            "ref": "refs/tags/v1",
            **changes,
        }
        offer = free_offer(PrivateKey.from_scalar(5), GREETING)
        value = {
            **offer,
            "price": "0",
            "source": {**source, **pinned_source(folder, commit), "user": token.user},
        }
        file = folder / "offer.toml"
        write_values(file, {name: each for name, each in value.items() if name not in LEFT_OUT})
        yield Shop(server, file, token_file)


@pytest.mark.peers
def test_a_trial_run_shows_what_a_buyer_would_get(shop: Shop) -> None:
    status, said, output = shop.check("--yes", "--input", "greeting=moin")
    shown = {each["what"]: each for each in said["findings"]}
    assert status == 0, output
    [pipeline] = shop.server.store.pipelines.values()
    assert shown["run"]["message"].endswith(f"/pipelines/{pipeline.id}")
    assert all(shown[name]["holds"] for name in ("name", "commit", "file", "outcome", "grade"))
    evidence = [each["message"] for each in said["findings"] if each["what"] == "evidence"]
    assert "greet/out/greeting.txt (5 bytes)" in evidence[0]
    assert "greet/job.log" in evidence[1]
    assert shop.token_file.read_text() not in output


@pytest.mark.peers
def test_a_pipeline_whose_inputs_are_variables_can_be_sold(tmp_path: Path) -> None:
    with opened_shop(tmp_path, WITH_VARIABLES, inputs_as="variables") as shop:
        status, said, output = shop.check("--yes", "--input", "greeting=moin")
        held = {each["what"] for each in said["findings"] if each["holds"]}
        assert status == 0, output
        assert {"pipeline", "inputs", "lint", "name", "outcome"} <= held
        [pipeline] = shop.server.store.pipelines.values()
        assert pipeline.variables["greeting"] == "moin"


def found(shop: Shop, what: str) -> dict[str, Any]:
    """What ``check`` finds wrong."""
    command = ["check", "--json", "--file", str(shop.file), "--token-file", str(shop.token_file)]
    said = json.loads(CliRunner().invoke(app, command).stdout)
    return next(each for each in said["findings"] if each["what"] == what and each["holds"] is False)


@pytest.mark.peers
def test_check_and_the_health_check_ask_a_project_by_one_client(tmp_path: Path) -> None:
    with opened_shop(tmp_path, WITH_VARIABLES, inputs_as="variables") as shop:
        [project] = shop.server.store.projects.values()
        project.variables_role = "no_one_allowed"
        assert "lets no one" in found(shop, "project")["message"]
        project.protected_tags = []
        assert "expected a protected tag, got none, or one that may move" in found(shop, "tag")["message"]


@pytest.mark.peers
def test_check_finds_a_gitlab_that_is_served_under_a_path(shop: Shop) -> None:
    command = ["check", "--json", "--file", str(shop.file), "--token-file", str(shop.token_file)]
    said = json.loads(CliRunner().invoke(app, command).stdout)
    held = {each["what"] for each in said["findings"] if each["holds"]}
    assert {"project", "tag", "token", "lint"} <= held, said


@pytest.mark.peers
@pytest.mark.parametrize("ending", ["", "/", "/api/v4"])
def test_init_takes_a_gitlabs_address_with_its_path(shop: Shop, ending: str) -> None:
    token_file = str(shop.token_file)
    address = f"{shop.server.url}{ending}"
    wanted = wanted_source(
        shop.file.parent, "gitlab", address, "seller/greetings", "v1", "", token_file, user=0
    )
    source = look_up(wanted, Output(as_json=True)).source
    assert (source["origin"], source["base_path"]) == (shop.server.origin, "/gitlab")


@pytest.mark.peers
@pytest.mark.parametrize(
    ("tagged", "fixed"),
    [
        ({"README": "nothing to run yet"}, {".gitlab-ci.yml": SOLD}),
        ({".gitlab-ci.yml": "spec: ["}, {".gitlab-ci.yml": SOLD}),
        ({".gitlab-ci.yml": "- no mapping"}, {".gitlab-ci.yml": SOLD}),
        ({".gitlab-ci.yml": f"{SOLD}\ninclude: [/ci/more.yml]\n"}, {"ci/more.yml": "b: {}"}),
        ({".gitlab-ci.yml": f"{SOLD}\ninclude: {{local: 'ci/*.yml'}}\n"}, {"ci/new.yml": "b: {}"}),
        ({".gitlab-ci.yml": f"{SOLD}\ninclude: ci/[a].yml\n"}, {"ci/[a].yml": "b: {}"}),
        (
            {".gitlab-ci.yml": f"{SOLD}\ninclude: /c*/a.yml\n", "ci/a.yml": "include: ci/b.yml\n"},
            {"ci/b.yml": "b: {}"},
        ),
    ],
)
def test_init_says_that_a_fix_is_not_in_the_tag_also_where_it_cannot_read_the_older_file(
    tagged: dict[str, str], fixed: dict[str, str], shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by_init(shop, capsys, old=tagged, new=fixed)
    assert f"{next(iter(fixed))} was changed since old: the newer one, " in said
    assert said.count("was changed since") == 1


@pytest.mark.peers
@pytest.mark.parametrize("include", ["ci/*.yml", "/ci/a.yml", "c*/a.yml"])
def test_init_tells_of_no_change_in_a_file_that_no_include_takes(
    include: str, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """An asterisk stands for no folder: https://docs.gitlab.com/ci/yaml/includes/."""
    tagged = {".gitlab-ci.yml": f"{SOLD}\ninclude: {include}\n", "ci/a.yml": "a: {}"}
    assert "was changed since" not in said_by_init(shop, capsys, old=tagged, new={"ci/b/a.yml": "b: {}"})


def said_by_init(
    shop: Shop, capsys: pytest.CaptureFixture[str], *, old: dict[str, str], new: dict[str, str]
) -> str:
    """What it tells of the tag old, where these files were committed behind it."""
    folder = shop.file.parent
    for files, tag in ((old, "old"), (new, "new")):
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        if "README" in files:
            (folder / ".gitlab-ci.yml").unlink()
        commit_all(folder, tag)
    wanted = wanted_source(
        folder, "gitlab", shop.server.url, "seller/greetings", "old", "", str(shop.token_file), user=0
    )
    capsys.readouterr()
    with suppress(CliError):
        look_up(wanted, Output(as_json=True))
    return capsys.readouterr().err


@pytest.mark.peers
def test_nothing_runs_unless_somebody_agrees(shop: Shop) -> None:
    status, said, _ = shop.check()
    assert (status, said["error"]["type"]) == (1, "confirm")
    assert not shop.server.store.pipelines
