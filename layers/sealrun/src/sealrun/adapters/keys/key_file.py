"""A key service in a file: one random key, encrypted with a passphrase, in place of KMS on a single machine.

The file has mode 600 and is JSON: how the passphrase becomes a key (Argon2id), and the box with the key.
A ciphertext is one byte of version, a nonce of 24 bytes and the output of XChaCha20-Poly1305. The context
is its associated data, so it opens in that context only (R1). Unlike KMS this keeps no audit, and whoever
has the file and the passphrase can copy the key.
"""

import base64
import binascii
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import Aead
from nacl.utils import random

from sealrun.adapters.files.plain_files import read_plain, sync_folder
from sealrun.encoding import read
from sealrun.encoding.fields import canonical
from sealrun.encoding.json_limits import parse_object
from sealrun.errors import Malformed, StoreUnavailable

FORMAT = "sealrun-key-1"
VERSION = b"\x01"
# As much as KMS takes, so that a service can move between the two.
MAX_PLAINTEXT = 4096
MAX_FILE_BYTES = 4096
SHORTEST_PASSPHRASE = 12
_NAMES = ("format", "operations", "memory", "salt", "box")


@dataclass(frozen=True)
class Cost:
    """What Argon2id spends on one guess of the passphrase: passes over so many bytes of memory."""

    operations: int
    memory: int


# libsodium's own choice for a key that is opened now and then: 256 MiB, under a second.
MODERATE = Cost(argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
# A file that asks for more than this is refused before any of it is spent.
MOST = Cost(argon2id.OPSLIMIT_SENSITIVE, argon2id.MEMLIMIT_SENSITIVE)


class FileKeys:
    """``sealrun.ports.keys.KeyService`` with the key of one file. Errors show neither key nor plaintext."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes:
        """At most 4096 bytes."""
        if len(plaintext) > MAX_PLAINTEXT:
            raise StoreUnavailable(f"key service: expected at most {MAX_PLAINTEXT} bytes, got more")
        return VERSION + bytes(Aead(self._key).encrypt(plaintext, canonical(dict(context))))

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes:
        version, box = ciphertext[: len(VERSION)], ciphertext[len(VERSION) :]
        try:
            # A ciphertext of another version has no box of this key's.
            return Aead(self._key).decrypt(box if version == VERSION else b"", canonical(dict(context)))
        except (CryptoError, ValueError, TypeError):
            message = "key service: expected a ciphertext of this key in this context, got another"
            raise StoreUnavailable(message) from None

    def derived(self, purpose: str) -> bytes:
        """32 secret bytes for another purpose, the same each time."""
        return hashlib.blake2b(purpose.encode(), key=self._key, digest_size=32).digest()


def create_key_file(path: Path, passphrase: str, *, cost: Cost = MODERATE) -> FileKeys:
    """Make a new key and its file, on the disk before this returns.

    Raises:
        Malformed: the passphrase is too short.
        FileExistsError: something lies there already; it stays as it is.
        OSError: the disk does not take it.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise Malformed(f"passphrase: expected at least {SHORTEST_PASSPHRASE} characters, got fewer")
    key, salt = random(Aead.KEY_SIZE), random(argon2id.SALTBYTES)
    box = Aead(_from_passphrase(passphrase, salt, cost)).encrypt(key, FORMAT.encode())
    value = {"format": FORMAT, "operations": cost.operations, "memory": cost.memory}
    text = json.dumps({**value, "salt": _base64(salt), "box": _base64(bytes(box))}, indent=2) + "\n"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(path.parent)
    return FileKeys(key)


def open_key_file(path: Path, passphrase: str) -> FileKeys:
    """The key service of a file that ``create_key_file`` made.

    Raises:
        Malformed: it is no such file, others may read it, or the passphrase is another one.
        OSError: it cannot be read.
    """
    _check_private(path)
    value = read.only(parse_object(read_plain(path, at_most=MAX_FILE_BYTES)), _NAMES, where="key file")
    if value["format"] != FORMAT:
        raise Malformed(f"key file: expected format {FORMAT}, got another")
    cost = Cost(
        read.whole(value, "operations", low=1, high=MOST.operations),
        read.whole(value, "memory", low=argon2id.MEMLIMIT_MIN, high=MOST.memory),
    )
    try:
        salt, box = (base64.b64decode(str(value[name]), validate=True) for name in ("salt", "box"))
        key = Aead(_from_passphrase(passphrase, salt, cost)).decrypt(box, FORMAT.encode())
    except (CryptoError, ValueError, TypeError, binascii.Error):
        raise Malformed(f"{path}: expected the passphrase of this key file, got another") from None
    return FileKeys(key)


def _check_private(path: Path) -> None:
    mode = stat.S_IMODE(path.lstat().st_mode)
    if path.is_symlink() or mode & 0o077:
        raise Malformed(f"{path}: expected a file that only its owner can read (chmod 600), got another")


def _from_passphrase(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    return argon2id.kdf(Aead.KEY_SIZE, passphrase.encode(), salt, cost.operations, cost.memory)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
