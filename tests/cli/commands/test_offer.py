"""An offer's hash at every commit, and whether clone and chain still are what is for sale."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.repositories import commit_all, git
from sealrun_cli.lib.offer_file import read_offer, write_values
from sealrun_cli.main import app
from tests.cli.lib.test_offer_file import as_file
from tests.cli.web import web
from tests.sealrun.world import chain_value

PIPELINE = 'spec: {inputs: {sealrun_call: {regex: "^[0-9a-f]{64}$"}}}\n---\nbuild: {script: [make]}\n'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A project whose tag v1 is for sale; its offer was committed after the tag."""
    (tmp_path / ".gitlab-ci.yml").write_text(PIPELINE)
    commit_all(tmp_path, "v1")
    write_values(tmp_path / "offer.toml", as_file(chain_value()))
    offer(tmp_path, "--pin", "v1")
    commit_all(tmp_path)
    return tmp_path


def offer(folder: Path, *arguments: str, status: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["offer", "--file", str(folder / "offer.toml"), *arguments, "--json"])
    assert done.exit_code == status, done.output
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_a_pinned_tag_is_the_files_source_and_the_rest_stays(clone: Path) -> None:
    sold = read_offer(clone / "offer.toml").source
    assert (sold.ref, sold.commit) == ("refs/tags/v1", git(clone, "rev-parse", "v1"))
    assert sold.tree == git(clone, "rev-parse", "v1^{tree}")
    text = (clone / "offer.toml").read_text()
    (clone / "offer.toml").write_text(text.replace("# What runs", "# My own words. What runs"))
    git(clone, "tag", "v2")
    offer(clone, "--pin", "v2")
    after = (clone / "offer.toml").read_text()
    assert "# My own words. What runs" in after
    differs = [line for line in after.splitlines() if line not in text.splitlines()]
    assert {line.split(" ")[0] for line in differs} == {"#", "ref", "commit", "tree"}


def test_e7_no_tag_is_pinned_through_a_link_that_a_clone_brings(clone: Path) -> None:
    elsewhere = (clone / "offer.toml").rename(clone / "elsewhere.toml")
    (clone / "offer.toml").symlink_to(elsewhere)
    before = elsewhere.read_bytes()
    git(clone, "tag", "v2")
    offer(clone, "--pin", "v2", status=1)
    assert elsewhere.read_bytes() == before


def test_the_offers_own_file_is_no_change_of_what_is_sold(clone: Path) -> None:
    found = offer(clone, "--must-match")
    assert found["offer"] == read_offer(clone / "offer.toml").id
    assert (found["commit"], found["changed"], found["matches"]) == (
        git(clone, "rev-parse", "HEAD"),
        [],
        True,
    )
    assert (found["chain"], len(found["offer_of_commit"])) == ("not asked", 64)


def test_a_commit_that_changes_the_source_makes_a_new_offer_due(clone: Path) -> None:
    before = offer(clone)
    (clone / "Makefile").write_text("all:\n")
    (clone / ".gitlab-ci.yml").write_text(PIPELINE + "test: {script: [make]}\n")
    commit_all(clone)
    found = offer(clone, "--must-match", status=1)
    assert (found["matches"], found["changed"]) == (False, [".gitlab-ci.yml", "Makefile"])
    assert found["offer"] == before["offer"]
    assert found["offer_of_commit"] not in (before["offer"], before["offer_of_commit"])
    git(clone, "tag", "v2")
    assert offer(clone, "--pin", "v2", "--must-match")["matches"]


def test_the_offer_of_a_commit_is_that_of_a_tag_on_it(clone: Path) -> None:
    of_commit = offer(clone)["offer_of_commit"]
    git(clone, "tag", "-f", "v1")
    assert offer(clone, "--pin", "v1")["offer"] == of_commit


def test_a_clone_without_history_says_what_to_fetch(
    clone: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shallow = tmp_path_factory.mktemp("shallow") / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{clone}", shallow], check=True)
    assert "--unshallow" in offer(shallow, status=1)["error"]["next"]


def chain(clone: Path, state: list[str] | None, *, status: int = 0) -> Any:
    account = None if state is None else {"zkappState": state}
    with web({"POST /graphql": (200, {"data": {"account": account}})}) as site:
        found = offer(clone, "--node", f"{site.url}/graphql", "--must-match", status=status)
        contract = read_offer(clone / "offer.toml").contract
        assert contract is not None
        assert [asked.body["variables"] for asked in site.asked] == [{"key": contract.to_base58()}]
    return found["chain"]


def test_the_chain_tells_whether_the_offer_stands(clone: Path) -> None:
    sold = read_offer(clone / "offer.toml")
    rest = ["5", "6", "0", "0", "0", "0", "0"]
    assert chain(clone, [str(sold.hash), *rest]) == "open"
    assert chain(clone, [str(sold.hash), "5", "6", "1", "0", "0", "0", "0"], status=1) == "closed"
    assert chain(clone, [str(sold.hash + 1), *rest], status=1) == "another offer"
    assert chain(clone, None, status=1) == "none"


def test_a_node_that_tells_nonsense_is_an_error(clone: Path) -> None:
    with web({"POST /graphql": (200, {"data": {"account": {"zkappState": ["x"]}}})}) as site:
        error = offer(clone, "--node", f"{site.url}/graphql", status=1)["error"]
    assert error["type"] == "node-unavailable"
