"""A page of any origin may buy: what template, local gateway and ``sealrun serve`` let it send and read."""

import re
from pathlib import Path

import pytest

from local.lambda_runtime import cors
from sealrun.serving import application

TEMPLATE = (Path(__file__).resolve().parents[2] / "template.yaml").read_text()


def names(text: str) -> set[str]:
    return {name.strip().lower() for name in text.split(",")}


def declared(member: str) -> set[str]:
    """What the function URLs of the template list under this name, all together."""
    lists = re.findall(rf"^ +{member}: \[([^\]]+)\]", TEMPLATE, re.MULTILINE)
    return set().union(*map(names, lists))


@pytest.mark.parametrize(
    ("preflight", "any_origin"),
    [(cors._PREFLIGHT, cors._ANY), (application.PREFLIGHT, application.ANY_ORIGIN)],
    ids=["the local gateway", "sealrun serve"],
)
def test_all_ways_to_run_the_functions_let_a_page_send_and_read_the_same_headers(
    preflight: dict[str, str], any_origin: dict[str, str]
) -> None:
    assert names(preflight["Access-Control-Allow-Headers"]) == declared("AllowHeaders")
    assert names(preflight["Access-Control-Allow-Methods"]) == declared("AllowMethods")
    assert names(any_origin["Access-Control-Expose-Headers"]) == declared("ExposeHeaders")
