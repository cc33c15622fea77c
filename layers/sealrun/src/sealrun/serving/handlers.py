"""The functions as they ship, loaded into this process: each thread has instances of its own.

A handler keeps the request that it answers in its module, as Lambda gives it one at a time. All of them use
the services that ``sealrun.composition.services.share`` was given.
"""

import importlib.util
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sealrun.transport.deadline import within

HERE = Path(__file__).resolve()
# In a package they lie beside this file; in a checkout at its root.
PLACES = (HERE.with_name("functions"), HERE.parents[5] / "functions")

Event = Mapping[str, Any]

# After this time AWS ends a function. Here no wait for a provider or a node goes past it, in seconds.
ASKED_SECONDS = 30
BACKGROUND_SECONDS = {"collect": 900, "health": 60}


@dataclass(frozen=True)
class Context:
    """What handlers may read of an invocation."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    memory_limit_in_mb: int = 0
    invoked_function_arn: str = ""


class Handlers:
    """Runs functions by their names, in the calling thread."""

    def __init__(self) -> None:
        self._folder = next((place for place in PLACES if place.is_dir()), PLACES[0])
        self._here = threading.local()
        self._loading = threading.Lock()

    def run(self, name: str, event: Event) -> dict[str, Any]:
        """What the function returns; what it raises passes through."""
        handler = self._handler(name)
        with within(ASKED_SECONDS if "requestContext" in event else BACKGROUND_SECONDS[name]):
            return handler(dict(event), Context(name))

    def _handler(self, name: str) -> Callable[[dict[str, Any], Context], dict[str, Any]]:
        loaded: dict[str, ModuleType] = self._here.__dict__.setdefault("loaded", {})
        if name not in loaded:
            with self._loading:
                loaded[name] = _load(self._folder / name / "handler.py", name)
        handler: Callable[[dict[str, Any], Context], dict[str, Any]] = loaded[name].handler
        return handler


def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"sealrun_function_{name}", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{path}: expected the function {name}, got none")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
