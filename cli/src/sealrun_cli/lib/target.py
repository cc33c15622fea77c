"""The operator's stack, as the commands of sellers and operators find it: on this machine, or in AWS.

``deploy`` writes ``.sealrun/NAME.json`` beside the offer; without that file the stack's outputs in AWS are
asked. Neither holds a secret. Every request to AWS goes through here, with its errors in our words.
"""

import base64
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mina.keys import PrivateKey
from sealrun.offers.stored_offer import StoredOffer
from sealrun.service.credentials import key_context
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.offer_file import OFFER_FILE
from sealrun_cli.lib.served import database_url, is_database
from sealrun_cli.lib.work_folder import WORK, work_folder

if TYPE_CHECKING:
    from sealrun.adapters.aws.dynamodb import DynamoLedger
    from sealrun.adapters.aws.kms import KmsKeys
    from sealrun.adapters.keys.key_file import FileKeys
    from sealrun.adapters.sql.ledger import SqlLedger

DEFAULT_NAME = "sealrun"
ORACLE_KEY, OFFERS = "SEALRUN_ORACLE_KEY", "SEALRUN_OFFERS"
# In ``Target.local`` of a state that `sealrun tick --pull` took here: no process serves it.
TICKED = "ticked"
# The functions that sign need the oracle's key.
SIGNERS = ("account", "collect")


def _names(incomplete: str) -> list[str]:
    """Names of stacks that were deployed from this folder, for the shell's completion."""
    return [path.stem for path in WORK.glob("*.json") if path.stem.startswith(incomplete) and _is_stack(path)]


Name = Annotated[
    str,
    typer.Option(
        "--stack",
        help="The stack's name, or the URL of a service's database.",
        envvar="SEALRUN_STACK",
        autocompletion=_names,
        metavar="NAME",
    ),
]


@dataclass(frozen=True)
class Target:
    """One deployed stack."""

    name: str
    url: str  # public, of the functions
    region: str
    table: str
    kms_key: str
    ledger: str  # decimal; 0 sells for nothing only
    functions: Mapping[str, str]  # their names in AWS, by ours
    local: Mapping[str, str] = field(default_factory=dict)  # variables for one of `deploy --local`
    pid: int = 0  # of the process that `deploy --local` started

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3().client(service, region_name=self.region)

    @property
    def key_name(self) -> str:
        """What encrypts secrets, for people."""
        return f"the KMS key {self.kms_key}"

    @property
    def offers(self) -> "DynamoLedger | SqlLedger":
        """The stack's table."""
        from sealrun.adapters.aws.dynamodb import DynamoLedger  # noqa: PLC0415

        return DynamoLedger(self.client("dynamodb"), table=self.table)

    @property
    def keys(self) -> "KmsKeys | FileKeys":
        """The stack's key service."""
        from sealrun.adapters.aws.kms import KmsKeys  # noqa: PLC0415

        return KmsKeys(self.client("kms"), key_id=self.kms_key)

    def offer(self, offer_id: str) -> StoredOffer:
        """A published offer.

        Raises:
            CliError: there is none of this id.
        """
        stored = self.offers.offer(int(offer_id, 16))
        if stored is None:
            detail = f"offer: expected {offer_id[:16]}… on the stack {self.name}, got none"
            raise CliError("offer", detail, "run `sealrun publish`, or name another one with --stack")
        return stored

    def invoke(self, name: str) -> None:
        """Run a function once, with an empty event, and wait for it."""
        with aws_errors():
            answer = self.client("lambda").invoke(FunctionName=self.functions[name], Payload=b"{}")
        if "FunctionError" in answer:
            reason = answer["Payload"].read(300).decode(errors="replace")
            raise CliError(
                "function", f"{name}: expected it to run, got {reason}", "read its log in CloudWatch"
            )

    def oracle_keys(self) -> dict[str, str]:
        """The oracle keys that the functions hold, as base64 ciphertexts by their addresses."""
        text = self._environment(SIGNERS[-1]).get(ORACLE_KEY, "")
        return dict(each.split(":", 1) for each in text.split() if ":" in each)

    def serves(self, offer_id: str) -> bool:
        """True if the functions sell this offer once it is in the table (A3)."""
        return offer_id in self._environment(SIGNERS[-1]).get(OFFERS, "").split()

    def sealed_oracle(self, key: PrivateKey) -> tuple[str, str]:
        """The key's address, and its ciphertext under the stack's KMS key as base64."""
        address = key.public_key().to_base58()
        sealed = self.keys.encrypt(key.to_base58().encode(), context=key_context("oracle", address))
        return address, base64.b64encode(sealed).decode()

    def _environment(self, name: str) -> dict[str, str]:
        with aws_errors():
            answer = self.client("lambda").get_function_configuration(FunctionName=self.functions[name])
        return dict(answer.get("Environment", {}).get("Variables", {}))

    def save(self, folder: Path) -> Path:
        """Write ``.sealrun/NAME.json`` in the folder, in one step."""
        path = work_folder(folder) / f"{self.name}.json"
        scratch = path.with_suffix(".new")
        scratch.touch(mode=0o600)  # a database's URL may hold a password
        scratch.write_text(json.dumps(asdict(self), indent=2) + "\n")
        scratch.replace(path)
        return path


