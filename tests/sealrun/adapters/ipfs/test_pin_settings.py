"""Which services a stack pins on, and how their tokens are opened."""

import base64
from typing import Any

import pytest

from sealrun.adapters.ipfs.filebase import FilebasePinner
from sealrun.adapters.ipfs.kubo import KuboPinner
from sealrun.adapters.ipfs.pinata import PinataPinner
from sealrun.adapters.ipfs.pinning_service import ServicePinner
from sealrun.adapters.ipfs.pins import PinService, Token
from sealrun.composition.services import Services
from sealrun.composition.settings import Settings
from sealrun.errors import PinFailed, StoreUnavailable
from sealrun.service.credentials import key_context
from tests.sealrun.fakes import FakeKeys
from tests.sealrun.gateway import ENVIRONMENT

URL = "https://ipfs.test/node"
SECRET = b"pin-token-1234"


def service(token: bytes = b"", *, name: str = f"kubo:{URL}") -> PinService:
    return PinService.parse(f"{name}#{base64.b64encode(token).decode()}", unsafe_loopback=False)


def test_a_stack_that_names_no_service_pins_nowhere() -> None:
    assert list(Services(Settings.read(ENVIRONMENT)).pinning.pinners) == []


def test_services_are_opened_in_the_order_that_the_stack_names_them() -> None:
    kinds = {"kubo": KuboPinner, "psa": ServicePinner, "filebase": FilebasePinner, "pinata": PinataPinner}
    named = " ".join(f"{kind}:https://{kind}.test/a#QUFB" for kind in kinds)
    settings = Settings.read({**ENVIRONMENT, "SEALRUN_PIN": f"{named} kubo:{URL}"})
    assert [(each.url, each.token) for each in settings.pins][3:] == [
        ("https://pinata.test/a", b"AAA"),
        (URL, b""),
    ]
    pinners = Services(settings).pinning.pinners
    assert [type(pinner) for pinner in pinners] == [*kinds.values(), KuboPinner]
    assert [pinner.name for pinner in pinners] == [*kinds, "kubo"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ftp:https://a.test", "expected one of kubo.*, got 'ftp'"),
        ("https://a.test", "got 'https'"),
        ("kubo:http://a.test", "expected kubo:https://"),
        ("kubo:http://127.0.0.1:5001", "expected kubo:https://"),
        ("kubo:", "expected kubo:https://"),
        ("kubo:https://a.test#%%", "in base64"),
    ],
)
def test_l9_a_service_without_https_or_of_no_known_kind_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.read({**ENVIRONMENT, "SEALRUN_PIN": text})


def test_l9_loopback_is_for_the_stack_on_one_machine_only() -> None:
    unsafe = {**ENVIRONMENT, "SEALRUN_UNSAFE_LOOPBACK": "1", "SEALRUN_PIN": "kubo:http://127.0.0.1:5001"}
    assert Settings.read(unsafe).pins[0].url == "http://127.0.0.1:5001"
    with pytest.raises(ValueError, match="expected kubo:https://"):
        Settings.read({**unsafe, "SEALRUN_PIN": "kubo:http://10.0.0.1:5001"})


def test_r1_a_token_opens_only_for_the_service_that_it_was_encrypted_for() -> None:
    keys = FakeKeys()
    closed = keys.encrypt(SECRET, context=key_context("pinning", f"kubo:{URL}"))
    assert Token(service(closed), lambda: keys).bearer() == {"Authorization": "Bearer pin-token-1234"}
    with pytest.raises(StoreUnavailable, match="in this context"):
        Token(service(closed, name="kubo:https://other.test"), lambda: keys).bearer()


def test_a_service_without_a_token_is_sent_none_and_no_key_is_asked_for() -> None:
    def no_keys() -> Any:
        raise AssertionError("expected no question to the key service")

    assert Token(service(), no_keys).bearer() == {}


@pytest.mark.parametrize("plain", [b"two\r\nlines", "tökén".encode(), b"\x00"])
def test_a_token_that_would_break_a_header_is_refused_and_not_repeated(plain: bytes) -> None:
    keys = FakeKeys()
    closed = keys.encrypt(plain, context=key_context("pinning", f"kubo:{URL}"))
    with pytest.raises(PinFailed, match="expected printable ASCII for kubo, got something else"):
        Token(service(closed), lambda: keys).bearer()


def test_neither_settings_nor_services_show_a_token() -> None:
    assert "QUFB" not in repr(service(b"AAA"))
    assert "AAA" not in repr(service(b"AAA"))
