"""Debian's PostgreSQL, started for the tests by an ordinary user on a socket of its own, and no port."""

import atexit
import functools
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

START_SECONDS = 60
SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=60", "shared_buffers=16MB")
# PostgreSQL does not run as root.
ORDINARY_USER = "postgres"
_numbers = itertools.count(1)


def new_database() -> str:
    """The URL of an empty database on the one server of this process."""
    socket, name = _server(), f"ledger{next(_numbers)}"
    with psycopg.connect(host=socket, user="sealrun", dbname="postgres", autocommit=True) as connection:
        # A copy of template1 fails if autovacuum is in it for 5 s; nothing is ever in template0.
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    return f"postgresql+psycopg://sealrun@/{name}?host={socket}"


@functools.cache
def _server() -> str:
    """The folder of the server's socket; the server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="sealrun-pg-"))  # a socket's path has at most 107 bytes
    user = ORDINARY_USER if os.geteuid() == 0 else None
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = str(folder / "data")
    init = [_program("initdb"), "-D", data, "-U", "sealrun", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(init, user=user, cwd=folder, check=True, capture_output=True)
    settings = [word for each in SETTINGS for word in ("-c", each)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [_program("postgres"), "-D", data, "-k", str(folder), *settings],
            user=user,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    atexit.register(_end, server, folder)
    _wait(server, folder)
    return str(folder)


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found:
        raise FileNotFoundError(f"{name}: expected Debian's postgresql package; run make setup-tests")
    return str(found[-1])


def _wait(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            psycopg.connect(host=str(folder), user="sealrun", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"PostgreSQL: expected it to start: {(folder / 'log').read_text()[-2000:]}")


def _end(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(folder, ignore_errors=True)