def step(command: str, file: Path, stack: str = DEFAULT_NAME) -> str:
    """The command for the same offer and stack, with the flags that it needs."""
    named = {"--file": (str(file), str(OFFER_FILE)), "--stack": (stack, DEFAULT_NAME)}
    flags = [part for flag, (value, default) in named.items() if value != default for part in (flag, value)]
    return shlex.join(["sealrun", command, *flags])


def key_text(keys: Mapping[str, str]) -> str:
    """Oracle keys in the form of ``SEALRUN_ORACLE_KEY``: ADDRESS:CIPHERTEXT, separated by spaces."""
    return " ".join(f"{address}:{ciphertext}" for address, ciphertext in keys.items())


def find_target(folder: Path, name: str) -> Target:
    """The stack of this name.

    Raises:
        CliError: it is not here and not in AWS, or AWS cannot be asked.
    """
    from sealrun_cli.lib.served_target import ServedTarget, served_target, target_at  # noqa: PLC0415

    if "://" in name or is_database(name):
        return served_target(target_at(database_url(name)))
    path = folder / WORK / f"{name}.json"
    if path.exists():
        try:
            value = json.loads(path.read_bytes())
            if is_database(str(value.get("table"))):
                return served_target(ServedTarget(**value))
            return Target(**value)
        except (ValueError, TypeError) as error:
            raise CliError(
                "stack", f"{path}: expected what `deploy` wrote, got {error}", f"remove {path}"
            ) from error
    return target_in_aws(name)


def target_in_aws(name: str) -> Target:
    """The stack from its outputs in AWS, in the region of the caller's configuration."""
    with aws_errors(missing=f"stack: expected {name} here or in AWS, got none"):
        client = boto3().client("cloudformation")
        stack = client.describe_stacks(StackName=name)["Stacks"][0]
        region = client.meta.region_name
    return target_of(stack, region)


def target_of(description: Mapping[str, Any], region: str) -> Target:
    """The stack of this description from CloudFormation.

    Raises:
        CliError: it is no stack of ours.
    """
    name = str(description["StackName"])
    outputs = {each["OutputKey"]: each["OutputValue"] for each in description.get("Outputs", [])}
    parameters = {each["ParameterKey"]: each["ParameterValue"] for each in description.get("Parameters", [])}
    if missing := sorted({"Url", "Table", "KeyArn"} - outputs.keys()):
        raise CliError("stack", f"stack: expected outputs of sealrun in {name}, got no {missing[0]}")
    functions = {
        output.removesuffix("Function").lower(): value
        for output, value in outputs.items()
        if output.endswith("Function")
    }
    return Target(
        name=name,
        url=parameters.get("PublicUrl") or outputs["Url"],
        region=region,
        table=outputs["Table"],
        kms_key=outputs["KeyArn"],
        ledger=parameters.get("Ledger", "0"),
        functions=functions,
    )


@contextmanager
def aws_errors(missing: str = "") -> Iterator[None]:
    """AWS's refusals in our words; they name actions and resources, never a secret."""
    boto3()
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        refusal = f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"[:300]
        if missing and "does not exist" in refusal:
            raise CliError(
                "stack", missing, "run `sealrun deploy`, or name another one with --stack"
            ) from error
        raise CliError(
            "aws", f"aws: expected it to be done, got {refusal}", "check your AWS profile's rights"
        ) from error
    except ResponseParserError as error:
        detail = "aws: expected an answer of AWS, got something else"
        raise CliError("aws", detail, "see that no proxy answers in its place") from error
    except BotoCoreError as error:
        got = re.sub(r"//.*@", "//", str(error), flags=re.DOTALL)  # a proxy's password stands there
        if "Invalid header value" in got:  # and then the value itself
            detail = "aws: expected an answer, got credentials that no header can hold"
            raise CliError("aws", detail, "take line breaks out of AWS_SESSION_TOKEN and its like") from None
        advice = (
            "for a stack on AWS set AWS_PROFILE and AWS_REGION; for `sealrun serve` give --stack with the "
            "URL of its database; to try it here run `sealrun deploy --local`"
        )
        raise CliError("aws", f"aws: expected an answer, got {got}", missing and advice) from error


def _is_stack(path: Path) -> bool:
    try:
        return "kms_key" in json.loads(path.read_bytes())
    except (ValueError, OSError):
        return False
