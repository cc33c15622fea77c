"""The templates as data, and IAM's rules as far as the policies here use them."""

import re
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from cfnlint.decode import decode  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
PATHS = (ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml")))
VALUES: dict[str, Any] = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": None,
    "Name": "s",
    "TableArn": "table",
    "BucketArn": "bucket",
    "KeyArn": "key",
    "DeadLettersArn": "dead-letters",
    "LooksArn": "looks",
}


@cache
def template(name: str) -> dict[str, Any]:
    """``template.yaml``, or one of ``infra`` by its file's name."""
    path = ROOT / name if name == "template.yaml" else ROOT / "infra" / name
    found, problems = decode(str(path))
    assert not problems
    return dict(found)


def of_type(kind: str, name: str = "template.yaml") -> dict[str, Any]:
    """The properties of one template's resources of a type, by their logical ids."""
    resources = template(name)["Resources"]
    return {key: value["Properties"] for key, value in resources.items() if value["Type"] == kind}


def functions() -> dict[str, dict[str, Any]]:
    """The functions by our names, with the environment that all of them get."""
    shared = template("template.yaml")["Globals"]["Function"]
    found = {}
    for each in of_type("AWS::Serverless::Function").values():
        own = each.get("Environment", {}).get("Variables", {})
        environment = {**shared["Environment"]["Variables"], **own}
        found[str(each["CodeUri"]).removeprefix("functions/")] = {
            **shared,
            **each,
            "environment": environment,
        }
    return found


def roles() -> dict[str, list[dict[str, Any]]]:
    """Every role's statements, by the function's name; what only tracing adds is left out."""
    found = {}
    for name, role in of_type("AWS::IAM::Role", "access.yaml").items():
        [policy] = role["Policies"]
        statements = policy["PolicyDocument"]["Statement"]
        found[name.removesuffix("Role").lower()] = [each for each in statements if "Fn::If" not in each]
    return found


def actions(statement: Mapping[str, Any]) -> list[str]:
    """One or several, as a list."""
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a template with its place."""
    yield path, value
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield from walk(item, f"{path}/{key}")


def resolved(value: Any, given: Mapping[str, Any]) -> Any:
    """What CloudFormation makes of an expression; an attribute that nobody gave is its own name."""
    if isinstance(value, list):
        return [resolved(each, given) for each in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        [(name, argument)] = value.items()
        if name in _INTRINSIC:
            return _INTRINSIC[name](argument, given)
    return {key: resolved(each, given) for key, each in value.items()}


def _sub(text: str, given: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda match: str(given[match[1]]), text)


_INTRINSIC: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "Ref": lambda name, given: given[name],
    "Fn::GetAtt": lambda parts, given: given.get(".".join(parts), ".".join(parts)),
    "Fn::Sub": _sub,
    "Fn::Join": lambda parts, given: parts[0].join(resolved(parts[1], given)),
    "Fn::Split": lambda parts, given: resolved(parts[1], given).split(parts[0]),
}


def allows(statement: Mapping[str, Any], action: str, resource: str, keys: Mapping[str, list[str]]) -> bool:
    """Does a resolved Allow statement take this request? ``keys`` are the request's condition keys."""
    resources = statement["Resource"]
    named = [resources] if isinstance(resources, str) else resources
    if action not in actions(statement) or not any(fnmatchcase(resource, each) for each in named):
        return False
    tests = [
        (operator, key, [wanted] if isinstance(wanted, str) else wanted)
        for operator, condition in statement.get("Condition", {}).items()
        for key, wanted in condition.items()
    ]
    return all(_holds(operator, keys.get(key, []), wanted) for operator, key, wanted in tests)


def _holds(operator: str, got: list[str], wanted: list[str]) -> bool:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    if operator == "Null":
        return wanted == [str(not got).lower()]
    if operator == "StringEquals":
        return len(got) == 1 and got[0] in wanted
    if operator == "StringEqualsIfExists":
        return not got or (len(got) == 1 and got[0] in wanted)
    if operator == "ForAllValues:StringEquals":
        return all(each in wanted for each in got)
    if operator == "ForAllValues:StringLike":
        return all(any(fnmatchcase(each, pattern) for pattern in wanted) for each in got)
    raise AssertionError(f"condition: expected one that is evaluated here, got {operator}")
