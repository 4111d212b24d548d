"""Tokens for SASL/OAUTHBEARER: from an OAuth 2.0 token server by client credentials (RFC 6749, 4.4), or signed for Amazon MSK.

A token is fetched before the first connection, and again in the background once four fifths of its life have passed, so that a
client whose event loop asks for one does not wait for a server.
"""

from __future__ import annotations

import base64
import json
import logging
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from streaming.errors import BadInput, Unavailable
from streaming.observability.logs import hide

#: part of a token's life after which the next is fetched, and how often that is tried, s
RENEW_AT, RETRY_S = 0.8, 10.0
#: of a token whose server does not say how long it lives
LIFE_S: Final = 300.0
ANSWER_S: Final = 10.0
MAX_ANSWER_BYTES: Final = 1 << 16
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_log = logging.getLogger(__name__)


class Token(NamedTuple):
    text: str
    life_s: float


class ClientCredentials(NamedTuple):
    """Fetches tokens. ``secret`` is read at each request, so that a mounted secret may be rotated; ``cafile`` is the PEM of the
    server's authority, empty for the system's."""

    url: str
    client_id: str
    secret: Callable[[], str]
    scope: str = ""
    cafile: str = ""

    def __call__(self) -> Token:
        """``Unavailable`` with one sentence, without a secret."""
        where, secret = f"the token server at {urlsplit(self.url).netloc.rpartition('@')[2]}", self.secret()
        hide(secret, passing=True)
        form = {"grant_type": "client_credentials"} | ({"scope": self.scope} if self.scope else {})
        login = base64.b64encode(f"{self.client_id}:{secret}".encode()).decode()
        hide(login, passing=True)
        request = urllib.request.Request(
            self.url,
            urlencode(form).encode(),
            {"authorization": f"Basic {login}", "accept": "application/json", "content-type": "application/x-www-form-urlencoded"},
        )
        context = ssl.create_default_context(cafile=self.cafile or None) if self.url.startswith("https:") else None
        # Neither a redirect nor a proxy of the environment gets to see the login.
        handlers = [
            urllib.request.ProxyHandler({}),
            _NoRedirect(),
            *([urllib.request.HTTPSHandler(context=context)] if context else []),
        ]
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=ANSWER_S) as answer:
                raw = answer.read(MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                what = "refused the client: check oauth_client_id and its secret" if error.code in (400, 401, 403) else "failed"
            raise Unavailable(f"{where} {what} (status {error.code})") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise Unavailable(f"{where} does not answer: {' '.join(str(reason).split())[:200]}") from None
        try:
            if len(raw) > MAX_ANSWER_BYTES:
                raise ValueError
            found = json.loads(raw)
            text, life_s = str(found["access_token"]), float(found.get("expires_in", LIFE_S))
            if not text.isascii() or any(character <= " " for character in text) or not 0 < life_s < 1e9:
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Unavailable(f"{where} did not answer with an access_token") from None
        return Token(text, life_s)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class MskIam(NamedTuple):
    """Signs tokens with the credentials of the environment, a profile, or a role that is assumed (AWS's usual order)."""

    region: str
    role_arn: str = ""

    def __call__(self) -> Token:
        try:
            from aws_msk_iam_sasl_signer import MSKAuthTokenProvider as signer
        except ImportError:
            raise Unavailable("AWS_MSK_IAM needs the signer of Amazon MSK: pip install 'touchline[aws]'") from None
        try:
            if self.role_arn:
                text, expires_ms = signer.generate_auth_token_from_role_arn(self.region, self.role_arn)
            else:
                text, expires_ms = signer.generate_auth_token(self.region)
        except Exception as error:  # noqa: BLE001 - of a library that names none; the sentence has its reason
            raise Unavailable(f"no token for Amazon MSK in {self.region}: {' '.join(str(error).split())[:200]}") from None
        return Token(text, max(1.0, expires_ms / 1000 - time.time()))


class TokenSource:
    """The current token of ``fetch``, renewed by a thread. ``now_s`` is a clock."""

    def __init__(self, fetch: Callable[[], Token], now_s: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._now_s = fetch, now_s
        self._lock = threading.Lock()
        self._text, self._renew_s, self._ends_s = "", 0.0, 0.0
        self._renewing = False

    def token(self) -> str:
        """A token that is valid now; ``Unavailable`` when there is none. Waits only for the first, and after the last has ended."""
        with self._lock:
            now_s = self._now_s()
            if not self._text or now_s >= self._ends_s:
                self._renew()
            elif now_s >= self._renew_s and not self._renewing:
                self._renewing = True
                threading.Thread(target=self._renew_aside, name="token", daemon=True).start()
            return self._text

    def _renew(self) -> None:
        asked_s = self._now_s()
        found = self._fetch()
        hide(found.text, passing=True)
        self._text, self._renew_s, self._ends_s = found.text, asked_s + RENEW_AT * found.life_s, asked_s + found.life_s

    def _renew_aside(self) -> None:
        try:
            asked_s, found = self._now_s(), self._fetch()
            hide(found.text, passing=True)
            with self._lock:
                self._text, self._renew_s, self._ends_s = found.text, asked_s + RENEW_AT * found.life_s, asked_s + found.life_s
        except Unavailable as error:
            _log.warning("the token is not renewed yet: %s", error)
            with self._lock:
                self._renew_s = self._now_s() + RETRY_S
        finally:
            self._renewing = False


def check_url(url: str) -> None:
    """``BadInput`` for a token server that is not asked over TLS: the login would be read on the way."""
    try:
        parts = urlsplit(url)
        host, good = parts.hostname or "", parts.scheme in ("http", "https") and not parts.username and parts.port != 0
    except ValueError:
        host, good = "", False
    if not host or not good:
        raise BadInput("oauth_token_url is https://host/path, without a login in it")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise BadInput("oauth_token_url is https: over http the client's secret would be read on the way")


def secret_of(value: str, file: str) -> Callable[[], str]:
    """The secret itself, or what its file has at the time."""

    def read() -> str:
        if not file:
            return value
        try:
            return Path(file).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"cannot read the client's secret in {file}: {error}") from None

    return read


@lru_cache(maxsize=64)
def provider(fetch_of: Callable[..., Callable[[], Token]], *arguments: str) -> Any:
    """kafka-python's token provider, one for all clients of a process with the same settings; its first token is there."""
    from kafka.net.sasl.oauth import AbstractTokenProvider

    source = TokenSource(fetch_of(*arguments))

    class Provider(AbstractTokenProvider):  # type: ignore[misc]
        def token(self) -> str:
            return source.token()

    source.token()
    return Provider()


def client_credentials(url: str, client_id: str, secret: str, secret_file: str, scope: str, cafile: str) -> ClientCredentials:
    return ClientCredentials(url, client_id, secret_of(secret, secret_file), scope, cafile)
