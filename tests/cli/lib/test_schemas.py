"""R2: from what a pipeline declares to the five safe kinds, and never to more."""

from typing import Any

import pytest

from sealrun.offers.inputs import InputSchema
from sealrun.providers.kind import kind_of
from sealrun.providers.pipeline import Declared, Pipeline
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.schemas import Hints, differences, lost_defaults, schema_of

CALL = Declared("sealrun_call", "string", required=True, regex="^[0-9a-f]{64}$")


def pipeline(*inputs: Declared) -> Pipeline:
    return Pipeline(inputs={one.name: one for one in (CALL, *inputs)}, name="", includes=())


def one(kind: str = "string", **members: Any) -> Declared:
    return Declared("x", kind, **{"required": False, **members})


@pytest.mark.parametrize(
    ("declared", "hints", "expected"),
    [
        (one("boolean"), Hints(), {"type": "boolean"}),
        (
            one("number"),
            Hints(ranges={"x": (1.0, 9.0)}),
            {"type": "integer", "minimum": 1, "maximum": 9},
        ),
        (
            one("number"),
            Hints(ranges={"x": (0.5, 1.0)}),
            {"type": "number", "minimum": 0.5, "maximum": 1.0},
        ),
        (one(options=("a", "b")), Hints(), {"type": "string", "enum": ["a", "b"]}),
        (one("choice", options=("a",)), Hints(), {"type": "string", "enum": ["a"]}),
        (one(regex="^[a-z]$"), Hints(), {"type": "string", "pattern": "^[a-z]$", "maxLength": 256}),
        (
            one(regex="^(a|b)$"),
            Hints(patterns={"x": "^a$"}),
            {"type": "string", "pattern": "^a$", "maxLength": 256},
        ),
        (
            one(),
            Hints(json_inputs=frozenset({"x"})),
            {
                "type": "string",
                "contentEncoding": "base64url",
                "contentMediaType": "application/json",
                "maxLength": 1023,
            },
        ),
    ],
)
def test_r2_each_kind_becomes_a_schema_that_a_stack_takes(
    declared: Declared, hints: Hints, expected: dict[str, Any]
) -> None:
    schema = schema_of(pipeline(declared), hints)
    assert schema["properties"] == {"x": expected}
    assert InputSchema.parse(schema, at_most=19).schema == schema


@pytest.mark.parametrize(
    ("declared", "advice"),
    [
        (one(), "--pattern 'x=^[a-z]{1,20}$'"),
        (one(regex="[a-z]+"), "--pattern 'x=^...$'"),
        (one(regex="^(a|b)$"), "the offer may take less"),
        (one("number"), "--range x=LOW..HIGH"),
        (one("array"), "--json-input, or --leave-out x"),
        (one("environment"), "--leave-out x"),
        (one(unknown=("rules",)), "take it out"),
    ],
)
def test_r2_what_is_open_is_refused_with_what_to_do(declared: Declared, advice: str) -> None:
    with pytest.raises(CliError, match=r"x: expected a bounded number") as caught:
        schema_of(pipeline(declared), Hints())
    assert advice in caught.value.following


def test_an_input_that_is_left_out_must_have_a_default() -> None:
    left = Hints(left_out=frozenset({"x"}))
    assert schema_of(pipeline(one()), left)["properties"] == {}
    with pytest.raises(CliError, match="expected a default"):
        schema_of(pipeline(one(required=True)), left)


def test_hints_for_inputs_that_are_not_there_are_refused() -> None:
    with pytest.raises(CliError, match="got y"):
        schema_of(pipeline(), Hints(patterns={"y": "^a$"}))


def test_r3_a_pipeline_without_the_calls_input_is_refused_with_what_to_add() -> None:
    with pytest.raises(CliError, match="expected sealrun_call") as caught:
        schema_of(Pipeline(inputs={}, name="", includes=()), Hints())
    assert "regex: ^[0-9a-f]{64}$" in caught.value.following


def test_required_inputs_stay_required() -> None:
    schema = schema_of(pipeline(one(required=True, options=("a",))), Hints())
    assert schema["required"] == ["x"]
    assert list(differences(schema, pipeline(one(required=True, options=("a",))))) == []


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (None, "x: the pipeline declares no such input"),
        (one("boolean"), "x: the pipeline takes boolean, the offer string"),
        (one(options=("a",)), "x: the pipeline takes a, the offer also b"),
    ],
)
def test_an_offer_that_takes_what_the_pipeline_refuses_is_told(declared: Declared | None, said: str) -> None:
    schema = {"properties": {"x": {"type": "string", "enum": ["a", "b"]}}, "required": []}
    assert list(differences(schema, pipeline(*([declared] if declared else [])))) == [said]


def test_an_input_that_the_pipeline_requires_and_the_offer_does_not_is_told() -> None:
    schema = {"properties": {"x": {"type": "boolean"}}, "required": []}
    found = list(differences(schema, pipeline(one("boolean", required=True))))
    assert found == ["x: the pipeline requires it, the offer does not"]


def test_order_and_defaults_are_the_pipelines_own() -> None:
    declared = pipeline(
        Declared("z", "string", required=False, options=("a", "b"), default="b"),
        Declared("m", "boolean", required=False, default=False),
        Declared("a", "number", required=False, default=4),
    )
    schema = schema_of(declared, Hints(ranges={"a": (1.0, 9.0)}))
    assert schema["x-order"] == ["z", "m", "a"]
    assert [schema["properties"][name]["default"] for name in schema["x-order"]] == ["b", False, 4]
    assert InputSchema.parse(schema, at_most=19).filled({"m": True}) == {"z": "b", "m": True, "a": 4}
    assert lost_defaults(schema, declared) == []


@pytest.mark.parametrize("default", ["", "a b", "$CI_COMMIT_SHA", ["a"], 4, float("nan")], ids=repr)
def test_r2_a_default_that_no_buyer_could_give_stays_out_of_the_offer(default: Any) -> None:
    declared = pipeline(one(regex="^[ -~]*$", default=default))
    schema = schema_of(declared, Hints())
    assert "default" not in schema["properties"]["x"]
    assert lost_defaults(schema, declared) == ["x"]


@pytest.mark.parametrize("default", [10, 1.5, "4", float("nan"), float("inf"), 1 << 80], ids=repr)
def test_a_number_that_its_bounds_refuse_stays_out_of_the_offer(default: Any) -> None:
    schema = schema_of(pipeline(one("number", default=default)), Hints(ranges={"x": (1.0, 9.0)}))
    assert "default" not in schema["properties"]["x"]


@pytest.mark.parametrize(("provider", "other"), [("github", "pipeline"), ("gitlab", "workflow")])
def test_advice_is_in_the_providers_own_words(provider: str, other: str) -> None:
    words = kind_of(provider).pipeline
    refused = (Pipeline(inputs={}, name="", includes=()), pipeline(one(required=True)))
    left_out = Hints(words=words, left_out=frozenset({"x"}))
    for declared, hints in (*((each, Hints(words=words)) for each in refused), (refused[1], left_out)):
        with pytest.raises(CliError) as caught:
            schema_of(declared, hints)
        assert other not in caught.value.following
        assert "regex" not in caught.value.following or provider == "gitlab"
