"""One CloudFormation stack: propose changes, show them, make them, follow them."""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sealrun_cli.lib.errors import CliError
from sealrun_cli.lib.output import Output

POLL_SECONDS = 2.0
CHANGE_SET_SECONDS = 600
# A distribution takes most of this time.
STACK_SECONDS = 3600
NEVER_CREATED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


class Stacks:
    """CloudFormation, for one stack; ``client`` is boto3's."""

    def __init__(self, client: Any, name: str, out: Output, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._client, self._name, self._out, self._poll = client, name, out, poll_seconds

    def found(self) -> dict[str, Any] | None:
        """The stack as CloudFormation describes it; None for none, or for one that is only proposed."""
        from botocore.exceptions import ClientError  # noqa: PLC0415

        try:
            stack = dict(self._client.describe_stacks(StackName=self._name)["Stacks"][0])
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack

    def propose(
        self, parameters: Mapping[str, str], *, template: str, capabilities: Sequence[str]
    ) -> str | None:
        """Make a change set; its id, or None where nothing would change.

        Args:
            parameters: those that are new; all others keep their values.
            template: URL of the template; empty keeps the stack's own.
            capabilities: what the template needs to be allowed.
        """
        stack = self.found()
        self._check_changeable(stack)
        known = [each["ParameterKey"] for each in (stack or {}).get("Parameters", [])]
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        old = [{"ParameterKey": name, "UsePreviousValue": True} for name in known if name not in parameters]
        source = {"TemplateURL": template} if template else {"UsePreviousTemplate": True}
        made = self._client.create_change_set(
            StackName=self._name,
            ChangeSetName=f"sealrun-{secrets.token_hex(4)}",
            ChangeSetType="UPDATE" if stack else "CREATE",
            Parameters=[*given, *old],
            Capabilities=list(capabilities),
            **source,
        )
        return self._reviewed(str(made["Id"]))

    def _check_changeable(self, stack: Mapping[str, Any] | None) -> None:
        """A stack whose creation failed can only be deleted; one that is being changed must finish first.

        One that is half deleted may have sold. A new table would sell its accounts' deposits again (A3).
        """
        status = stack["StackStatus"] if stack else ""
        detail = f"stack: expected {self._name} to be complete, got {status}"
        again = f"aws cloudformation delete-stack --stack-name {self._name}, then deploy again"
        if status in NEVER_CREATED:
            raise CliError("stack", detail, f"nothing was sold with it yet: {again}")
        if status == "DELETE_FAILED":
            kept = "--parameter LedgerTable=TABLE --parameter KeyArn=ARN"
            raise CliError("stack", detail, f"its table and its key stay: {again} with {kept}, its outputs")
        if status.endswith("_IN_PROGRESS"):
            raise CliError("stack", detail, "it is being changed: wait until that is over, then deploy again")

    def changes(self, change_set: str) -> Iterator[str]:
        """One line for each resource that would change."""
        pages = self._client.get_paginator("describe_change_set")
        for page in pages.paginate(ChangeSetName=change_set):
            for each in page["Changes"]:
                change = each["ResourceChange"]
                again = " (replaced)" if change.get("Replacement") == "True" else ""
                what = f"{change['ResourceType']} {change['LogicalResourceId']}"
                yield f"{change['Action'].lower():<8} {what}{again}"

    def run(self, change_set: str) -> dict[str, Any]:
        """Make the changes, follow them to their end, and return the stack.

        Raises:
            CliError: CloudFormation failed; the message has its reason. It rolls back by itself.
        """
        started = time.time()
        self._client.execute_change_set(ChangeSetName=change_set)
        seen: set[str] = set()
        while (stack := self.found() or {"StackStatus": "CREATE_IN_PROGRESS"})["StackStatus"].endswith(
            "_IN_PROGRESS"
        ):
            self._tell(seen, since=started)
            self._late(started, STACK_SECONDS)
            time.sleep(self._poll)
        reasons = self._tell(seen, since=started)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            why = reasons[0] if reasons else stack.get("StackStatusReason", "no reason given")
            detail = f"stack: expected it to be complete, got {stack['StackStatus']}: {why[:300]}"
            raise CliError("aws", detail, "put that right and run `sealrun deploy` again")
        return stack

    def _reviewed(self, change_set: str) -> str | None:
        started = time.time()
        while (description := self._client.describe_change_set(ChangeSetName=change_set))[
            "Status"
        ] != "CREATE_COMPLETE":
            reason = str(description.get("StatusReason", ""))
            if description["Status"] == "FAILED":
                self._client.delete_change_set(ChangeSetName=change_set)
                if "didn't contain changes" in reason or "No updates" in reason:
                    return None
                raise CliError("aws", f"change set: expected one to review, got: {reason[:300]}")
            self._late(started, CHANGE_SET_SECONDS)
            time.sleep(self._poll)
        return change_set

    def _tell(self, seen: set[str], *, since: float) -> list[str]:
        """New events as progress, oldest first; the reasons of those that failed."""
        events = self._client.describe_stack_events(StackName=self._name)["StackEvents"]
        fresh = [each for each in reversed(events) if each["Timestamp"].timestamp() >= since - self._poll]
        for each in fresh:
            if each["EventId"] not in seen:
                seen.add(each["EventId"])
                self._out.progress(f"{each['ResourceStatus']:<28} {each['LogicalResourceId']}")
        return [
            f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason', '')}"
            for each in fresh
            if each["ResourceStatus"].endswith("_FAILED")
        ]

    @staticmethod
    def _late(started: float, most: float) -> None:
        if time.time() > started + most:
            raise CliError(
                "late", f"aws: expected an end within {most:g} s, got none", "look at the stack in AWS"
            )
