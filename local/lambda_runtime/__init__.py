"""AWS Lambda on loopback, with the real runtime client: see ``LambdaHost`` and ``Function``."""

from local.lambda_runtime.host import LambdaHost
from local.lambda_runtime.model import Function, Outcome, Throttled, UnknownFunction

__all__ = ["Function", "LambdaHost", "Outcome", "Throttled", "UnknownFunction"]
