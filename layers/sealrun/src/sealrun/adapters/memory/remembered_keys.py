"""Keys that were opened are remembered for minutes: a flood about one offer asks the key service once."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from sealrun.ports.keys import KeyService

# As long as an opened credential: a rotated key is another ciphertext, so none outlives its rotation by more.
SECONDS = 300
MAX_KEYS = 100


class RememberedKeys:
    """``ports.keys.KeyService`` over another one; what failed is asked again."""

    def __init__(self, keys: KeyService, clock: Callable[[], int]) -> None:
        self._keys, self._clock = keys, clock
        self._opened: OrderedDict[tuple[bytes, str], tuple[int, bytes]] = OrderedDict()

    def encrypt(self, plaintext: bytes, *, context: Mapping[str, str]) -> bytes:
        return self._keys.encrypt(plaintext, context=context)

    def decrypt(self, ciphertext: bytes, *, context: Mapping[str, str]) -> bytes:
        name = ciphertext, repr(sorted(context.items()))
        opened_at, plaintext = self._opened.get(name, (0, b""))
        if self._clock() < opened_at + SECONDS:
            return plaintext
        plaintext = self._keys.decrypt(ciphertext, context=context)
        self._opened[name] = self._clock(), plaintext
        while len(self._opened) > MAX_KEYS:
            self._opened.popitem(last=False)
        return plaintext
