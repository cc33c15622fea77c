"""An operator's proxy, which resolves servers' names: what may be said of it in a setting.

Nothing here can check the address of a server behind it: that is the proxy's to guard. The proxy's own
address is checked on every connection, and the server still has to show a certificate for the name that was
asked for.
"""

import re

from sealrun.encoding.origins import canonical_origin


def proxy_url(text: str) -> str:
    """The proxy's address in its one spelling, ``http://host:port``; empty for none.

    Raises:
        ValueError: it is spelled otherwise, or names a user: a password in a setting is shown to many.
        Malformed: its host is none.
    """
    if text and not re.fullmatch(r"http://[^/?#@\s]+:[0-9]{1,5}/?", text):
        # What stands there may be a password, so it is not repeated.
        raise ValueError("proxy: expected http://host:port without user and path, got something else")
    return canonical_origin(text.rstrip("/")) if text else ""
