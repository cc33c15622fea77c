"""What ``sealrun check`` says of a GitLab project, by the local GitLab's own lint."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from local.gitlab import GitLabServer
from local.repositories import commit_all
from sealrun_cli.lib.check_gitlab import _Check, gitlab_findings
from sealrun_cli.lib.ci_files import read_pipeline
from sealrun_cli.lib.findings import Finding
from sealrun_cli.lib.gitlab_account import GitLabAccount, Lint
from sealrun_cli.lib.repository import Repository
from tests.sealrun.world import make_offer, offer_value
from tests.spine.conftest import PIPELINE

FINE = PIPELINE.replace("\n\ngreet:", "\n  auto_cancel: {on_new_commit: none}\ngreet:")
INCLUDING = f"{FINE}include: [ci/more.yml]\n"
MORE = "more: {script: [make], allow_failure: true}\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabServer]:
    with GitLabServer(tmp_path_factory.mktemp("gitlab")) as server:
        yield server


def lint_findings(server: GitLabServer, folder: Path, text: str = INCLUDING) -> list[Finding]:
    """What GitLab's lint says of the offer of the folder's tag v1."""
    project = server.create_project(f"seller/job-{server.store.next_id()}", folder)
    tagged = Repository(folder).tagged("v1")
    named = {"path": ".gitlab-ci.yml", "sha256": sha256(text.encode()).hexdigest()}
    source = offer_value()["source"] | {
        "origin": server.url, "project": str(project), "ref": tagged.ref, "commit": tagged.commit,
        "tree": tagged.tree, "configuration": {**named, "includes": ["local:ci/more.yml"]},
    }  # fmt: skip
    account = GitLabAccount(server.url, server.create_token(project).value)
    found = gitlab_findings(make_offer(source=source), Repository(folder), account, today=date(2026, 11, 23))
    return [each for each in found if each.what in ("lint", "success")]


def committed(folder: Path, more: str, *tags: str, text: str = INCLUDING) -> None:
    (folder / "ci").mkdir(exist_ok=True)
    (folder / ".gitlab-ci.yml").write_text(text)
    (folder / "ci/more.yml").write_text(more)
    commit_all(folder, *tags)


@pytest.mark.peers
def test_r8_a_local_file_that_the_default_branch_has_otherwise_is_not_judged_for_the_tag(
    server: GitLabServer, tmp_path: Path
) -> None:
    """GitLab includes it as the default branch has it: lib/api/lint.rb gives its commit alone."""
    committed(tmp_path, MORE, "v1")
    assert [(each.holds, each.what) for each in lint_findings(server, tmp_path)] == [
        (False, "success"),
        (True, "lint"),
    ]
    committed(tmp_path, "more: {script: [make]}\n")
    (found,) = lint_findings(server, tmp_path)
    assert (found.holds, found.what) == (None, "lint")
    assert "ci/more.yml" in found.message
    committed(tmp_path, MORE)
    assert len(lint_findings(server, tmp_path)) == 2


NEEDING = f"{INCLUDING}build: {{script: [make], needs: [more]}}\n"


@pytest.mark.peers
@pytest.mark.parametrize(
    ("text", "include", "later"),
    [
        (INCLUDING, None, {"ci/more.yml": ""}),
        (NEEDING, None, {"ci/more.yml": "renamed: {script: [make]}\n"}),
        (NEEDING, "ci/*.yml", {"ci/broken.yml": "a: {}\n"}),
        (NEEDING, "{local: ci/more.yml, rules: [{if: $CI_COMMIT_TAG}]}", {}),
    ],
)
def test_r8_a_file_that_is_refused_for_what_the_default_branch_has_otherwise_is_not_called_wrong(
    server: GitLabServer, tmp_path: Path, text: str, include: str | None, later: dict[str, str]
) -> None:
    """GitLab would take it at the tag; so a seller would repair a file in which nothing is wrong."""
    text = text.replace("ci/more.yml", include) if include else text
    committed(tmp_path, "more: {script: [make]}\n", "v1", text=text)
    for name, content in later.items():
        (tmp_path / name).write_text(content) if content else (tmp_path / name).unlink()
    commit_all(tmp_path)
    (found,) = lint_findings(server, tmp_path, text)
    assert (found.holds, found.what) == (None, "lint")
    assert "it refuses that: " in found.message


@pytest.mark.peers
@pytest.mark.parametrize("include", ["ci/more.yml", "/ci/*.yml"])
def test_r8_a_file_that_is_refused_at_the_tag_too_is_called_wrong(
    server: GitLabServer, tmp_path: Path, include: str
) -> None:
    text = INCLUDING.replace("ci/more.yml", include)
    committed(tmp_path, "more: {script: [make], needs: [nothing]}\n", "v1", text=text)
    (found,) = lint_findings(server, tmp_path, text)
    assert (found.holds, found.what) == (False, "lint")


@pytest.mark.peers
@pytest.mark.parametrize("condition", ["$CI_COMMIT_TAG", "$CI_COMMIT_BRANCH"])
def test_r8_a_file_that_rules_include_is_not_judged_for_the_tag(
    server: GitLabServer, tmp_path: Path, condition: str
) -> None:
    """GitLab asks such rules of its default branch, too: lib/gitlab/ci/lint.rb passes no tag."""
    text = f"{FINE}include: [{{local: ci/more.yml, rules: [{{if: {condition}}}]}}]\n"
    committed(tmp_path, MORE, "v1", text=text)
    (found,) = lint_findings(server, tmp_path, text)
    assert (found.holds, found.what) == (None, "lint")
    assert "ci/more.yml" in found.message


def lint_of_branch(
    folder: Path, text: str, files: dict[str, str], *taken: str, inputs_as: str = "inputs"
) -> list[Finding]:
    """What ``check`` says where GitLab's lint took these of the files, which the tag has as they are."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / ".gitlab-ci.yml").write_text(text)
    commit_all(folder, "v1")
    tagged = Repository(folder).tagged("v1")
    source = offer_value()["source"] | {"ref": tagged.ref, "commit": tagged.commit, "tree": tagged.tree}
    source["inputs_as"] = inputs_as

    class Account:
        token = "token"

        def lint(self, _project: str, _content: str) -> Lint:
            merged = "".join(
                each.partition("include:")[0] for each in (text, *(files[name] for name in taken))
            )
            return Lint((), merged, dict.fromkeys(taken, tagged.commit))

    account = cast("GitLabAccount", Account())
    found = _Check(make_offer(source=source), Repository(folder), account, date(2026, 11, 23))
    return list(found._lint(text.encode(), read_pipeline("gitlab", text.encode(), inputs_as)))


