"""Tokens for a broker: from a token server, or signed for Amazon MSK; renewed, never shown; one sentence where there are none."""

from __future__ import annotations

import base64
import json
import logging
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from streaming.errors import BadInput, Unavailable
from streaming.kafka import tokens
from streaming.kafka.settings import parse
from streaming.kafka.tokens import ClientCredentials, MskIam, Token, TokenSource
from streaming.observability.logs import configured
from tests.waiting import until


class TokenServer:
    """Answers as an OAuth 2.0 server does, or as it is told to; ``asked`` has (login, form) of each request."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answer: tuple[int, bytes] | None = None
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.life_s = 3600
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
                login = base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode()
                server.asked.append((login, form))
                body = json.dumps({"access_token": server.token(login), "token_type": "Bearer", "expires_in": server.life_s})
                status, raw = server.answer or (200, body.encode())
                self.send_response(status)
                if status == 302:
                    self.send_header("location", "http://127.0.0.1:1/")
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._server.server_address[1]}/token"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def token(self, login: str) -> str:
        """An unsecured JSON web token (RFC 7519, 6) in the client's name, as a broker takes it in tests."""
        now_s = time.time()
        claims = {"sub": login.partition(":")[0], "iat": now_s, "exp": now_s + self.life_s, "n": len(self.asked)}
        parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims))
        return ".".join(parts) + "."

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[TokenServer]:
    found = TokenServer()
    yield found
    found.stop()


def settings(server: TokenServer, folder: Path, **more: str) -> Path:
    found = {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "OAUTHBEARER",
        "oauth_token_url": server.url,
        "oauth_client_id": "operator",
        "oauth_client_secret": f"geheim-{folder.name}",
    } | more
    path = folder / "kafka.toml"
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in found.items() if value))
    return path


def test_client_of_the_broker_gets_a_token_for_id_and_secret(server, tmp_path):
    from kafka.net.sasl.oauth import SaslMechanismOAuth

    given = settings(server, tmp_path, oauth_scope="kafka")
    config = parse("kafka://broker", given, {}).python()
    assert config["sasl_mechanism"] == "OAUTHBEARER"
    first = SaslMechanismOAuth(**config).auth_bytes()
    assert first.startswith(b"n,,\x01auth=Bearer eyJ")
    assert SaslMechanismOAuth(**parse("kafka://broker", given, {}).python()).auth_bytes() == first, "one token for all clients"
    assert server.asked == [(f"operator:geheim-{tmp_path.name}", {"grant_type": ["client_credentials"], "scope": ["kafka"]})]


def test_secret_in_a_file_is_read_anew_for_each_token(server, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("one-secret\n")
    fetch = tokens.client_credentials(server.url, "me", "", str(secret), "", "")
    fetch()
    secret.write_text("other-secret")
    fetch()
    assert [login for login, _ in server.asked] == ["me:one-secret", "me:other-secret"]
    secret.unlink()
    with pytest.raises(Unavailable, match="cannot read the client's secret"):
        fetch()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, b'{"error": "invalid_client"}'), "refused the client: check oauth_client_id and its secret \\(status 401\\)"),
        ((500, b""), "failed \\(status 500\\)"),
        ((302, b""), "failed \\(status 302\\)"),
        ((200, b"<html>"), "did not answer with an access_token"),
        ((200, b"[]"), "did not answer with an access_token"),
        ((200, b'{"access_token": "a b"}'), "did not answer with an access_token"),
        ((200, b'{"access_token": "a", "expires_in": -1}'), "did not answer with an access_token"),
        ((200, b'{"access_token": "a", "expires_in": "NaN"}'), "did not answer with an access_token"),
        ((200, b'{"access_token": "' + b"a" * (1 << 17) + b'"}'), "did not answer with an access_token"),
        ((200, b"[" * 60_000), "did not answer with an access_token"),
    ],
)
def test_server_without_a_token_is_one_sentence_without_the_secret(server, tmp_path, answer, words):
    server.answer = answer
    with pytest.raises(Unavailable, match=rf"\A[^\n]*{words}\Z") as found:
        parse("kafka://broker", settings(server, tmp_path), {}).python()
    assert "geheim" not in str(found.value)
    server.answer = None
    assert parse("kafka://broker", settings(server, tmp_path), {}).python(), "an error is not remembered"


def test_server_that_is_away_is_one_sentence(tmp_path):
    server = TokenServer()
    server.stop()
    with pytest.raises(Unavailable, match=r"\Athe token server at 127\.0\.0\.1:\d+ does not answer: [^\n]+\Z"):
        parse("kafka://broker", settings(server, tmp_path), {}).python()


def test_token_is_renewed_aside_before_it_ends():
    clock, fetched, let = [0.0], [], threading.Event()

    def fetch() -> Token:
        if fetched:
            assert let.wait(60)
        fetched.append(len(fetched))
        return Token(f"token-{len(fetched)}", 100.0)

    source = TokenSource(fetch, lambda: clock[0])
    assert (source.token(), source.token()) == ("token-1", "token-1")
    clock[0] = 79.0
    assert source.token() == "token-1"
    assert len(fetched) == 1, "most of its life is still to come"
    clock[0] = 81.0
    assert source.token() == "token-1", "nobody waits for the next one"
    let.set()
    until(lambda: source.token() == "token-2", "the token is renewed")
    clock[0] = 81.0 + 101.0
    assert source.token() == "token-3", "it has ended: this one is waited for"


