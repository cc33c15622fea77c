"""Certificate authorities in files of their own, named as OpenSSL looks them up.

Reading certifi's bundle parses about 150 certificates, of which one TLS connection needs one. In a folder of
files that are named by the hash of their subject, OpenSSL opens those alone that it asks for:
https://docs.openssl.org/master/man1/openssl-rehash/. The authorities and what they vouch for are the same.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----\n.+?-----END CERTIFICATE-----\n", re.DOTALL)


def split(bundle: Path, folder: Path) -> int:
    """Write each certificate of a PEM bundle into the folder, which must not exist; how many there are.

    Raises:
        OSError, subprocess.CalledProcessError: ``openssl`` is not there, or cannot read one.
    """
    folder.mkdir()
    certificates = _CERTIFICATE.findall(bundle.read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    for certificate in certificates:
        name = _hash(certificate)
        # Two of one subject are numbered: OpenSSL tries each of them.
        (folder / f"{name}.{seen[name]}").write_text(certificate, encoding="ascii")
        seen[name] += 1
    return len(certificates)


def _hash(certificate: str) -> str:
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    done = subprocess.run(command, input=certificate, capture_output=True, text=True, check=True)
    return done.stdout.strip()
