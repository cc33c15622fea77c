"""An oracle's word for a commit's mirror: read back as it was signed, and nothing else is."""

import json
from typing import Any

import pytest

from mina.keys import PrivateKey
from mina.sign import sign_fields
from sealrun.errors import Malformed
from sealrun.mirror.statement import Statement, read_signed, repository_url

ORACLE = PrivateKey(7)
STATEMENT = Statement("mina:devnet", "https://gitlab.com/group/job", "8f" * 20, 2**250, 1_796_000_000)


def signed(key: PrivateKey = ORACLE, **changes: Any) -> bytes:
    document = STATEMENT.signed(key.public_key(), sign_fields(key, STATEMENT.fields()))
    return json.dumps({**document, "data": {**document["data"], **changes}}).encode()


def test_what_was_signed_is_read_back() -> None:
    assert read_signed(signed(), ORACLE.public_key()) == STATEMENT


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "mina:mainnet"},
        {"repository": "https://gitlab.com/group/job2"},
        {"commit": "8e" * 20},
        {"root": "1"},
        {"at": 1_796_000_001},
    ],
)
def test_a_changed_value_is_not_signed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="expected the oracle's signature"):
        read_signed(signed(**changes), ORACLE.public_key())


def test_the_word_of_whoever_names_himself_does_not_count() -> None:
    with pytest.raises(Malformed, match="expected the oracle's signature"):
        read_signed(signed(PrivateKey(8)), ORACLE.public_key())


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (b"{}", "data"),
        (signed(commit="8F" * 20), "commit: expected 40 hex digits"),
        (signed(root="01"), "root"),
        (signed(at=-1), "at"),
        (signed(repository=7), "repository: expected https"),
        (signed().replace(b'"signature": "', b'"signature": "x'), "signature"),
        (b" " * 5000, "at most"),
    ],
)
def test_another_form_is_refused(document: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        read_signed(document, ORACLE.public_key())


@pytest.mark.parametrize(
    "url",
    [
        "https://gitlab.com/group/job",
        "https://GitLab.com:443/group/job.git",
        "https://gitlab.com./group/job/",
    ],
)
def test_a_repository_has_one_spelling(url: str) -> None:
    assert repository_url(url) == "https://gitlab.com/group/job"


@pytest.mark.parametrize(
    "url",
    [
        "git@gitlab.com:group/job",
        "https://gitlab.com",
        "https://gitlab.com/",
        "https://user:secret@gitlab.com/group/job",
        "https://gitlab.com/group/job?ref=main",
        "https://gitlab.com/group/job#readme",
        "https://gitlab.com/group//job",
        "https://gitlab.com/group/../job",
        "https://gitlab.com/gröup/job",
        "https://gitlab.com/" + "g" * 500,
    ],
)
def test_what_names_no_repository_is_refused(url: str) -> None:
    with pytest.raises(Malformed, match="expected https") as refused:
        repository_url(url)
    assert "secret" not in refused.value.detail
