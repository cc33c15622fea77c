"""A function searches for garbage from its first answer on; a program that serves for long always does."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import gc
from sealrun.adapters.aws.function_url import App
from sealrun.adapters.aws.log import Log
before = gc.isenabled()
http = {"method": "GET", "path": "/", "sourceIp": "127.0.0.1"}
App(Log("test")).resolve({"rawPath": "/", "requestContext": {"http": http}})
print(before, gc.isenabled(), gc.get_freeze_count() > 0)
"""


@pytest.mark.parametrize(
    ("function", "told"), [({"AWS_LAMBDA_FUNCTION_NAME": "call"}, "False True True"), ({}, "True True False")]
)
def test_garbage_is_searched_for_from_the_first_answer_on(function: dict[str, str], told: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_FUNCTION_NAME"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**environment, **function},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == told
