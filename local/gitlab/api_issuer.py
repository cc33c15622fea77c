"""The public documents of the issuer of ID tokens; they stand outside ``/api/v4``."""

from werkzeug import Response

from local.gitlab.context import Context
from local.gitlab.id_tokens import KEYS_PATH
from local.gitlab.messages import answer
from local.loopback import Request


def configuration(context: Context, _request: Request) -> Response:
    """``GET /.well-known/openid-configuration``."""
    return answer(
        {
            "issuer": context.url,
            "jwks_uri": f"{context.url}{KEYS_PATH}",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )


def keys(context: Context, _request: Request) -> Response:
    """``GET /oauth/discovery/keys``."""
    return answer(context.id_tokens.keys)


PAGES = [
    ("openid_configuration", "GET", "/.well-known/openid-configuration", configuration),
    ("discovery_keys", "GET", KEYS_PATH, keys),
]
