"""ID tokens of jobs, signed with RS256: the claims that GitLab.com gives, and the issuer's public documents.

https://docs.gitlab.com/ci/secrets/id_token_authentication/. This GitLab plays GitLab.com's part, so its
runner counts as one that GitLab hosts; another ``runner_environment`` plays a seller's own.
"""

import base64
import hashlib
import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.gitlab import views
from local.gitlab.pipelines import variables_of
from local.gitlab.store import Job, Pipeline, Store

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

KEYS_PATH = "/oauth/discovery/keys"
_DEFAULT_SECONDS = 300
_KEY_BITS = 2048


class SigningKey:
    """An issuer's RSA key, kept in a folder so that a restart signs with the same."""

    def __init__(self, folder: Path) -> None:
        self._file, self._lock = folder / "id_tokens.pem", threading.Lock()

    @property
    def public(self) -> dict[str, str]:
        """Modulus, exponent and the kind of the key, as a JSON Web Key."""
        from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415

        public_key = RSAAlgorithm.to_jwk(self._key().public_key(), as_dict=True)
        return {name: str(public_key[name]) for name in ("kty", "n", "e")}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, in base64url: 43 characters."""
        members = {name: self.public[name] for name in ("e", "kty", "n")}
        return _base64url(hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest())

    def sign(self, header: Mapping[str, str], claims: Mapping[str, Any]) -> str:
        """A JSON Web Token whose header has exactly these members, in this order.

        PyJWT writes ``typ`` first, and the real issuers do not all do so.
        """
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
        signed = ".".join(map(_base64url, parts))
        signature = self._key().sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{_base64url(signature)}"

    def _key(self) -> "RSAPrivateKey":
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        with self._lock:
            if not self._file.exists():
                made = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
                form = serialization.PrivateFormat.PKCS8
                none = serialization.NoEncryption()
                self._write(made.private_bytes(serialization.Encoding.PEM, form, none))
            key = serialization.load_pem_private_key(self._file.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("id tokens: expected an RSA key")
        return key

    def _write(self, pem: bytes) -> None:
        self._file.touch(mode=0o600)
        self._file.write_bytes(pem)


class IdTokens:
    """The issuer, and what it says of this GitLab's jobs."""

    def __init__(self, store: Store, *, url: str, runner_environment: str = "gitlab-hosted") -> None:
        self._store, self._url, self._environment = store, url, runner_environment
        self._key = SigningKey(store.folder)

    @property
    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        return {"keys": [{**self._key.public, "kid": self._key.thumbprint, "use": "sig", "alg": "RS256"}]}

    def variables(self, pipeline: Pipeline, job: Job, written: Mapping[str, Any]) -> dict[str, str]:
        """The variables that the job's ``id_tokens`` asks for."""
        wanted = written.get("id_tokens") or {}
        known = variables_of(self._store, pipeline, url=self._url) if wanted else {}
        return {name: self.mint(pipeline, job, _expanded(one["aud"], known)) for name, one in wanted.items()}

    def mint(self, pipeline: Pipeline, job: Job, audience: str | list[str], **changes: Any) -> str:
        """Sign a token of this job for this audience, with these claims changed."""
        header = {"kid": self._key.thumbprint, "typ": "JWT", "alg": "RS256"}
        return self._key.sign(header, {**self._claims(pipeline, job), "aud": audience, **changes})

    def _claims(self, pipeline: Pipeline, job: Job) -> dict[str, Any]:
        project, user = self._store.projects[pipeline.project], self._store.users[pipeline.user]
        kind, full = ("tag", "refs/tags/") if pipeline.tag else ("branch", "refs/heads/")
        protected = pipeline.tag and any(fnmatchcase(pipeline.ref, one) for one in project.protected_tags)
        file = project.ci_config_path or ".gitlab-ci.yml"
        host, now = self._url.partition("://")[2], int(time.time())
        return {
            "namespace_id": "1",
            "namespace_path": project.path.rpartition("/")[0],
            "project_id": str(project.id),
            "project_path": project.path,
            "user_id": str(user.id),
            "user_login": user.username,
            "user_email": f"{user.username}@noreply.{host}",
            "user_access_level": "maintainer",
            "pipeline_id": str(pipeline.id),
            "pipeline_source": pipeline.source,
            "job_id": str(job.id),
            "ref": pipeline.ref,
            "ref_type": kind,
            "ref_path": f"{full}{pipeline.ref}",
            "ref_protected": str(protected).lower(),
            "runner_id": views.RUNNER_ID,
            "runner_environment": self._environment,
            "sha": pipeline.sha,
            "project_visibility": "public" if project.public else "private",
            "ci_config_ref_uri": f"{host}/{project.path}//{file}@{full}{pipeline.ref}",
            "ci_config_sha": pipeline.sha,
            "jti": str(uuid.uuid4()),
            "iss": self._url,
            "iat": now,
            "nbf": now - 5,
            "exp": now + int(job.timeout or _DEFAULT_SECONDS),
            "sub": f"project_path:{project.path}:ref_type:{kind}:ref:{pipeline.ref}",
        }


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _expanded(audience: str | list[str], known: Mapping[str, str]) -> str | list[str]:
    """The audience with CI variables expanded, as GitLab does since 16.1."""
    if isinstance(audience, list):
        return [re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], ""), one) for one in audience]
    return re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], ""), audience)
