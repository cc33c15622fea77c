"""Authorities in files of their own vouch for the same servers as the bundle that they come from."""

import hashlib
import re
import ssl
from pathlib import Path

import certifi
import pytest

from infra.authorities import split
from infra.layers import AUTHORITIES
from sealrun.transport.authorities import HASHED
from sealrun.transport.failures import ConnectError
from sealrun.transport.http import GuardedClient
from tests.sealrun.transport.test_http import _Tls as Tls
from tests.sealrun.transport.test_http import tls  # noqa: F401  a fixture

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def _digests(text: str) -> set[str]:
    found = map(ssl.PEM_cert_to_DER_cert, _CERTIFICATE.findall(text))
    return {hashlib.sha256(certificate).hexdigest() for certificate in found}


def test_every_authority_of_the_bundle_has_a_file_and_nothing_else_has_one(tmp_path: Path) -> None:
    bundle, folder = Path(certifi.where()), tmp_path / HASHED
    count = split(bundle, folder)
    files = list(folder.iterdir())
    assert len(files) == count > 100
    assert {digest for file in files for digest in _digests(file.read_text())} == _digests(bundle.read_text())


def test_two_authorities_of_one_name_have_two_files(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    first = Path(certifi.where()).read_text().split("-----END CERTIFICATE-----\n")[0]
    bundle.write_text(f"{first}-----END CERTIFICATE-----\n" * 2)
    assert split(bundle, tmp_path / "folder") == 2
    assert sorted(file.suffix for file in (tmp_path / "folder").iterdir()) == [".0", ".1"]


def test_the_functions_look_where_the_layer_has_them() -> None:
    assert AUTHORITIES == HASHED


@pytest.mark.peers
def test_a_server_is_trusted_for_an_authority_that_is_looked_up_and_for_no_other(
    tls: Tls,  # noqa: F811
    tmp_path: Path,
) -> None:
    public, bundle = Path(certifi.where()).read_text(), tmp_path / "bundle.pem"
    origin = f"https://gitlab.example:{tls.port}"
    for name, text in (("others", public), ("all", public + tls.certificate.read_text())):
        bundle.write_text(text)
        split(bundle, tmp_path / name)
        trust = ssl.create_default_context(capath=str(tmp_path / name))
        resolved = {"resolve": lambda _host, _port: ["127.0.0.1"], "unsafe_loopback": True}
        with GuardedClient([origin], verify=trust, **resolved) as client:  # type: ignore[arg-type]
            if name == "all":
                assert client.open("GET", origin).status == 204
                continue
            with pytest.raises(ConnectError) as refused:
                client.open("GET", origin)
            assert "certificate verify failed" in str(refused.value.__cause__)
