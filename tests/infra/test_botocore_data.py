"""What is cut from botocore's data changes nothing for the services that stay."""

import contextlib
import re
import shutil
from pathlib import Path
from typing import Any

import botocore
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver

from infra.botocore_data import trim
from infra.layers import ROOT, SERVICES

FULL = Path(botocore.__file__).parent / "data"
# Where the code of the functions stands, and how it opens a client.
DEPLOYED = ("layers/sealrun/src", "functions", "infra/control")
OPENED = re.compile(r"""client\(\s*["'](\w+)["']""")


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed botocore's data, of one service more than is kept, trimmed."""
    data = tmp_path_factory.mktemp("botocore") / "data"
    data.mkdir()
    for path in FULL.iterdir():
        if path.is_file():
            shutil.copy(path, data)
    for name in (*SERVICES, "sns"):
        shutil.copytree(FULL / name, data / name)
    trim(data, SERVICES)
    return data


def loader(data: Path) -> Loader:
    found = Loader([str(data)], include_default_search_paths=False)
    # In a layer the trimmed data stands where botocore's own does, and botocore resolves otherwise elsewhere.
    found.BUILTIN_DATA_PATH = str(data)
    return found


def without_documentation(value: Any) -> Any:
    if isinstance(value, list):
        return [without_documentation(item) for item in value]
    if isinstance(value, dict):
        named = ("documentation", "documentationUrl")
        return {
            name: item if name == "clientContextParams" else without_documentation(item)
            for name, item in value.items()
            if name not in named or not isinstance(item, str)
        }
    return value


def test_every_service_that_a_function_asks_is_kept() -> None:
    sources = [path.read_text() for folder in DEPLOYED for path in (ROOT / folder).rglob("*.py")]
    opened = {name for source in sources for name in OPENED.findall(source)}
    assert opened == set(SERVICES) - {"sts"}, "credentials alone need STS"


def test_only_the_named_services_stay(trimmed: Path) -> None:
    assert {path.name for path in trimmed.iterdir() if path.is_dir()} == set(SERVICES)


@pytest.mark.parametrize("service", SERVICES)
def test_endpoint_rules_stay_as_they_are(trimmed: Path, service: str) -> None:
    kept = loader(trimmed).load_service_model(service, "endpoint-rule-set-1")
    assert kept == loader(FULL).load_service_model(service, "endpoint-rule-set-1")


@pytest.mark.parametrize("service", SERVICES)
def test_a_model_says_the_same_without_its_documentation(trimmed: Path, service: str) -> None:
    kept = loader(trimmed).load_service_model(service, "service-2")
    assert kept == without_documentation(loader(FULL).load_service_model(service, "service-2"))
    assert ServiceModel(kept, service).operation_names


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1"])
def test_a_service_is_found_where_it_was(trimmed: Path, service: str, region: str) -> None:
    cut, full = (EndpointResolver(loader(data).load_data("endpoints")) for data in (trimmed, FULL))
    assert cut.construct_endpoint(service, region) == full.construct_endpoint(service, region)


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("s3", "put_object", {"Bucket": "bucket", "Key": "key"}),
        ("dynamodb", "get_item", {"TableName": "table", "Key": {"pk": {"S": "a"}}}),
        ("kms", "decrypt", {"CiphertextBlob": b"x"}),
        ("lambda", "invoke", {"FunctionName": "name"}),
        ("sqs", "send_message_batch", {"QueueUrl": "https://sqs.test/1/looks", "Entries": []}),
        ("sts", "get_caller_identity", {}),
    ],
)
def test_a_client_makes_the_same_request(
    trimmed: Path, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    def url(data: Path) -> str:
        """Where the client would send the request; it is stopped just before."""
        seen: list[str] = []

        def stop(request: Any, **_: object) -> AWSResponse:
            seen.append(request.url)
            return AWSResponse(request.url, 200, HTTPHeaders(), None)

        session = botocore.session.Session()
        session.register_component("data_loader", loader(data))
        session.set_credentials("key", "secret")
        client: Any = session.create_client(service, region_name="eu-central-1")
        client.meta.events.register("before-send", stop)
        with contextlib.suppress(Exception):  # the empty answer is of no use to the client
            getattr(client, operation)(**arguments)
        return seen[0]

    assert url(trimmed) == url(FULL)


def test_waiters_and_paginators_stay_as_they_are(trimmed: Path) -> None:
    for kind in ("waiters-2", "paginators-1"):
        kept = loader(trimmed).load_service_model("dynamodb", kind)
        assert kept == loader(FULL).load_service_model("dynamodb", kind)


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected the service nosuch, got none"):
        trim(tmp_path, ["nosuch"])