@pytest.mark.parametrize(
    ("include", "more"),
    [
        ("[ci/$CI_COMMIT_REF_NAME.yml]", ""),
        ("ci/${CI_COMMIT_REF_SLUG}.yml", ""),
        ("[{project: seller/job, ref: $CI_COMMIT_SHA, file: more.yml}]", ""),
        ("[ci/%CI_COMMIT_REF_NAME%.yml]", ""),
        ("[ci/$CI_BUILD_REF_NAME.yml]", ""),
        ("['ci/$[[ inputs.layer ]].yml']", ""),
        ("[ci/a.yml]", "include: ci/$CI_COMMIT_REF_NAME.yml\n"),
        ("[ci/a.yml]", "include: [{local: ci/v1.yml, rules: [{if: $CI_COMMIT_TAG}]}]\n"),
        ("[ci/a.yml]", "include: [{local: 'ci/$[[inputs.which]].yml'}]\n"),
    ],
)
def test_r8_a_file_that_the_tag_may_include_in_its_place_is_not_judged_for_it(
    tmp_path: Path, include: str, more: str
) -> None:
    """GitLab's lint asks for the default branch: of its name, too, and within the files that are included."""
    files = {
        "ci/main.yml": "more: {script: [make]}\n",
        "ci/v1.yml": MORE,
        "ci/a.yml": f"a: {{script: [make]}}\n{more}",
    }
    text = f"{FINE}include: {include}\n"
    taken = "ci/a.yml" if more else "ci/main.yml"
    (found,) = lint_of_branch(tmp_path, text, files, taken)
    assert (found.holds, found.what) == (None, "lint")


@pytest.mark.parametrize(("inputs_as", "judged"), [("variables", False), ("inputs", True)])
def test_r8_a_file_that_a_calls_variable_chooses_is_not_judged_for_it(
    tmp_path: Path, inputs_as: str, *, judged: bool
) -> None:
    """The project may have a variable of that name, and the call's stands before it."""
    text = f"{FINE}include: ci/more$layer.yml\n"
    files = {"ci/more.yml": "more: {script: [make]}\n", "ci/morecore.yml": MORE}
    (found,) = lint_of_branch(tmp_path, text, files, "ci/more.yml", inputs_as=inputs_as)
    assert (found.holds, found.what) == (True if judged else None, "lint")


@pytest.mark.parametrize(
    ("include", "nested", "judged"),
    [
        ("ci/*.yml", "", False),
        ("[{local: /**/b*.yml}, ci/a.yml]", "", False),
        ("ci/a.yml", "include: ci/*.yml\n", False),
        ("ci/*/*.yml", "", False),
        ("ci/a*.yml", "", True),
        ("c*.yml", "", True),
    ],
)
def test_r8_a_file_that_a_wildcard_takes_at_the_tag_alone_is_named(
    tmp_path: Path, include: str, nested: str, *, judged: bool
) -> None:
    """GitLab's lint finds what the default branch has by that name: ``search_files_by_wildcard_path``."""
    files = {"ci/a.yml": f"a: {{script: [make]}}\n{nested}", "ci/b.yml": MORE, "ci/c/b.yml": MORE}
    (found,) = lint_of_branch(tmp_path, f"{FINE}include: {include}\n", files, "ci/a.yml")
    assert (found.holds, found.what) == (True if judged else None, "lint")
    assert judged or "b.yml" in found.message


def test_r8_a_component_of_this_gitlab_is_judged(tmp_path: Path) -> None:
    text = f"{FINE}include: [{{component: $CI_SERVER_FQDN/a/b/c@{'0' * 40}}}, ci/a.yml]\n"
    (found,) = lint_of_branch(tmp_path, text, {"ci/a.yml": "a: {script: [make]}\n"}, "ci/a.yml")
    assert (found.holds, found.what) == (True, "lint")


@pytest.mark.peers
def test_r5_an_included_rule_that_lets_newer_commits_cancel_is_told(
    server: GitLabServer, tmp_path: Path
) -> None:
    rule = "{if: $CI_COMMIT_TAG, auto_cancel: {on_new_commit: interruptible}}"
    committed(tmp_path, f"workflow: {{rules: [{rule}]}}\n", "v1")
    assert any(
        each.holds is False and "newer commit" in each.message for each in lint_findings(server, tmp_path)
    )