def test_server_that_is_away_at_renewal_is_asked_again_and_the_token_stays(caplog):
    clock, away = [0.0], [False]

    def fetch() -> Token:
        if away[0]:
            raise Unavailable("the token server at x does not answer")
        return Token(f"token-at-{clock[0]:.0f}", 100.0)

    source = TokenSource(fetch, lambda: clock[0])
    assert source.token() == "token-at-0"
    away[0], clock[0] = True, 85.0
    assert source.token() == "token-at-0"
    until(lambda: "not renewed yet" in caplog.text, "the failure is logged")
    until(lambda: not source._renewing)
    away[0] = False
    assert source.token() == "token-at-0"
    clock[0] = 85.0 + tokens.RETRY_S
    until(lambda: source.token() == "token-at-95", "it is asked again")
    away[0], clock[0] = True, 200.0
    with pytest.raises(Unavailable):
        source.token()


def test_neither_secret_nor_token_is_logged(server, tmp_path, capsys):
    found = parse("kafka://broker", settings(server, tmp_path), {}).python()
    token = found["sasl_oauth_token_provider"].token()
    with configured():
        logging.getLogger("kafka").warning("refused: %s, %s", token, f"geheim-{tmp_path.name}")
    line = capsys.readouterr().err
    assert token not in line
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"oauth_token_url": ""}, "oauth_token_url is missing"),
        ({"oauth_client_id": ""}, "oauth_client_id is missing"),
        ({"oauth_client_secret": ""}, "give oauth_client_secret or oauth_client_secret_file"),
        ({"oauth_token_url": "http://idp.example/token"}, "over http the client's secret would be read"),
        ({"oauth_token_url": "https://me:geheim@idp/token"}, "without a login in it"),
        ({"oauth_token_url": "file:///etc/passwd"}, "oauth_token_url is https"),
        ({"oauth_client_secret": "", "oauth_client_secret_file": "/nowhere"}, "there is no file /nowhere"),
        ({"sasl_mechanism": "AWS_MSK_IAM"}, "aws_region is missing"),
        ({"sasl_mechanism": "AWS_MSK_IAM", "aws_region": "eu-central-1"}, "goes with security_protocol SASL_SSL"),
        ({"sasl_mechanism": "GSSAPI"}, "sasl_mechanism is one of PLAIN"),
    ],
)
def test_settings_that_do_not_fit_are_one_sentence(server, tmp_path, more, words):
    with pytest.raises(BadInput, match=words) as found:
        parse("kafka://broker", settings(server, tmp_path, **more), {})
    assert "geheim" not in str(found.value)


def test_job_on_flink_does_not_log_in_with_a_token(server, tmp_path):
    with pytest.raises(BadInput, match="OAUTHBEARER is for the embedded runner"):
        parse("kafka://broker", settings(server, tmp_path), {}).java()


def test_token_for_amazon_msk_is_signed_with_the_credentials_of_the_environment(monkeypatch, tmp_path):
    pytest.importorskip("aws_msk_iam_sasl_signer", reason="the extra aws is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim-of-aws")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    given = tmp_path / "kafka.toml"
    given.write_text('security_protocol = "SASL_SSL"\nsasl_mechanism = "AWS_MSK_IAM"\naws_region = "eu-central-1"\n')
    config: dict[str, Any] = parse("kafka://b-1.msk:9098", given, {}).python()
    assert config["sasl_mechanism"] == "OAUTHBEARER"
    text = config["sasl_oauth_token_provider"].token()
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    assert url.startswith("https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect")
    assert "AKIDEXAMPLE" in url
    assert "geheim" not in url
    assert 1 < MskIam("eu-central-1")().life_s <= 900


def test_amazon_without_credentials_is_one_sentence(monkeypatch, tmp_path):
    pytest.importorskip("aws_msk_iam_sasl_signer", reason="the extra aws is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(Unavailable, match=r"\Ano token for Amazon MSK in eu-central-1: [^\n]+\Z"):
        MskIam("eu-central-1")()


def test_token_server_is_trusted_by_its_authority_alone(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, ca, both = tmp_path / "key.pem", tmp_path / "ca.pem", tmp_path / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(ca)]
    subprocess.run([*command.split(), *more], check=True, capture_output=True)
    both.write_text(key.read_text() + ca.read_text())
    server = TokenServer(both)
    try:
        assert ClientCredentials(server.url, "me", lambda: "geheim", "", str(ca))().text
        with pytest.raises(Unavailable, match="certificate"):
            ClientCredentials(server.url, "me", lambda: "geheim")()
        assert len(server.asked) == 1
    finally:
        server.stop()


def test_tls_of_the_token_server_is_checked(tmp_path):
    """A server that speaks no TLS, asked over https: refused before a login is sent."""
    server = TokenServer()
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            ClientCredentials(server.url.replace("http:", "https:"), "me", lambda: "geheim")()
        assert server.asked == []
    finally:
        server.stop()
