"""R2: what a schema may say, and what may reach a pipeline."""

import base64
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import InputsRefused, Malformed
from sealrun.offers.inputs import InputSchema

NAME = {"type": "string", "pattern": "^[ -~]*$", "maxLength": 64}
KINDS: dict[str, Any] = {
    "flag": {"type": "boolean"},
    "level": {"type": "integer", "minimum": 0, "maximum": 9},
    "layer": {"type": "string", "enum": ["mina", "v1.2-rc"]},
    "name": NAME,
    "extra": {
        "type": "string",
        "contentEncoding": "base64url",
        "contentMediaType": "application/json",
        "maxLength": 1023,
    },
}


def schema(properties: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False, **changes}


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_r2_the_five_kinds_of_input_pass() -> None:
    inputs = {"flag": True, "level": 3, "layer": "mina", "name": "a/b-c_d.e+1", "extra": encoded({"a": [1]})}
    assert InputSchema.parse(schema(KINDS), at_most=19).check(inputs) == inputs


@pytest.mark.parametrize(
    "inputs",
    [
        {"flag": "true"},
        {"level": 10},
        {"level": True},
        {"layer": "other"},
        {"unnamed": 1},
        {"extra": "!!"},
        {"extra": encoded([1])},
        {"extra": encoded({"a": 1}) + "="},
        [],
        "text",
    ],
    ids=str,
)
def test_r2_values_that_do_not_fit_are_refused(inputs: Any) -> None:
    with pytest.raises(InputsRefused):
        InputSchema.parse(schema(KINDS), at_most=19).check(inputs)


_WIDE = {"minimum": -1e300, "maximum": 1e300}
_NUMBERS = schema({"size": {"type": "number", **_WIDE}, "count": {"type": "integer", **_WIDE}})


@pytest.mark.parametrize("name", ["size", "count"])
@pytest.mark.parametrize("value", [float(2**53), -float(2**53), 1e17, 999999999999999900000.0])
def test_r2_a_number_that_its_receipts_documents_cannot_hold_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputsRefused, match=f"{name}: expected a number that RFC 8785 can hold"):
        InputSchema.parse(_NUMBERS, at_most=19).check({name: value})


@pytest.mark.parametrize(
    ("pattern", "text"),
    [("^[[:alnum:]]+$", "abc"), ("^[a-c[:digit:]]*$", "a1"), ("^[^[:alpha:]]$", "1")],
)
def test_l15_a_class_has_no_names_in_it_here_or_at_an_edge(pattern: str, text: str) -> None:
    """``infra/worker/test/bounds.test.ts`` holds the edge to the same patterns."""
    kind = {"type": "string", "pattern": pattern, "maxLength": 9}
    with pytest.raises(InputsRefused, match="does not match"):
        InputSchema.parse(schema({"name": kind}), at_most=19).check({"name": text})


@pytest.mark.parametrize(("pattern", "text"), [(r"^[\d--z]+$", "4a"), (r"^[\w--_]+$", "a/b")])
def test_l15_a_class_within_a_class_begins_no_range_here_or_at_an_edge(pattern: str, text: str) -> None:
    """``infra/worker/test/bounds.test.ts`` holds the edge to the same patterns."""
    kind = {"type": "string", "pattern": pattern, "maxLength": 9}
    with pytest.raises(InputsRefused, match="does not match"):
        InputSchema.parse(schema({"name": kind}), at_most=19).check({"name": text})


@given(st.floats(-1e300, 1e300))
def test_r2_a_number_that_passes_is_read_back_from_canonical_json(size: float) -> None:
    try:
        inputs = InputSchema.parse(_NUMBERS, at_most=19).check({"size": size})
    except InputsRefused:
        return
    assert parse_object(canonical(inputs)) == inputs


@pytest.mark.parametrize(
    "text",
    [
        "$(id)",
        "`id`",
        "a;b",
        "a b",
        "a|b",
        "-rf",
        "../x",
        "a..b",
        "a\n",
        "a: b",
        "'a'",
        '"',
        "#",
        "{a}",
        "é",
        "",
    ],
)
def test_r2_no_text_with_a_meaning_to_a_shell_or_yaml_passes_whatever_the_pattern_says(text: str) -> None:
    with pytest.raises(InputsRefused):
        InputSchema.parse(schema({"name": NAME}), at_most=19).check({"name": text})


