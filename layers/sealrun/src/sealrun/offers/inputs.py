"""What a buyer may put into a seller's pipeline (R2): the schema's own rules, and the check of values.

A pipeline's inputs are code in somebody's shell and YAML, so only six kinds of input exist:

    {"type": "boolean"}
    {"type": "integer" | "number", "minimum": .., "maximum": ..}
    {"type": "string", "enum": [..]}
    {"type": "string", "pattern": "^..$", "maxLength": ..}
    {"type": "string", "contentEncoding": "base64url", "contentMediaType": "application/json",
     "maxLength": ..}
    {"type": "string", "format": "sealrun-offer", "maxLength": ..}  names an offer, see ``named_offer``

Whatever the pattern says, a string that reaches a pipeline begins with a letter or digit and holds only
letters, digits and ``. _ / + -``, never ``..``: nothing there means anything to a shell or to YAML.

Each kind may have a ``default``, which must be a value that the input takes. A canonical document sorts its
names, so the order in which people should see the inputs is a list of its own, ``x-order``.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sealrun.encoding import read
from sealrun.encoding.json_limits import parse_object, reads_back
from sealrun.errors import InputsRefused, Malformed
from sealrun.offers.named_offer import FORMAT, MOST, SELLERS, Bounds, NamedOffer
from sealrun.values import dataclass

if TYPE_CHECKING:
    import jsonschema_rs

MAX_STRING = 256
# R2: one JSON value, under 1 KB once encoded.
MAX_ENCODED = 1023
MAX_OPTIONS = 100
MAX_PATTERN = 200
# Size of a pattern's automaton in bytes: far more than names, versions and paths need.
MAX_AUTOMATON = 1 << 20
RESERVED = "sealrun_call"

_SAFE = r"[A-Za-z0-9](?:[A-Za-z0-9_/+-]|\.(?!\.))*"
_SAFE_IN_WORDS = "a letter or digit, then letters, digits and . _ / + - without .."
_NAME = r"[a-z][a-z0-9_]{0,63}"
_COMMON = ("type", "title", "description", "default")
ORDER = "x-order"


@dataclass(frozen=True)
class InputSchema:
    """A checked JSON Schema (draft 2020-12) of an offer's inputs."""

    schema: Mapping[str, Any]
    encoded: frozenset[str]  # names of inputs that hold base64url JSON
    offers: Mapping[str, Bounds]  # of the inputs that name an offer: which ones they may

    @classmethod
    def parse(cls, schema: object, *, at_most: int) -> "InputSchema":
        """Accept a schema of at most so many inputs, each of one of the six kinds.

        Raises:
            InputsRefused: the schema says anything else; remote references cannot be said at all (L9).
            Malformed: the schema is not an object of the expected names.
        """
        value = read.only(
            schema,
            ("type", "properties", "additionalProperties"),
            where="inputs",
            optional=("required", ORDER),
        )
        if value["type"] != "object" or value["additionalProperties"] is not False:
            raise InputsRefused('inputs: expected "type": "object" and "additionalProperties": false')
        properties = value["properties"]
        if not isinstance(properties, dict) or len(properties) > at_most:
            raise InputsRefused(f"inputs: expected at most {at_most} properties, got more or something else")
        for name, kind in properties.items():
            _check_property(name, kind)
        _check_required(value.get("required", []), properties)
        if ORDER in value:
            _check_order(value[ORDER], properties)
        offers = {n: Bounds.parse(k) for n, k in properties.items() if "format" in k}
        schema_of = cls(value, frozenset(n for n, k in properties.items() if "contentEncoding" in k), offers)
        schema_of._validator  # noqa: B018  a pattern that the linear-time engine does not take is refused here
        schema_of._check_defaults()
        return schema_of

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs' names in the order that the offer gives, or in that of the alphabet."""
        return tuple(self.schema.get(ORDER) or sorted(self.schema["properties"]))

    @property
    def defaults(self) -> dict[str, Any]:
        """What the inputs that have a default take when a call leaves them out, in order."""
        properties = self.schema["properties"]
        return {name: properties[name]["default"] for name in self.names if "default" in properties[name]}

    def filled(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The inputs in order, with the default of each one that is left out; unknown names come last.

        A client does this before it hashes the inputs, so that the call says what ran. The functions never
        do: they start what was signed. Not checked: whether the inputs fit, see ``check``.
        """
        whole = {**self.defaults, **inputs}
        return {name: whole[name] for name in (*self.names, *whole) if name in whole}

    def check(self, inputs: object) -> dict[str, Any]:
        """The inputs, if they fit.

        Raises:
            InputsRefused: they do not fit the schema, a string could be code in a pipeline, or a number could
                not be read in the receipt's documents.
        """
        try:
            error = next(iter(self._validator.iter_errors(inputs)), None)
        except UnicodeEncodeError as unsayable:
            raise InputsRefused("inputs: expected text, got half a surrogate pair") from unsayable
        if error is not None:
            where = "/".join(str(part)[:64] for part in error.instance_path) or "inputs"
            raise InputsRefused(f"{where}: {error.message[:200]}")
        if not isinstance(inputs, dict):  # the schema said so already
            raise InputsRefused("inputs: expected an object")
        for name, value in inputs.items():
            self._check_value(name, value)
        return inputs

    def check_alone(self, name: str, value: object) -> None:
        """One input of a call, whatever the others are; raises what ``check`` does."""
        self._of_one.check({name: value})

    def named_offers(self, inputs: Mapping[str, Any]) -> dict[str, NamedOffer]:
        """The offers that these inputs name, by the inputs' names, in order.

        Raises:
            Malformed: a value names none; ``check`` refuses it too.
        """
        given = (name for name in self.names if name in self.offers and name in inputs)
        return {name: NamedOffer.parse(str(inputs[name])) for name in given}

    @cached_property
    def _of_one(self) -> "InputSchema":
        """The same schema for any one input; its patterns are compiled once for all of them (E6)."""
        return InputSchema({**self.schema, "required": []}, self.encoded, self.offers)

    @cached_property
    def _validator(self) -> "jsonschema_rs.Draft202012Validator":
        """Offline, with values masked in messages and patterns that match in linear time."""
        import jsonschema_rs  # noqa: PLC0415  an offer can be shown without it

        options = jsonschema_rs.RegexOptions(size_limit=MAX_AUTOMATON, dfa_size_limit=MAX_AUTOMATON)
        try:
            return jsonschema_rs.Draft202012Validator(
                dict(self.schema), pattern_options=options, offline=True, mask="the value"
            )
        except (ValueError, jsonschema_rs.ReferencingError) as error:
            raise InputsRefused(
                f"inputs: expected patterns that match in linear time, {str(error)[:200]}"
            ) from error

    def _check_defaults(self) -> None:
        for name, default in self.defaults.items():
            try:
                self.check_alone(name, default)
            except InputsRefused as error:
                raise InputsRefused(f"default of {error.detail}") from error

    def _check_value(self, name: str, value: object) -> None:
        if isinstance(value, int | float) and not reads_back(value):
            raise InputsRefused(f"{name}: expected a number that RFC 8785 can hold, got {value}")
        if not isinstance(value, str):
            return
        if name in self.encoded:
            _check_encoded(name, value)
        elif not re.fullmatch(_SAFE, value, re.ASCII):
            raise InputsRefused(f"{name}: expected {_SAFE_IN_WORDS}, got another character")
        elif name in self.offers:
            _check_named(name, value)


def _check_property(name: str, kind: object) -> None:
    if not re.fullmatch(_NAME, name, re.ASCII) or name == RESERVED:
        raise InputsRefused(
            f"inputs: expected names of a-z, 0-9 and _, other than {RESERVED}, got {name[:64]!r}"
        )
    kinds: dict[str, Callable[[dict[str, Any]], None]] = {
        "boolean": _check_plain,
        "integer": _check_number,
        "number": _check_number,
        "string": _check_string,
    }
    type_name = kind.get("type") if isinstance(kind, dict) else None
    if not isinstance(kind, dict) or not isinstance(type_name, str) or type_name not in kinds:
        raise InputsRefused(f"{name}: expected a type out of {', '.join(kinds)}, got something else")
    try:
        kinds[type_name](kind)
    except Malformed as error:
        raise InputsRefused(f"{name}: {error.detail}") from error


def _check_plain(kind: object) -> None:
    read.only(kind, ("type",), where="boolean", optional=_COMMON)


def _check_number(kind: object) -> None:
    read.only(kind, ("type", "minimum", "maximum"), where="number", optional=_COMMON)


def _check_string(kind: dict[str, Any]) -> None:
    if "format" in kind:
        _check_offer(kind)
    elif "enum" in kind:
        _check_options(read.only(kind, ("type", "enum"), where="options", optional=_COMMON)["enum"])
    elif "contentEncoding" in kind:
        names = ("type", "contentEncoding", "contentMediaType", "maxLength")
        read.only(kind, names, where="encoded JSON", optional=_COMMON)
        read.one_of(kind, "contentEncoding", ["base64url"])
        read.one_of(kind, "contentMediaType", ["application/json"])
        read.whole(kind, "maxLength", low=1, high=MAX_ENCODED)
    else:
        read.only(kind, ("type", "pattern", "maxLength"), where="string", optional=(*_COMMON, "minLength"))
        read.whole(kind, "maxLength", low=1, high=MAX_STRING)
        _check_pattern(kind["pattern"])


def _check_offer(kind: dict[str, Any]) -> None:
    optional = (*_COMMON, "enum", SELLERS, MOST)
    read.only(kind, ("type", "format", "maxLength"), where="offer", optional=optional)
    read.one_of(kind, "format", [FORMAT])
    read.whole(kind, "maxLength", low=1, high=MAX_STRING)
    Bounds.parse(kind)
    if "enum" in kind:
        _check_options(kind["enum"])
        for option in kind["enum"]:
            NamedOffer.parse(option)


def _check_options(options: object) -> None:
    if not isinstance(options, list) or not 1 <= len(options) <= MAX_OPTIONS:
        raise Malformed(f"enum: expected 1 to {MAX_OPTIONS} options, got something else")
    for option in options:
        if not isinstance(option, str) or not re.fullmatch(_SAFE, option, re.ASCII):
            raise Malformed(
                "enum: expected options of letters, digits and . _ / + - without .., got another character"
            )


def _check_pattern(pattern: object) -> None:
    """Both anchors must hold for the whole pattern, so there is no ``|``: alternatives are an enum's work."""
    if not (
        isinstance(pattern, str) and len(pattern) <= MAX_PATTERN and re.fullmatch(r"\^[^|]*[^\\|]\$", pattern)
    ):
        raise Malformed(
            f"pattern: expected ^...$ of at most {MAX_PATTERN} characters without |, got something else"
        )


def _check_named(name: str, value: str) -> None:
    try:
        NamedOffer.parse(value)
    except Malformed as error:
        raise InputsRefused(f"{name}: {error.detail}") from error


def _check_required(required: object, properties: Mapping[str, Any]) -> None:
    if not isinstance(required, list) or not all(
        isinstance(name, str) and name in properties for name in required
    ):
        raise InputsRefused("required: expected a list of names that stand in properties")


def _check_order(order: object, properties: Mapping[str, Any]) -> None:
    """Bounded by the properties, which were counted before."""
    if (
        not isinstance(order, list)
        or len(order) != len(properties)
        or not all(isinstance(name, str) for name in order)
        or set(order) != properties.keys()
    ):
        raise InputsRefused(f"{ORDER}: expected every name of properties once, got something else")


def _check_encoded(name: str, value: str) -> None:
    """base64url (RFC 4648 section 5, no padding) of a JSON object."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value, re.ASCII):
        raise InputsRefused(f"{name}: expected base64url without padding, got another character")
    try:
        parse_object(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
    except (binascii.Error, Malformed) as error:
        raise InputsRefused(f"{name}: expected base64url of a JSON object, {error}") from error
