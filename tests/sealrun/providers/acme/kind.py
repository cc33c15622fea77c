"""All that is known of Acme CI."""

from collections.abc import Mapping, Sequence
from typing import Any

from sealrun.providers.kind import Kind, Opening, PipelineWords
from sealrun.providers.pipeline import Declared, Pipeline
from sealrun.runs.judge import CALL_INPUT
from tests.sealrun.fakes import FakeClock, FakeProvider
from tests.sealrun.providers.acme.rules import RULES
from tests.sealrun.world import make_offer

CLOCK = FakeClock()


def read_pipeline(documents: Sequence[Mapping[str, Any]]) -> Pipeline:
    """Acme's files list their inputs by name, and every input but the call's is a flag."""
    kinds = {name: "string" if name == CALL_INPUT else "boolean" for name in documents[0].get("takes", [])}
    inputs = {name: Declared(name, kind, required=False) for name, kind in kinds.items()}
    return Pipeline(inputs, str(documents[0].get("called") or ""), includes=())


def _open(opening: Opening) -> FakeProvider:
    source = {
        name: getattr(opening.source, name) for name in ("provider", "origin", "project", "ref", "commit")
    }
    file = {"path": opening.source.configuration.path, "sha256": "4b" * 32, "includes": []}
    value = {**source, "tree": opening.source.tree, "user": opening.source.user, "configuration": file}
    return FakeProvider(CLOCK, make_offer(source=value), configuration="")


KIND = Kind(
    rules=RULES,
    open=_open,
    deliveries=None,
    read_pipeline=read_pipeline,
    pipeline=PipelineWords(
        run_name=r"sealrun <sealrun_call>",
        run_name_advice="called: sealrun <sealrun_call>",
        no_cancel_advice="",
        start_advice="",
        file="pipeline",
        call_advice="declare the input sealrun_call",
        string_advice="bound it",
        call_regex=False,
        default_path="acme.yml",
    ),
    credential_advice="make a token",
    terms="sell what you like",
)
