"""From the inputs that a pipeline declares to the offer's JSON Schema of the six safe kinds (R2).

Nothing is guessed that would let more through: what a pipeline leaves open, the seller says with a hint.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sealrun.errors import InputsRefused
from sealrun.offers.inputs import MAX_ENCODED, MAX_STRING, ORDER, InputSchema
from sealrun.offers.named_offer import FORMAT, MAX_LENGTH
from sealrun.providers.gitlab.kind import KIND
from sealrun.providers.kind import PipelineWords
from sealrun.providers.pipeline import Declared, Pipeline
from sealrun.runs.judge import CALL_INPUT
from sealrun_cli.lib.errors import CliError

MAX_DESCRIPTION = 200


@dataclass(frozen=True)
class Hints:
    """What the seller adds to the pipeline's own words, by input."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    json_inputs: frozenset[str] = frozenset()
    offer_inputs: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    words: PipelineWords = KIND.pipeline  # of the provider whose file it is


def schema_of(pipeline: Pipeline, hints: Hints) -> dict[str, Any]:
    """The schema of all inputs but the call hash and those that are left out, in the file's own order.

    A default that the input's own kind does not take is not in it, see ``lost_defaults``.

    Not checked here: what ``sealrun.offers.inputs.InputSchema`` checks of every schema.

    Raises:
        CliError: an input is of none of the six kinds; the message says what to add.
    """
    if CALL_INPUT not in pipeline.inputs:
        raise CliError(
            "inputs",
            f"inputs: expected {CALL_INPUT}, which carries the call's hash, got {_listed(pipeline)}",
            hints.words.call_advice,
        )
    offered = [one for name, one in pipeline.inputs.items() if name not in {CALL_INPUT, *hints.left_out}]
    _check_hints(pipeline, hints)
    return {
        "type": "object",
        "properties": {one.name: _described(one, _kind(one, hints)) for one in offered},
        "required": [one.name for one in offered if one.required],
        ORDER: [one.name for one in offered],
        "additionalProperties": False,
    }


def lost_defaults(schema: Mapping[str, Any], pipeline: Pipeline) -> list[str]:
    """Inputs whose default in the pipeline's file is none that a buyer could give: the offer lacks it."""
    properties = schema["properties"]
    return [
        name
        for name in schema[ORDER]
        if pipeline.inputs[name].default is not None and "default" not in properties[name]
    ]


def differences(schema: Mapping[str, Any], pipeline: Pipeline) -> Iterator[str]:
    """In what the offer's schema does not fit what the pipeline declares."""
    properties, required = schema["properties"], schema.get("required", [])
    for name in sorted(properties.keys() - pipeline.inputs.keys()):
        yield f"{name}: the pipeline declares no such input"
    for name, one in pipeline.inputs.items():
        if name == CALL_INPUT:
            continue
        if one.required and name not in required:
            yield f"{name}: the pipeline requires it, the offer does not"
        if name in properties:
            yield from _narrower(one, properties[name])


def _narrower(one: Declared, kind: Mapping[str, Any]) -> Iterator[str]:
    """What the offer lets through that the pipeline would refuse."""
    takes = {"boolean": ("boolean",), "number": ("number", "integer")}.get(one.kind, ("string",))
    if kind["type"] not in takes:
        yield f"{one.name}: the pipeline takes {one.kind}, the offer {kind['type']}"
    if one.options and (more := sorted(set(kind.get("enum", ["any text"])) - set(one.options))):
        yield f"{one.name}: the pipeline takes {', '.join(one.options)}, the offer also {', '.join(more)}"


def _check_hints(pipeline: Pipeline, hints: Hints) -> None:
    named = {*hints.patterns, *hints.ranges, *hints.json_inputs, *hints.offer_inputs, *hints.left_out}
    if strangers := sorted(named - pipeline.inputs.keys()):
        raise CliError("inputs", f"inputs: expected {_listed(pipeline)}, got {', '.join(strangers)}")
    for name in hints.left_out:
        if pipeline.inputs[name].required:
            raise CliError(
                "inputs",
                f"{name}: expected a default, for buyers cannot set it, got none",
                f"give {name} a default in the {hints.words.file}, or do not leave it out",
            )


def _kind(one: Declared, hints: Hints) -> dict[str, Any]:
    if one.unknown:
        got = f"got {', '.join(one.unknown)}, which a schema cannot say"
        raise _refused(one, hints, got, "take it out")
    if one.kind == "boolean":
        return {"type": "boolean"}
    if one.kind == "number":
        return _number(one, hints)
    if one.kind not in ("string", "choice"):
        raise _refused(one, hints, f"got type {one.kind}", "make it a string with --json-input, or")
    if one.name in hints.offer_inputs:
        named = {"type": "string", "format": FORMAT, "maxLength": MAX_LENGTH}
        return {**named, "enum": list(one.options)} if one.options else named
    if one.options:
        return {"type": "string", "enum": list(one.options)}
    if one.name in hints.json_inputs:
        kind = {"contentEncoding": "base64url", "contentMediaType": "application/json"}
        return {"type": "string", **kind, "maxLength": MAX_ENCODED}
    return _string(one, hints)


def _number(one: Declared, hints: Hints) -> dict[str, Any]:
    if one.name not in hints.ranges:
        advice = f"give --range {one.name}=LOW..HIGH, or"
        raise _refused(one, hints, "got a number without bounds", advice)
    low, high = hints.ranges[one.name]
    whole = low.is_integer() and high.is_integer()
    bounds = {"minimum": int(low), "maximum": int(high)} if whole else {"minimum": low, "maximum": high}
    return {"type": "integer" if whole else "number", **bounds}


def _string(one: Declared, hints: Hints) -> dict[str, Any]:
    pattern = hints.patterns.get(one.name, one.regex)
    if not pattern:
        advice = f"{hints.words.string_advice}, or give --pattern '{one.name}=^[a-z]{{1,20}}$', or"
        raise _refused(one, hints, "got a string that may be anything", advice)
    if not (pattern.startswith("^") and pattern.endswith("$")) or "|" in pattern:
        raise _refused(
            one,
            hints,
            f"got the pattern {pattern[:60]!r}, which is not ^...$ without |",
            f"give --pattern '{one.name}=^...$' (the offer may take less than the {hints.words.file}), or",
        )
    return {"type": "string", "pattern": pattern, "maxLength": MAX_STRING}


def _refused(one: Declared, hints: Hints, got: str, advice: str) -> CliError:
    """R2 in the words of the one input."""
    leave = f" --leave-out {one.name}" if not one.required else f" take it out of the {hints.words.file}"
    return CliError(
        "inputs",
        f"{one.name}: expected a bounded number, a boolean, options, an anchored pattern, JSON or an offer, "
        f"{got}",
        advice + leave if advice.endswith("or") else advice,
    )


def _described(one: Declared, kind: dict[str, Any]) -> dict[str, Any]:
    """The kind with the file's own description and default, where it has them."""
    description = " ".join(one.description.split())[:MAX_DESCRIPTION]
    described = {**kind, "description": description} if description else kind
    return {**described, "default": one.default} if _takes(kind, one.default) else described


def _takes(kind: Mapping[str, Any], value: object) -> bool:
    """Whether an offer may have this default, which is any YAML value so far."""
    if not isinstance(value, str | int | float):
        return False
    properties = {"x": {**kind, "default": value}}
    try:
        InputSchema.parse(
            {"type": "object", "properties": properties, "additionalProperties": False}, at_most=1
        )
    except InputsRefused:
        return False
    return True


def _listed(pipeline: Pipeline) -> str:
    return ", ".join(pipeline.inputs) or "no input at all"
