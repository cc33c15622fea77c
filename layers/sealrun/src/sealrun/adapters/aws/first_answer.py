"""No search for garbage before a function's first answer.

A start makes tens of thousands of objects, and nearly all of them stay: looking through them for garbage,
again and again, takes 6 % of the time until the first answer. ``function_url`` imports this before the rest.
"""

import gc
import os

# Lambda sets it; a program that serves for long is left as it is.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    gc.disable()


def is_made() -> None:
    """Search for garbage from now on, and only among what is made from now on."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
