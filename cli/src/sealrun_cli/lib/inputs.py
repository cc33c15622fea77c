"""An offer's inputs at the command line: read from flags, filled up with defaults, listed in order."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sealrun.errors import Malformed
from sealrun.offers.inputs import InputSchema
from sealrun.offers.named_offer import Bounds, NamedOffer
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output

SHOWN_OPTIONS = 8


def parsed_inputs(given: list[str], schema: InputSchema) -> dict[str, Any]:
    """``name=value`` as the offer's schema types it; what does not fit is the schema's to refuse."""
    inputs: dict[str, Any] = {}
    for each in given:
        name, separator, text = each.partition("=")
        if not separator:
            raise CliError("bad-request", f"input: expected NAME=VALUE, got {each[:40]!r}")
        if name in schema.offers:
            inputs[name] = _address(text)
        else:
            inputs[name] = _typed(text, schema.schema["properties"].get(name, {}).get("type"))
    return inputs


def filled_inputs(
    given: Mapping[str, Any], schema: InputSchema, out: Output, *, among: Collection[str] | None = None
) -> dict[str, Any]:
    """The inputs with the defaults of those that were left out, which are named on stderr.

    They are filled in before anything is hashed or signed, so that the call says what ran. With ``among``,
    only the inputs that it names are filled in.
    """
    names = schema.names if among is None else among
    filled = {name: value for name, value in schema.filled(given).items() if name in given or name in names}
    if added := {name: value for name, value in filled.items() if name not in given}:
        out.progress(f"defaults {assignments(added)}")
    return filled


def assignments(inputs: Mapping[str, Any]) -> str:
    """Inputs as ``--input`` takes them."""
    return ", ".join(f"{name}={_text(value)}" for name, value in inputs.items()) or "none"


def listed(schema: InputSchema) -> list[str]:
    """A line for each input, in the offer's order: its name, its values, its default, its description."""
    properties, required = schema.schema["properties"], schema.schema.get("required", [])
    return [_line(name, properties[name], required=name in required) for name in schema.names]


def _line(name: str, kind: Mapping[str, Any], *, required: bool) -> str:
    otherwise = "must be given" if required else "may be left out"
    if "default" in kind:
        otherwise = f"{_text(kind['default'])} if left out"
    description = f" ({kind['description']})" if kind.get("description") else ""
    return f"input    {name}: {_values(kind)}; {otherwise}{description}"


def _values(kind: Mapping[str, Any]) -> str:
    bounds = Bounds.parse(kind).says if "format" in kind else ""
    if "enum" in kind:
        more = ", ..." if len(kind["enum"]) > SHOWN_OPTIONS else ""
        return f"one of {', '.join(kind['enum'][:SHOWN_OPTIONS])}{more}{bounds and ', ' + bounds}"
    if "format" in kind:
        return f"the address of an offer, which the job calls{bounds and ', ' + bounds}"
    if "minimum" in kind:
        return f"{kind['type']} from {kind['minimum']} to {kind['maximum']}"
    if "contentEncoding" in kind:
        return f"base64url of a JSON object, at most {kind['maxLength']} characters"
    return f"text that matches {kind['pattern']}" if "pattern" in kind else "true or false"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _address(text: str) -> str:
    """An offer's URL as the input's value; what is none is the schema's to refuse."""
    try:
        return str(NamedOffer.of(text))
    except Malformed:
        return text


def _typed(text: str, kind: object) -> Any:
    if kind not in ("boolean", "integer", "number"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
