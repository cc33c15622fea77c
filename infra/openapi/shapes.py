"""Small JSON Schemas (draft 2020-12) that make up the documents, with the bounds that the code uses."""

from collections.abc import Collection, Mapping
from typing import Any

from sealrun.calls.call import MAX_UNIX_SECONDS
from sealrun.offers.asset import TRADED

Schema = dict[str, Any]

BASE58 = "1-9A-HJ-NP-Za-km-z"


def closed(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with exactly these names."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def text(pattern: str, says: str = "") -> Schema:
    """A string that matches the whole pattern."""
    return {"type": "string", "pattern": f"^(?:{pattern})$"} | ({"description": says} if says else {})


def whole(low: int, high: int = MAX_UNIX_SECONDS, says: str = "") -> Schema:
    """An integer within low..high, both included."""
    found: Schema = {"type": "integer", "minimum": low, "maximum": high}
    return found | ({"description": says} if says else {})


def items(schema: Schema, at_most: int) -> Schema:
    """A list with at most so many items."""
    return {"type": "array", "items": schema, "maxItems": at_most}


def one_of(choices: Collection[Any]) -> Schema:
    """One of these values."""
    return {"enum": list(choices)}


def constant(value: object) -> Schema:
    """This value and no other."""
    return {"const": value}


def nullable(schema: Schema) -> Schema:
    """The value, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def ref(name: str) -> Schema:
    """One of the document's named schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def embedded(schema: Schema, says: str) -> Schema:
    """JSON inside a header: base64 of a document of this schema."""
    return {
        "type": "string",
        "contentEncoding": "base64",
        "contentMediaType": "application/json",
        "contentSchema": schema,
        "description": says,
    }


# Named schemas of single values; other schemas refer to them.
VALUES = {
    # A field is below 2**254 but for one in 2**126, so its first digit is at most 3.
    "Hash": text("[0-3][0-9a-f]{63}", "A Poseidon hash: one field as 64 lower-case hex digits."),
    "Sha256": text("[0-9a-f]{64}", "A SHA-256 digest as lower-case hex."),
    "Field": text("0|[1-9][0-9]{0,76}", "One field as a decimal number."),
    "Amount": text("0|[1-9][0-9]{0,19}", "In the asset's smallest unit; below 2**64."),
    "Asset": text(f"[wx][{BASE58}]{{40,54}}", f"A token's id on Mina in base58; {TRADED.id} is MINA."),
    "Key": text(f"B62q[{BASE58}]{{51}}", "A Mina public key or address in base58."),
    "Signature": text(f"7m[{BASE58}]{{94}}", "A Mina signature in base58."),
    "Seconds": whole(0, says="Unix seconds."),
    "Url": {"type": "string", "format": "uri"},
}
HASH, SHA256, FIELD, AMOUNT, ASSET, KEY, SIGNATURE, SECONDS, URL = map(ref, VALUES)


def signed(tag: str, *rest: str) -> Schema:
    """A signature, with the list of fields that it signs: the tag, the network, then ``rest``."""
    fields = ", ".join([f'text("{tag}")', "text(network)", *rest])
    return {**SIGNATURE, "description": f"`signFields([{fields}])`"}
