"""Cuts botocore's data down to the services that the functions use, and leaves those unchanged.

Left out: the models of other services, their endpoints, examples, and documentation texts, none of which a
client reads at run time. Models are stored as plain JSON: that is smaller work at a cold start than gzip.
"""

import gzip
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

DOCUMENTATION = frozenset({"documentation", "documentationUrl"})
# botocore.model reads the documentation of these parameters into its own objects.
NEEDS_DOCUMENTATION = "clientContextParams"


def trim(data: Path, services: Collection[str]) -> None:
    """Cut ``botocore/data`` down to these services.

    Raises:
        FileNotFoundError: botocore has no such service, or keeps its data otherwise.
    """
    for name in services:
        if not (data / name).is_dir():
            raise FileNotFoundError(f"botocore: expected the service {name}, got none")
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in services:
            shutil.rmtree(folder)
    for path in sorted(data.rglob("*.json*")):
        if path.name.startswith("examples-"):
            path.unlink()
        elif path.parent != data:
            _rewrite(path)
    _trim_endpoints(data / "endpoints.json", services)


def _rewrite(path: Path) -> None:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    path.unlink()
    plain, value = path.with_suffix("") if path.suffix == ".gz" else path, json.loads(content)
    # Parameters of an endpoint rule set keep their documentation, because botocore reads it.
    _write(plain, _undocumented(value) if plain.name.startswith("service-") else value)


def _undocumented(value: Any) -> Any:
    """Drop the documentation texts. A member of a shape that has this name is an object and stays."""
    if isinstance(value, list):
        return [_undocumented(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: item if name == NEEDS_DOCUMENTATION else _undocumented(item)
        for name, item in value.items()
        if not (name in DOCUMENTATION and isinstance(item, str))
    }


def _trim_endpoints(path: Path, services: Collection[str]) -> None:
    endpoints = json.loads(path.read_bytes())
    for partition in endpoints["partitions"]:
        kept = {name: entry for name, entry in partition["services"].items() if name in services}
        partition["services"] = kept
    _write(path, endpoints)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
