"""Deploy into AWS: pack, show CloudFormation's own change set, ask, run it, follow it.

A new stack takes two passes: its KMS key must exist before the oracle's key can be encrypted with it, and the
distribution must exist before the functions can learn their public address.
"""

import hashlib
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from mina.keys import PrivateKey
from sealrun.offers.offer import Offer
from sealrun_cli.lib import background
from sealrun_cli.lib.aws import boto3
from sealrun_cli.lib.cloudformation import Stacks
from sealrun_cli.lib.confirming import confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.target import Target, aws_errors, key_text, target_of

# As infra.package has them, which is beside the command in a checkout only.
CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND")
PACK_SECONDS = 1200
MAX_SHOWN = 60
MAX_OFFERS = 2
# What the template reserves for its functions, and what Lambda keeps for those without a part of their own.
RESERVED, UNRESERVED = 86, 100


def deploy_to_aws(
    name: str,
    offer: Offer,
    key: PrivateKey,
    given: Mapping[str, str],
    out: Output,
    *,
    bucket: str,
    yes: bool,
    packing: Sequence[str] = (),
) -> Target:
    """Create or update the stack.

    Args:
        name: of the stack.
        offer: what it is to serve, beside what it serves already.
        key: the oracle's.
        given: parameters of the template that were given.
        out: where plan and progress are shown.
        bucket: for packages; empty takes the account's own, which is made.
        yes: go on without asking.
        packing: more options of ``infra.package``; a stand-in for AWS may run another Python.

    Raises:
        CliError: AWS refused, the plan was not confirmed, or the stack did not come up.
    """
    with aws_errors():
        region = boto3().session.Session().region_name
        if region is None:
            raise CliError("aws", "aws: expected a region, got none", "set AWS_REGION")
        stacks = Stacks(boto3().client("cloudformation", region_name=region), name, out)
        stack = stacks.found()
        _check_ledger(stack or {}, given)
        bucket = bucket or _bucket_name(region)
        template = _uploaded(bucket, region, out, packing, yes=yes)
        new = {} if stack else {**_origin_secret(), **_concurrency(region, out)}
        first = {**_identity(stack, offer), **new, **given}
        change_set = stacks.propose(first, template=template, capabilities=CAPABILITIES)
        if change_set is not None:
            confirm(out, _plan(name, region, list(stacks.changes(change_set)), new=stack is None), yes=yes)
            stack = stacks.run(change_set)
        if stack is None:
            raise CliError("aws", "stack: expected changes, got none for a new stack")
        return _completed(stacks, stack, region, key)


def merged_keys(stack: Mapping[str, Any], address: str, ciphertext: str) -> str:
    """The stack's oracle keys, with this one: an old key signs dues until its accounts are settled (A9)."""
    text = _parameter(stack, "OracleKey")
    known = dict(each.split(":", 1) for each in text.split() if ":" in each)
    return key_text({**known, address: ciphertext})


def _completed(stacks: Stacks, stack: Mapping[str, Any], region: str, key: PrivateKey) -> Target:
    """The second pass: the oracle's key, encrypted with KMS, and the public address."""
    target = target_of(stack, region)
    address = key.public_key().to_base58()
    second = {"PublicUrl": target.url}
    if f"{address}:" not in _parameter(stack, "OracleKey"):
        second["OracleKey"] = merged_keys(stack, *target.sealed_oracle(key))
    change_set = stacks.propose(second, template="", capabilities=CAPABILITIES)
    return target if change_set is None else target_of(stacks.run(change_set), region)


def _identity(stack: Mapping[str, Any] | None, offer: Offer) -> dict[str, str]:
    """The offers and oracles that the functions may serve: the stack's earlier ones, and this offer's.

    A stack holds one token; a second one only while its offer replaces the first.
    """
    before = stack or {}
    named = {"Offers": offer.id, "Oracles": offer.oracle}
    known = {name: [each for each in _parameter(before, name).split(",") if each] for name in named}
    merged = {name: list(dict.fromkeys([*known[name], value])) for name, value in named.items()}
    if (got := len(merged["Offers"])) > MAX_OFFERS:
        detail = f"stack: expected one offer and at most one that it replaces, got {got}"
        following = f"give another --stack, or --parameter Offers={offer.id} to end those of before"
        raise CliError("stack", detail, following)
    return {name: ",".join(values) for name, values in merged.items()}


