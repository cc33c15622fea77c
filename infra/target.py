"""The Python version and the machine that a layer is built for."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Lambda's python3.13 runs on Amazon Linux 2023, whose glibc is 2.34; wheels for an older one fit too.
GLIBC = range(34, 16, -1)


@dataclass(frozen=True)
class Target:
    """A Python such as ``3.13`` on ``aarch64`` or ``x86_64``, named as in the file names of wheels."""

    python: str
    machine: str

    def pip_options(self) -> list[str]:
        """Pip's options that choose wheels for this target; none if it is the running Python."""
        if self == NATIVE:
            return []
        tag = f"cp{self.python.replace('.', '')}"
        platforms = [f"manylinux_2_{minor}_{self.machine}" for minor in GLIBC]
        named = [
            part for name in (*platforms, f"manylinux2014_{self.machine}") for part in ("--platform", name)
        ]
        abis = [part for abi in (tag, "abi3", "none") for part in ("--abi", abi)]
        return [*named, "--python-version", self.python, "--implementation", "cp", *abis]

    def interpreter(self) -> str | None:
        """A Python of this version on this machine. Bytecode is the same on every machine."""
        return sys.executable if self.python == NATIVE.python else _installed_python(self.python)


NATIVE = Target(f"{sys.version_info.major}.{sys.version_info.minor}", platform.machine())
# The target of template.yaml.
LAMBDA = Target("3.13", "aarch64")


@cache
def _installed_python(version: str) -> str | None:
    """A Python on PATH or from pyenv that starts and reports this version."""
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(name), *sorted(map(str, pyenv.glob(f"{version}.*/bin/{name}")))]
    return next((path for path in candidates if path and _is(path, version)), None)


def _is(path: str, version: str) -> bool:
    says = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", says], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version
