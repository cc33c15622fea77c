"""R4: a tag is for sale only where rulesets keep it from being moved."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
import pytest

from sealrun.errors import ProviderRefused, ProviderUnclear
from sealrun.providers.github.tags import fits, protected
from tests.answers import reply
from tests.sealrun.providers.github.peer import API, EXAMPLES, SHA, Peer, refusal
from tests.sealrun.providers.github.test_adapter import full_repository

RULES = [{"type": "update"}, {"type": "deletion"}]
RULESET: Mapping[str, Any] = {**EXAMPLES["repository-ruleset"], "target": "tag", "rules": RULES}
REF = f"{API}/git/ref/tags/v1"


def ruleset(*include: str, exclude: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    names = {"ref_name": {"include": list(include), "exclude": list(exclude)}}
    return {**RULESET, "conditions": names, **changes}


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("~ALL", True),
        ("refs/tags/v1", True),
        ("refs/tags/v*", True),
        ("refs/tags/v?", True),
        ("refs/tags/**", True),
        ("refs/**/v1", True),
        ("refs/*", False),
        ("refs/tags/v2", False),
        ("refs/tags/v", False),
        ("refs/tags/v1.", False),
        ("refs/tags/[v]1", False),
        ("~DEFAULT_BRANCH", False),
    ],
)
def test_r4_a_pattern_fits_as_githubs_do_and_in_doubt_does_not(pattern: str, holds: object) -> None:
    assert protected([ruleset(pattern)], "refs/tags/v1") is holds


@pytest.mark.parametrize(
    ("pattern", "holds"),
    [
        ("refs/**/v1", True),
        ("refs/**v1", False),
        ("refs/tags/**v1", True),
        ("refs/tags/v**", True),
        ("refs/t*s/**/?1", True),
        ("~ALL", False),  # a word of rulesets, and no pattern: Forgejo has none
        ("**", False),
        ("**/*", True),
        ("refs/**", False),
        ("refs/tags**/v1", True),
        ("refs/ta**/**/v1", True),
        ("refs/tags/v1/**", False),
        ("refs/tags/**/v1", True),
        ("refs/*/*", True),
        ("refs/tags?v1", False),
        ("", False),
        ("x" * 300, False),
    ],
)
def test_r4_stars_and_question_marks_stop_at_slashes_and_a_part_of_two_stars_does_not(
    pattern: str, holds: object
) -> None:
    assert fits(pattern, "refs/tags/v1", doubtful=False) is holds


def test_l11_a_sellers_own_pattern_does_not_stop_the_health_check() -> None:
    """Each star more took seven times as long: 8 s for seven of them."""
    began = time.process_time()
    assert not fits(f"refs/tags/{'*a' * 60}*b", f"refs/tags/{'a' * 80}", doubtful=False)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "pattern", ["~ALL", "refs/tags/v1", "refs/tags/v*", "refs/tags/[a]*", "refs/**", "**v2"]
)
def test_r4_what_is_excluded_or_may_be_is_not_protected(pattern: str) -> None:
    assert not protected([ruleset("~ALL", exclude=(pattern,))], "refs/tags/v1")
    assert protected([ruleset("~ALL", exclude=("refs/tags/w*",))], "refs/tags/v1")


@pytest.mark.parametrize(
    "changes",
    [
        {"enforcement": "disabled"},
        {"enforcement": "evaluate"},
        {"target": "branch"},
        {"rules": [{"type": "update"}]},
        {"rules": [{"type": "deletion"}, {"type": "non_fast_forward"}]},
        {"rules": None},
        {"conditions": None},
    ],
)
def test_r4_a_ruleset_that_does_not_keep_the_tag_does_not_count(changes: dict[str, Any]) -> None:
    assert not protected([ruleset("~ALL", **changes)], "refs/tags/v1")


@pytest.mark.parametrize("odd", [[1], True, -1, "x", {"a": 1}, [None], {"include": 7}, ["~ALL"] * 300])
def test_l14_a_ruleset_of_another_form_is_unclear(odd: Any) -> None:
    named = {"include": ["~ALL"], "exclude": []}
    conditions = [odd, {"ref_name": odd}, *({"ref_name": {**named, name: odd}} for name in named)]
    kept = []
    for changes in [{"rules": odd}, *({"conditions": each} for each in conditions)]:
        with suppress(ProviderUnclear):
            kept.append(protected([{**ruleset("~ALL"), **changes}], "refs/tags/v1"))
    assert not any(kept)


def test_r4_two_rulesets_may_keep_a_tag_together() -> None:
    halves = [ruleset("~ALL", rules=[rule]) for rule in RULES]
    assert protected(halves, "refs/tags/v1")
    assert not protected([], "refs/tags/v1")


def tagged(kind: str, sha: str) -> httpx.Response:
    found = EXAMPLES["git-ref"]
    return reply({**found, "object": {**found["object"], "type": kind, "sha": sha}})


def peer_with(rulesets: list[dict[str, Any]]) -> Peer:
    peer = Peer()
    peer.on("GET", f"{API}/rulesets", reply([{**each, "id": at} for at, each in enumerate(rulesets)]))
    for at, each in enumerate(rulesets):
        peer.on("GET", f"{API}/rulesets/{at}", reply(each))
    return peer


def test_r4_the_head_is_the_protected_tags_commit() -> None:
    peer = peer_with([ruleset("refs/tags/v*")])
    peer.on("GET", REF, tagged("commit", SHA))
    assert peer.github.head() == SHA
    assert peer.requests[1].url.params["targets"] == "tag"
    assert peer.requests[1].url.params["includes_parents"] == "true"


def test_r4_an_annotated_tag_is_followed_to_its_commit() -> None:
    peer = peer_with([ruleset("~ALL")])
    peer.on("GET", REF, tagged("tag", "b" * 40))
    target = {**EXAMPLES["git-tag"]["object"], "type": "commit", "sha": SHA}
    peer.on("GET", f"{API}/git/tags/{'b' * 40}", reply({**EXAMPLES["git-tag"], "object": target}))
    assert peer.github.head() == SHA


def test_r4_a_tag_that_nothing_keeps_is_no_head() -> None:
    peer = peer_with([])
    peer.on("GET", REF, tagged("commit", SHA))
    assert peer.github.head() == ""


def test_r4_a_tag_that_is_gone_is_no_head_but_a_hidden_repository_is_a_refusal() -> None:
    peer = Peer()
    peer.on("GET", REF, refusal("Not Found", 404))
    peer.on("GET", API, reply(full_repository()))
    assert peer.github.head() == ""
    peer.on("GET", API, refusal("Not Found", 404))
    with pytest.raises(ProviderRefused, match="github answered 404"):
        peer.github.head()


def test_r4_tags_of_tags_end_somewhere() -> None:
    peer = Peer()
    peer.on("GET", REF, tagged("tag", "b" * 40))
    again = {**EXAMPLES["git-tag"]["object"], "type": "tag", "sha": "b" * 40}
    peer.on("GET", f"{API}/git/tags/{'b' * 40}", reply({**EXAMPLES["git-tag"], "object": again}))
    with pytest.raises(ProviderRefused, match="expected it to name a commit"):
        peer.github.head()
