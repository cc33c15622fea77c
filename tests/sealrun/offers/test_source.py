"""Where an offer's provider is: its origin, and the path that it is served under."""

from typing import Any

import pytest

from sealrun.errors import Malformed
from sealrun.offers.source import Source, check_spelling, split_base
from tests.sealrun.world import make_offer, offer_value


def source(**changes: Any) -> Source:
    return make_offer(source={**offer_value()["source"], **changes}).source


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ci.example", ("https://ci.example", "")),
        ("https://CI.example:443/", ("https://ci.example", "")),
        ("https://ci.example/gitlab", ("https://ci.example", "/gitlab")),
        ("https://ci.example:8443/dev/gitlab/", ("https://ci.example:8443", "/dev/gitlab")),
    ],
)
def test_an_address_is_an_origin_and_a_base_path(url: str, expected: tuple[str, str]) -> None:
    assert split_base(url) == expected


@pytest.mark.parametrize(
    "path",
    ["/a/b/c", "/../x", "/%67itlab", "//gitlab", "/gitlab/./x", "/-/raw", "/a b", "/a?b", "/a#b", "/ä"],
)
def test_a_path_with_two_spellings_or_deep_inside_a_forge_is_refused(path: str) -> None:
    with pytest.raises(Malformed, match="expected"):
        split_base(f"https://ci.example{path}")
    with pytest.raises(Malformed, match="base_path: expected one or two names"):
        source(base_path=path)


def test_a_provider_under_a_path_is_asked_there_and_its_project_is_found_there() -> None:
    below = source(base_path="/gitlab")
    assert below.url == "https://gitlab.example/gitlab"
    assert below.repository == "https://gitlab.example/gitlab/projects/42"


def test_e2_another_base_path_is_not_another_place() -> None:
    places = {source(**changes).place for changes in ({}, {"base_path": "/a"}, {"base_path": "/b"})}
    assert places == {"https://gitlab.example/projects/42"}


def test_a_public_provider_serves_no_api_under_a_path() -> None:
    public = source(origin="https://gitlab.com", base_path="/someone/files")
    with pytest.raises(Malformed, match=r"base_path: expected none at https://gitlab\.com"):
        check_spelling(public)


def test_an_offer_may_send_its_inputs_as_variables_where_the_provider_takes_them() -> None:
    assert source().inputs_as == "inputs"
    assert source(inputs_as="variables").inputs_as == "variables"
    github = {"provider": "github", "project": "owner/name", "inputs_as": "variables"}
    with pytest.raises(Malformed, match="inputs_as: expected one of inputs"):
        source(**github)
