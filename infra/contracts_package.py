"""The contents of the wheel ``sealrun-tools``: the contracts' built programs, and o1js with what it needs.

The files are those that ``npm ci`` installed from package-lock.json, without source maps, types and code for
browsers, which are three quarters of the bytes.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.layers import ROOT

BUILT = ROOT / "contracts" / "build"
# What no program of ours loads, and o1js's build for browsers.
UNUSED = shutil.ignore_patterns(
    *("*.map", "*.d.ts", "*.d.cts", "*.ts", "*.tsx", "*.tsbuildinfo"),
    *("test", "web", "node_modules", "*.test.js", "*.proofs.js", "*.heavy.js"),
)


@dataclass(frozen=True)
class Component:
    """One npm package in the wheel."""

    name: str
    version: str
    licence: str  # an SPDX expression, as in the package's manifest
    integrity: str  # as in package-lock.json, "sha512-" and base64


def components() -> list[Component]:
    """o1js and everything that it needs at run time, from package-lock.json, by name."""
    return sorted(_closure(), key=lambda component: component.name)


def fill(folder: Path) -> None:
    """Lay programs and npm packages out in the Python package's folder.

    Raises:
        FileNotFoundError: the contracts are not built, or their packages not installed.
    """
    if not (BUILT / "tools").is_dir():
        raise FileNotFoundError(f"contracts: expected {BUILT}, got none; run: npm run build -w contracts")
    shutil.copytree(BUILT, folder / "build", ignore=UNUSED)
    for name in ("verification_keys.json", "token_programs.json"):
        shutil.copy(ROOT / "contracts" / name, folder)
    (folder / "package.json").write_text(json.dumps({"type": "module", "private": True}))
    for component in components():
        target = folder / "node_modules" / component.name
        shutil.copytree(ROOT / "node_modules" / component.name, target, ignore=UNUSED)


def _closure() -> Iterator[Component]:
    """Breadth first over dependencies, optional ones where they are installed."""
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    ours = packages["contracts"]
    waiting = sorted({**ours["dependencies"], **ours["peerDependencies"]})
    seen: set[str] = set()
    while waiting:
        name = waiting.pop(0)
        entry = packages.get(f"node_modules/{name}")
        if name in seen or entry is None:
            continue
        seen.add(name)
        yield Component(name, entry["version"], _licence(name, entry), entry["integrity"])
        waiting += sorted({**entry.get("dependencies", {}), **entry.get("optionalDependencies", {})})


def _licence(name: str, entry: dict[str, Any]) -> str:
    if "license" in entry:
        return str(entry["license"])
    manifest = json.loads((ROOT / "node_modules" / name / "package.json").read_text())
    return str(manifest.get("license", ""))
