"""Signatures, held against AWS's own test suite and against botocore's signer."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from sealrun.adapters.aws.direct.sigv4 import Credentials, Scope, signed

KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8Y"
    "UuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE"
    "8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2"
    "ICCR/oLxBA=="
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# The "Signature Version 4 test suite" of AWS's General Reference (aws-sig-v4-test-suite.zip): cases without a
# query, with each header once.
SUITE = [
    ("get-vanilla", "GET", {}, b"", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("post-vanilla", "POST", {}, b"", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "post-x-www-form-urlencoded",
        "POST",
        FORM,
        b"Param1=value1",
        "",
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
    (
        "post-sts-header-before",
        "POST",
        {},
        b"",
        TOKEN,
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
]


@pytest.mark.parametrize(
    ("method", "headers", "body", "token", "signature"),
    [case[1:] for case in SUITE],
    ids=[c[0] for c in SUITE],
)
def test_signatures_are_those_of_awss_test_suite(
    method: str, headers: Mapping[str, str], body: bytes, token: str, signature: str
) -> None:
    made = signed(
        method,
        "/",
        {"Host": "example.amazonaws.com", **headers},
        body,
        credentials=Credentials(*KEYS, token),
        scope=Scope("us-east-1", "service"),
        now=NOW,
    )
    assert made["authorization"].endswith(f"Signature={signature}")
    assert made["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="
    )


VALUE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(
    path=st.sampled_from(["/", "/2015-03-31/functions/collect/invocations"])
    | st.builds("/2015-03-31/functions/arn%3Aaws%3Alambda%3A{}/invocations".format, st.integers(0, 9)),
    headers=st.dictionaries(
        st.sampled_from(["x-amz-target", "content-type", "X-Amz-Invocation-Type"]), VALUE
    ),
    body=st.binary(max_size=40),
    token=st.sampled_from(["", TOKEN]),
)
def test_signatures_are_botocores(path: str, headers: dict[str, str], body: bytes, token: str) -> None:
    theirs = AWSRequest("POST", f"https://kms.eu-west-1.amazonaws.com{path}", headers=headers, data=body)
    botocore.auth.SigV4Auth(
        BotocoreCredentials(*KEYS, token or None),
        "kms",
        "eu-west-1",
    ).add_auth(theirs)
    now = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed(
        "POST",
        path,
        {"host": "kms.eu-west-1.amazonaws.com", **headers},
        body,
        credentials=Credentials(*KEYS, token),
        scope=Scope("eu-west-1", "kms"),
        now=now,
    )
    assert ours["authorization"] == theirs.headers["Authorization"]


def test_no_secret_is_shown() -> None:
    shown: Any = repr(Credentials(*KEYS, TOKEN))
    assert (KEYS[1] in shown, TOKEN in shown) == (False, False)
