"""An offer's inputs at the command line: typed, filled up with defaults, listed in the offer's order."""

from typing import Any

import pytest

from sealrun.offers.inputs import InputSchema
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.inputs import filled_inputs, listed, parsed_inputs
from sealrun_cli.lib.output import Output

SCHEMA = InputSchema.parse(
    {
        "type": "object",
        "properties": {
            "layer": {"type": "string", "enum": ["both", "mina"], "default": "both"},
            "level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 3},
            "flag": {"type": "boolean", "description": "faster"},
            "name": {"type": "string", "pattern": "^[a-z]*$", "maxLength": 9},
        },
        "required": ["name"],
        "additionalProperties": False,
        "x-order": ["name", "layer", "level", "flag"],
    },
    at_most=19,
)


@pytest.mark.parametrize(
    ("given", "among", "expected"),
    [
        ({"name": "a"}, None, {"name": "a", "layer": "both", "level": 3}),
        ({"level": 0, "name": "a"}, None, {"name": "a", "layer": "both", "level": 0}),
        ({"level": 1}, ["level", "flag"], {"level": 1}),
        ({}, ["layer"], {"layer": "both"}),
        ({"other": 1}, [], {"other": 1}),
    ],
    ids=str,
)
def test_what_is_left_out_takes_its_default_and_is_named(
    given: dict[str, Any],
    among: list[str] | None,
    expected: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = filled_inputs(given, SCHEMA, Output(as_json=True), among=among)
    assert list(filled.items()) == list(expected.items())
    added = [f"{name}={value}" for name, value in expected.items() if name not in given]
    assert capsys.readouterr().err == (f"defaults {', '.join(added)}\n" if added else "")


def test_inputs_are_listed_in_the_offers_order_with_what_they_take() -> None:
    assert listed(SCHEMA) == [
        "input    name: text that matches ^[a-z]*$; must be given",
        "input    layer: one of both, mina; both if left out",
        "input    level: integer from 0 to 9; 3 if left out",
        "input    flag: true or false; may be left out (faster)",
    ]


def test_what_is_given_is_typed_by_the_schema() -> None:
    given = ["flag=true", "level=4", "layer=mina", "name=1"]
    assert parsed_inputs(given, SCHEMA) == {"flag": True, "level": 4, "layer": "mina", "name": "1"}
    with pytest.raises(CliError, match="expected NAME=VALUE, got 'flag'"):
        parsed_inputs(["flag"], SCHEMA)