@given(st.text(max_size=64))
def test_r2_every_text_that_passes_is_of_safe_characters(text: str) -> None:
    try:
        InputSchema.parse(schema({"name": NAME}), at_most=19).check({"name": text})
    except InputsRefused:
        return
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/+-")


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"a": {"type": "string"}}, "expected maxLength, pattern"),
        ({"a": {"type": "string", "pattern": "x", "maxLength": 5}}, "expected \\^...\\$"),
        ({"a": {"type": "string", "pattern": "^a|b$", "maxLength": 5}}, "without \\|"),
        ({"a": {"type": "string", "pattern": "^(a+)+\\1$", "maxLength": 5}}, "linear time"),
        ({"a": {"type": "string", "pattern": "^[0-9]{900}{900}$", "maxLength": 5}}, "linear time"),
        ({"a": {"type": "string", "enum": ["$(id)"]}}, "got another character"),
        ({"a": {"type": "integer"}}, "expected maximum, minimum"),
        ({"a": {"type": "array"}}, "expected a type out of"),
        ({"a": {"$ref": "https://example.org/schema"}}, "expected a type out of"),
        ({"a": {"type": "boolean", "$ref": "https://example.org/schema"}}, "got also \\$ref"),
        ({"sealrun_call": {"type": "boolean"}}, "other than sealrun_call"),
        ({"A": {"type": "boolean"}}, "expected names of a-z"),
        ({f"a{n}": {"type": "boolean"} for n in range(20)}, "at most 19 properties"),
    ],
)
def test_r2_a_schema_that_lets_more_through_is_refused(properties: dict[str, Any], text: str) -> None:
    with pytest.raises(InputsRefused, match=text):
        InputSchema.parse(schema(properties), at_most=19)


@pytest.mark.parametrize("changes", [{"additionalProperties": True}, {"type": "array"}])
def test_r2_a_schema_that_takes_unnamed_inputs_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputsRefused, match="additionalProperties"):
        InputSchema.parse(schema({}, **changes), at_most=19)


@pytest.mark.parametrize("name", ["$ref", "$defs", "allOf", "patternProperties", "$id"])
def test_l9_a_schema_cannot_refer_to_anything(name: str) -> None:
    with pytest.raises(Malformed, match="got also"):
        InputSchema.parse(schema({}, **{name: {}}), at_most=19)


def test_r2_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(InputsRefused) as refused:
        InputSchema.parse(schema(KINDS), at_most=19).check({"layer": "s3cret-value"})
    assert "s3cret" not in refused.value.detail


ORDERED = {
    "level": {"type": "integer", "minimum": 0, "maximum": 9, "default": 3},
    "flag": {"type": "boolean"},
    "layer": {"type": "string", "enum": ["mina", "v1"], "default": "v1"},
}


def test_the_order_of_inputs_is_the_offers_and_the_alphabets_without_one() -> None:
    ordered = schema(ORDERED, **{"x-order": ["layer", "level", "flag"]})
    assert InputSchema.parse(ordered, at_most=19).names == ("layer", "level", "flag")
    assert InputSchema.parse(schema(ORDERED), at_most=19).names == ("flag", "layer", "level")


def test_an_input_that_is_left_out_takes_its_default_and_no_other_does() -> None:
    inputs = InputSchema.parse(schema(ORDERED, **{"x-order": ["layer", "level", "flag"]}), at_most=19)
    assert list(inputs.filled({"flag": True}).items()) == [("layer", "v1"), ("level", 3), ("flag", True)]
    assert inputs.filled({"level": 0}) == {"layer": "v1", "level": 0}
    assert inputs.check({}) == {}, "what was signed is what runs: a check adds nothing"


@pytest.mark.parametrize(
    "order",
    [
        [],
        ["level", "flag"],
        ["level", "flag", "layer", "layer"],
        ["level", "flag", "other"],
        ["level", "flag", "flag"],
        ["level", "flag", ["layer"]],
        "layer",
        None,
        {"level": 1},
    ],
    ids=str,
)
def test_an_order_that_does_not_name_every_input_once_is_refused(order: Any) -> None:
    with pytest.raises(InputsRefused, match="x-order: expected every name of properties once"):
        InputSchema.parse(schema(ORDERED, **{"x-order": order}), at_most=19)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("flag", "true"),
        ("level", 10),
        ("level", True),
        ("level", None),
        ("layer", "other"),
        ("name", "$(id)"),
        ("name", ""),
        ("name", "a" * 65),
        ("extra", "!!"),
        ("extra", encoded([1])),
    ],
    ids=str,
)
def test_r2_a_default_is_a_value_that_its_own_input_takes(name: str, default: Any) -> None:
    kinds = {**KINDS, name: {**KINDS[name], "default": default}}
    with pytest.raises(InputsRefused, match=f"default of {name}: "):
        InputSchema.parse(schema(kinds, required=["flag"]), at_most=19)


def test_e6_the_patterns_of_a_schema_are_not_compiled_once_more_for_each_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An offer of 8 KiB took seconds, and a folder of evidence may have a thousand."""
    made: list[int] = []
    compiled = jsonschema_rs.Draft202012Validator

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append(1)
        return compiled(*arguments, **options)

    monkeypatch.setattr(jsonschema_rs, "Draft202012Validator", counted)
    kinds = {f"input_{at}": {**NAME, "default": "a"} for at in range(19)}
    assert len(InputSchema.parse(schema(kinds), at_most=19).defaults) == 19
    assert len(made) == 2