def _check_ledger(stack: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """A table of dues belongs to one ledger for ever (A3); 0 means that it has sold nothing paid yet."""
    current, wanted = _parameter(stack, "Ledger") or "0", given.get("Ledger", "0")
    if "0" not in (current, wanted) and current != wanted:
        detail = f"stack: expected an offer of its ledger {current[:12]}…, got one of {wanted[:12]}…"
        raise CliError("stack", detail, "give another --stack")


def _origin_secret() -> dict[str, str]:
    """The secret that the distribution sends to the functions behind it; nobody needs to know it."""
    secret = secrets.token_hex(32)
    return {"OriginSecret": secret, "OriginSecretDigests": hashlib.sha256(secret.encode()).hexdigest()}


def _concurrency(region: str, out: Output) -> dict[str, str]:
    """Reserving more than the account has left is refused; a new account has ten in all."""
    limits = boto3().client("lambda", region_name=region).get_account_settings()["AccountLimit"]
    if (left := limits["UnreservedConcurrentExecutions"]) >= RESERVED + UNRESERVED:
        return {}
    wanted = f"expected {RESERVED + UNRESERVED} to reserve parts of it, got {left}"
    out.progress(f"concurrency: {wanted}; the functions share it (Concurrency=Shared)")
    return {"Concurrency": "Shared"}


def _parameter(stack: Mapping[str, Any], name: str) -> str:
    values = {each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])}
    return str(values.get(name, ""))


def _bucket_name(region: str) -> str:
    return f"sealrun-packages-{boto3().client('sts').get_caller_identity()['Account']}-{region}"


def _uploaded(bucket: str, region: str, out: Output, packing: Sequence[str], *, yes: bool) -> str:
    """Pack everything for Lambda and put it into the bucket; the template's URL."""
    if not (background.ROOT / "infra" / "package.py").exists():
        detail = "deploy: expected a checkout of sealrun's repository, got an installed command"
        raise CliError("local", detail, "clone the repository and run `make setup` in it")
    confirm(
        out, [f"upload   layers, functions and templates to s3://{bucket}, which is made if needed"], yes=yes
    )
    _make_bucket(boto3().client("s3", region_name=region), bucket, region)
    what = "packing layers and functions for Lambda"
    out.progress(what)
    with out.waiting(what, "usually 1 to 5 minutes"), tempfile.TemporaryDirectory() as scratch:
        named = ["--out", scratch, "--bucket", bucket, "--region", region, "--upload"]
        done = _packed([*named, *packing])
    for line in done.stderr.splitlines():
        if line.startswith("package: "):
            out.progress(line)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines or not lines[-1].startswith("https://"):
        last = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise CliError(
            "deploy", f"package: expected a template, got {last[:300]}", "run: python -m infra.package --help"
        )
    return lines[-1]


def _packed(options: Sequence[str], *, seconds: float = PACK_SECONDS) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "infra.package", *options]
    try:
        return subprocess.run(
            command, cwd=background.ROOT, check=False, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        detail = f"package: expected it done within {seconds:g} s, got no end"
        raise CliError("deploy", detail, "run: python -m infra.package --help") from None


def _make_bucket(s3: Any, bucket: str, region: str) -> None:
    """The account's own bucket for packages, closed to the public; one that is there stays as it is."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("404", "NoSuchBucket"):
            raise
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=bucket, **place)
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(names, True))


def _plan(name: str, region: str, changes: list[str], *, new: bool) -> list[str]:
    shown = [f"         {line}" for line in changes[:MAX_SHOWN]]
    more = [f"         and {len(changes) - MAX_SHOWN} more"] if len(changes) > MAX_SHOWN else []
    head = f"{'create' if new else 'update':<8} stack {name} in {region}: {len(changes)} changes"
    return [
        head,
        *shown,
        *more,
        "costs    see `sealrun cost`; what it stores stays when the stack is deleted",
    ]
