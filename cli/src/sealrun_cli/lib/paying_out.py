"""Paying somebody out of a prepaid account: the receiver needs an account in the asset first."""

from collections.abc import Mapping
from typing import Any

from sealrun.offers.asset import ACCOUNT_CREATION_FEE
from sealrun_cli.lib.confirming import confirm
from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output
from sealrun_cli.lib.tools import Sender, run_tool


def pay_out(
    name: str, sender: Sender, out: Output, request: Mapping[str, Any], *, yes: bool
) -> dict[str, Any]:
    """Run a tool that pays somebody; for a missing account of the receiver, say what it costs, and ask.

    Raises:
        CliError: the tool gave up, or nobody agreed to pay for the account.
    """
    try:
        return run_tool(name, sender, out, **request)
    except CliError as error:
        if error.kind != "receiver-missing":
            raise
        missing = error.detail
    plan = [
        missing,
        f"costs    {ACCOUNT_CREATION_FEE} for that account, once, and {sender.costs} of fee; you pay both",
    ]
    confirm(out, plan, yes=yes)
    return run_tool(name, sender, out, **request, open_receiver=True)
