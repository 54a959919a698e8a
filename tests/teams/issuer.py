"""A small OpenID Connect provider on loopback: discovery, keys, authorisation, tokens, userinfo."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT = "rivya-dash"
SECRET = "the-client-secret"


@functools.cache
def _key() -> rsa.RSAPrivateKey:
    """One for all tests: making it takes most of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """The provider, who signs in there, and what it was asked."""

    claims: dict[str, Any] = field(default_factory=dict)
    refuses: bool = False
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=_key)

    def __post_init__(self) -> None:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.answer(self, b"")

            def do_POST(self) -> None:
                issuer.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """End the server and wait for it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """Answer one request by its path."""
        address = urlsplit(request.path)
        self.asked.append(address.path)
        fields = {name: values[0] for name, values in parse_qs(address.query).items()}
        fields |= {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if address.path == "/authorize":
            self._redirect(request, fields)
            return
        pages: dict[str, Callable[[], dict[str, Any]]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/jwks": self._keys,
            "/token": lambda: self._token(fields),
            "/userinfo": lambda: self.claims,
        }
        made = pages[address.path]()
        content = json.dumps(made).encode()
        request.send_response(400 if "error" in made else 200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _keys(self) -> dict[str, Any]:
        write: Any = RSAAlgorithm.to_jwk
        public = write(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": "one", "use": "sig", "alg": "RS256"}]}

    def _redirect(self, request: BaseHTTPRequestHandler, fields: dict[str, str]) -> None:
        code = secrets.token_urlsafe(8)
        self.codes[code] = fields
        sent = {"error": "access_denied"} if self.refuses else {"code": code}
        request.send_response(302)
        back = f"{fields['redirect_uri']}?{urlencode({**sent, 'state': fields['state']})}"
        request.send_header("Location", back)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _token(self, fields: dict[str, str]) -> dict[str, Any]:
        begun = self.codes.pop(fields.get("code", ""), None)
        proof = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
        known = (fields.get("client_id"), fields.get("client_secret")) == (CLIENT, SECRET)
        if begun is None or not known or begun.get("code_challenge") != challenge:
            return {"error": "invalid_grant"}
        now = int(time.time())
        about = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        token = jwt.encode(about, self.key, algorithm="RS256", headers={"kid": "one"})
        return {"access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": token}
