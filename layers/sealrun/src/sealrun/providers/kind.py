"""What the functions and the command know of a CI provider: one record, which its folder fills in.

    providers/NAME/rules.py           RULES: what the core must know, data alone (``offers.provider_rules``)
    providers/NAME/kind.py            KIND: the rules, and what opens connections or reads foreign text
    providers/NAME/client.py          the port ``ports.provider.Provider``
    providers/NAME/answers.py         the provider's JSON, read into our words
    providers/NAME/webhook.py         its webhook deliveries
    providers/NAME/pipeline_file.py   what its pipeline file declares, and what makes it unfit to be sold

``sealrun.offers.provider_rules.PROVIDERS`` names the folder. See docs/adding-a-provider.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sealrun.errors import Malformed
from sealrun.offers.provider_rules import PROVIDERS, ProviderRules, member
from sealrun.offers.source import INPUTS, Source
from sealrun.ports.deliveries import Deliveries
from sealrun.ports.provider import Provider
from sealrun.values import dataclass, field

if TYPE_CHECKING:
    from sealrun.providers.pipeline import Pipeline
    from sealrun.transport.http import Client


@dataclass(frozen=True)
class Opening:
    """What it takes to open a provider for one offer."""

    source: Source
    token: str = field(repr=False)
    client: Callable[[Sequence[str]], "Client"]  # a guarded client for the source's origin and these
    files_from: Sequence[str]  # origins of object storage that the deployment names


class PipelineWords(NamedTuple):
    """How the provider's pipeline file writes what every sold pipeline needs."""

    run_name: str  # a pattern of the name that holds the call's hash (R3)
    run_name_advice: str  # how to write it; empty where runs need no name
    no_cancel_advice: str  # how to keep a newer commit from cancelling a run (R5)
    start_advice: str  # how to let a run be started by API
    file: str  # what the provider calls such a file
    call_advice: str  # how to declare the input for the call's hash
    string_advice: str  # how to bound a text input in the file itself
    call_regex: bool  # inputs can carry a regex, so the call's must
    job_token: str = ""  # a job that can get a CI token made out to the call; empty where there is none
    job_token_advice: str = ""  # how to write one
    default_path: str = ""  # the file's path where the project sets no other; empty where there is no such


class Form(NamedTuple):
    """One way in which a pipeline's file declares its inputs."""

    read_pipeline: Callable[[Sequence[Mapping[str, Any]]], "Pipeline"]  # of the file's YAML documents
    pipeline: PipelineWords


class Kind(NamedTuple):
    """One kind of provider."""

    rules: ProviderRules
    open: Callable[[Opening], Provider]
    deliveries: Callable[[], Deliveries] | None  # None where no webhook is read: the schedule looks alone
    read_pipeline: Callable[[Sequence[Mapping[str, Any]]], "Pipeline"]  # of the file's YAML documents
    pipeline: PipelineWords
    credential_advice: str  # which token a seller makes, in words
    terms: str  # what the provider's own terms say of selling its runs, in words for the seller
    set_up: str = ""  # the command's module that asks about accounts there; empty where it asks nothing
    agree: bool = False  # a seller says that they know these terms before an offer is written
    api: str = ""  # the API's origin of the public service; empty where the remote's origin serves it too
    variables: Form | None = None  # where ``source.inputs_as`` can be variables
    api_path: str = ""  # where the API begins behind the address that offers name

    def form(self, inputs_as: str) -> Form:
        """How the file declares inputs that are sent in this way.

        Raises:
            Malformed: this provider takes no such inputs.
        """
        if inputs_as not in self.rules.input_ways:
            expected = ", ".join(self.rules.input_ways)
            raise Malformed(f"inputs_as: expected {expected} for {self.name}, got {inputs_as[:40]!a}")
        plain = Form(self.read_pipeline, self.pipeline)
        return self.variables if self.variables and inputs_as != INPUTS else plain

    @property
    def name(self) -> str:
        """As offers write it."""
        return self.rules.name


def kind_of(provider: str) -> Kind:
    """All that is known of a registered provider.

    Raises:
        KeyError: there is no such provider.
    """
    kind = member(PROVIDERS[provider], "kind", "KIND")
    if not isinstance(kind, Kind) or kind.name != provider:
        raise TypeError(f"{PROVIDERS[provider]}.kind: expected the kind of {provider} as KIND, got another")
    return kind
