"""Software bills of materials in CycloneDX's JSON, the same bytes whenever they are made.

Python components are those of the locked environment that the package and its extras need; npm components are
those that are carried along in it.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

from infra.contracts_package import Component as NpmComponent

# Ours; they are of the same version and stand in bills of their own.
OWN = re.compile(r"(sealrun|mina-signatures)\b")


def bill_of_materials(
    project: dict[str, Any], *, registry: str = "pypi", npm: Sequence[NpmComponent] = ()
) -> str:
    """The bill of one package, by its ``[project]`` table or package.json, as JSON text and a newline.

    Not in it: what an installer picks that is newer than the locked environment.

    Args:
        project: name, version, licence, and for Python the dependencies with those of all extras.
        registry: pypi, or npm, where ``npm`` has all that the package needs.
        npm: npm packages that it needs or carries along.
    """
    root = _named(registry, project["name"], project["version"], str(project["license"]))
    python = project if registry == "pypi" else {}
    extras = python.get("optional-dependencies", {}).values()
    wanted = [*python.get("dependencies", []), *(line for lines in extras for line in lines)]
    parts = [*_installed(wanted), *map(_npm, npm)]
    bom = Bom(components=parts)
    bom.metadata.component = root
    bom.register_dependency(root, parts)
    value = json.loads(JsonV1Dot6(bom).output_as_string())
    # A random number and the time of day say nothing about the package.
    del value["serialNumber"], value["metadata"]["timestamp"]
    return json.dumps(value, indent=1) + "\n"


def _installed(lines: list[str]) -> Iterator[Component]:
    """The closure of these requirements in the running environment, by name."""
    waiting, seen = [Requirement(line) for line in lines], set[str]()
    while waiting:
        wanted = waiting.pop(0)
        name = wanted.name.lower().replace("_", "-")
        if name in seen or OWN.match(name) or not _applies(wanted, ""):
            continue
        seen.add(name)
        distribution = metadata.distribution(wanted.name)
        yield _named("pypi", name, distribution.version, _licence(distribution))
        more = [Requirement(line) for line in distribution.requires or []]
        waiting += [each for each in more if any(_applies(each, extra) for extra in ("", *wanted.extras))]


def _applies(wanted: Requirement, extra: str) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": extra})


def _licence(distribution: metadata.Distribution) -> str:
    named = str(distribution.metadata["License-Expression"] or distribution.metadata["License"] or "")
    return named if len(named) <= len("Apache-2.0 WITH LLVM-exception") else ""


def _named(registry: str, name: str, version: str, licence: str) -> Component:
    purl = PackageURL(registry, name=name, version=version)
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=_licences(licence),
    )


def _npm(component: NpmComponent) -> Component:
    scope, _, name = component.name.rpartition("/")
    purl = PackageURL("npm", namespace=scope or None, name=name, version=component.version)
    digest = base64.b64decode(component.integrity.removeprefix("sha512-")).hex()
    return Component(
        name=component.name,
        version=component.version,
        type=ComponentType.LIBRARY,
        bom_ref=str(purl),
        purl=purl,
        licenses=_licences(component.licence),
        hashes=[HashType(alg=HashAlgorithm.SHA_512, content=digest)],
    )


def _licences(text: str) -> list[LicenseExpression | DisjunctiveLicense]:
    """Packages write an SPDX expression, or a name of their own."""
    if not text:
        return []
    spdx = re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", text)
    return [LicenseExpression(text) if spdx else DisjunctiveLicense(name=text)]
