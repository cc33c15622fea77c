"""A seller's GitLab, by python-gitlab against the local one."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from local.gitlab import GitLabServer
from local.gitlab.hooks import hook_json
from local.gitlab.store import Hook, Token
from sealrun_cli.lib.ci_files import judgeable, read_pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.gitlab_account import GitLabAccount, Holder, token_troubles
from tests.spine.conftest import PIPELINE, repository

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitLabServer]:
    folder = tmp_path_factory.mktemp("gitlab")
    repository(folder / "seller")
    with GitLabServer(folder / "state", base_path="/gitlab") as server:
        yield server


@pytest.fixture
def project(server: GitLabServer) -> int:
    folder = server.store.folder.parent / "seller"
    return server.create_project(f"seller/job-{server.store.next_id()}", folder)


def account(server: GitLabServer, token: Token | None = None) -> GitLabAccount:
    return GitLabAccount(server.url, token.value if token else "")


@pytest.mark.peers
def test_a_project_is_told_to_members(server: GitLabServer, project: int) -> None:
    seller = account(server, server.create_token(project))
    facts = seller.project(str(project))
    assert (facts.id, facts.private, facts.configuration) == (project, True, ".gitlab-ci.yml")


@pytest.mark.peers
def test_a_stranger_is_told_what_to_give(server: GitLabServer, project: int) -> None:
    with pytest.raises(CliError, match="expected GitLab to say, got 404") as caught:
        account(server).project(str(project))
    assert "--token-file" in caught.value.following


@pytest.mark.peers
def test_r1_rotating_revokes_first_and_keeps_the_account(server: GitLabServer, project: int) -> None:
    old = server.create_token(project, expires_at="2999-01-01")
    new = account(server, old).rotate(str(project), old.user, today=TODAY)
    with pytest.raises(CliError, match="got 401"):
        account(server, old).holder()
    holder = GitLabAccount(server.url, new).holder()
    assert (holder.user, holder.expires) == (old.user, "2027-02-21")


@pytest.mark.peers
def test_r1_a_maintainer_rotates_the_token_that_nobody_has(server: GitLabServer, project: int) -> None:
    old = server.create_token(project)
    owner = server.create_personal_token(server.store.projects[project].owner)
    new = account(server, owner).rotate(str(project), old.user, today=TODAY)
    assert GitLabAccount(server.url, new).holder().user == old.user
    assert server.store.tokens[old.id].revoked
    with pytest.raises(CliError, match="expected an active one of user 1"):
        account(server, owner).rotate(str(project), 1, today=TODAY)


@pytest.mark.peers
def test_a_webhook_of_the_same_address_is_replaced(server: GitLabServer, project: int) -> None:
    seller = account(server, server.create_token(project))
    for secret in ("whsec_MQ==", "whsec_Mg=="):
        seller.add_hook(str(project), "http://127.0.0.1:9/webhooks/gitlab", secret)
    hooks = [hook for hook in server.store.hooks.values() if hook.project == project]
    assert [(hook.signing_token, hook.pipeline_events) for hook in hooks] == [("whsec_Mg==", True)]


@pytest.mark.peers
def test_a_gitlab_that_does_not_sign_gets_no_webhook(
    server: GitLabServer, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # https://gitlab.com/gitlab-org/gitlab/-/merge_requests/231325: the secret is left out without a word
    def before_19(hook: Hook) -> dict[str, Any]:
        return {**hook_json(hook), "signing_token_present": False}

    monkeypatch.setattr("local.gitlab.api_projects.hook_json", before_19)
    seller, before = account(server, server.create_token(project)), dict(server.store.hooks)
    with pytest.raises(CliError, match=r"a GitLab that signs deliveries, as from 19\.0 on, got another"):
        seller.add_hook(str(project), "http://127.0.0.1:9/webhooks/gitlab?offer=1", "whsec_MQ==")
    assert server.store.hooks == before


def test_a_gitlab_that_does_not_answer_is_told_with_what_to_do() -> None:
    with pytest.raises(CliError, match="expected GitLab to answer, got ConnectionError") as caught:
        GitLabAccount("http://127.0.0.1:9", "glpat-secret").project("1")
    assert "check the origin" in caught.value.following
    assert "glpat-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("holder", "said"),
    [
        (Holder(8, 1, ("api",), "2026-12-01"), "expected one of user 7"),
        (Holder(7, 1, ("read_api",), "2026-12-01"), "expected the scope api"),
        (Holder(7, 1, ("api",), ""), r"expected an expiry within 90 days, got none"),
        (Holder(7, 1, ("api",), "2027-02-22"), r"expected an expiry within 90 days, got 2027-02-22"),
    ],
)
def test_r1_a_token_that_must_not_be_sealed_is_named(holder: Holder, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        assert not list(token_troubles(holder, 7, today=TODAY))


def test_r1_a_good_token_has_no_trouble() -> None:
    assert list(token_troubles(Holder(7, 1, ("api",), "2027-02-21"), 7, today=TODAY)) == []


def test_a_token_is_in_no_repr_and_goes_to_no_origin_in_clear() -> None:
    shown = GitLabAccount("http://gitlab.example", "glpat-secret")
    assert "glpat-secret" not in repr(shown)
    with pytest.raises(CliError, match="expected https://") as caught:
        shown.holder()
    assert "glpat-secret" not in str(caught.value)


@pytest.mark.peers
def test_gitlab_judges_a_file_as_soon_as_its_inputs_have_defaults(server: GitLabServer, project: int) -> None:
    seller = account(server, server.create_token(project))
    assert seller.lint(str(project), PIPELINE).needs_inputs
    judged = seller.lint(str(project), judgeable(PIPELINE.encode()))
    assert judged.errors == ()
    merged = read_pipeline("gitlab", judged.merged.encode())
    assert merged.jobs == read_pipeline("gitlab", PIPELINE.encode()).jobs
    broken = seller.lint(str(project), "job: {script: [x], stage: nowhere}\n")
    assert "nowhere" in broken.errors[0]


@pytest.mark.parametrize("start", ["", "---\n", "\n" * 60, "# of the job\n\n" * 60, "\r\n \r\n" * 60])
def test_a_file_without_a_header_is_judged_as_it_stands(start: str) -> None:
    """However many empty lines are between its comments: those took hours."""
    text = f"{start}job: {{script: [x]}}\n"
    assert judgeable(text.encode()) == text


@pytest.mark.parametrize("start", ["", "---\n", "# of the job\n\n   \n# more\n"])
def test_a_files_inputs_have_defaults_also_where_its_lines_end_as_in_windows(start: str) -> None:
    text = f"{start}{PIPELINE}".replace("\n", "\r\n")
    judged = judgeable(text.encode())
    assert "default: '0000" in judged
    assert judged.endswith(text.partition("---\r\nworkflow")[2])
