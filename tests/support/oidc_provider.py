"""A provider of OpenID Connect on loopback: whoever comes has the account that it is told, and is sent back at once."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "laud", "the client's secret"


@dataclass
class OidcProvider:
    """What it says of an account, and how often somebody came; `claims` may be changed."""

    url: str
    claims: dict[str, Any] = field(default_factory=dict)
    came: int = 0
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k", "use": "sig"}))
    nonces: dict[str, str] = field(default_factory=dict)

    def settings(self, page: str) -> str:
        """What stands in the settings of a page (secrets.toml) that has its accounts here."""
        lines = {
            "redirect_uri": f"{page}/oauth2callback",
            "cookie_secret": token_urlsafe(32),
            "client_id": CLIENT,
            "client_secret": SECRET,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        return "[auth]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())

    def metadata(self) -> dict[str, Any]:
        """Where everything is."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def begin(self, query: Mapping[str, str]) -> str:
        """Where somebody who logs in is sent back to."""
        assert (query["client_id"], query["code_challenge_method"]) == (CLIENT, "S256")
        self.came += 1
        code = token_urlsafe(8)
        self.nonces[code] = query["nonce"]
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, code: str) -> dict[str, Any]:
        """What the page gets for the code."""
        now = int(time.time())
        standing = {"iss": self.url, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 600}
        said = {**standing, "nonce": self.nonces.pop(code), **self.claims}
        signed = jwt.encode({"alg": "RS256", "kid": "k"}, said, self.key)
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 600, "id_token": signed}


@contextmanager
def provider(**claims: Any) -> Iterator[OidcProvider]:
    """The provider, for as long as the block lasts."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        made = OidcProvider(url=f"http://127.0.0.1:{server.server_port}", claims=dict(claims))
        server.provider = made  # type: ignore[attr-defined] # a handler knows its server only
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def _provider(self) -> OidcProvider:
        found: OidcProvider = self.server.provider  # type: ignore[attr-defined] # as above
        return found

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match parts.path:
            case "/.well-known/openid-configuration":
                self._send(self._provider.metadata())
            case "/keys":
                self._send({"keys": [self._provider.key.as_dict(private=False)]})
            case "/authorize":
                self.send_response(302)
                self.send_header("Location", self._provider.begin(query))
                self.end_headers()
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._send(self._provider.token(body["code"][0]))

    def _send(self, found: Mapping[str, Any]) -> None:
        content = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the library
        """Say nothing."""
