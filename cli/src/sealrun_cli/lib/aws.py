"""Import boto3 where it is needed: that takes a quarter of a second, and only an extra installs it."""

from typing import Any

from sealrun_cli.lib.errors import CliError


def boto3() -> Any:
    """The module.

    Raises:
        CliError: it is not installed.
    """
    try:
        import boto3 as module  # noqa: PLC0415
    except ImportError as error:
        detail = "boto3: expected it installed, for AWS or evidence in a bucket; got none"
        raise CliError("aws", detail, 'run: pip install "sealrun-cli[aws]"') from error
    return module
