"""The commands that listen refuse to be open to others, and ``touchline tokens`` makes what they ask for."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from models.serving.access import read_tokens
from streaming.cli.app import run
from streaming.cli.front import FrontOptions, front_of
from streaming.errors import BadInput
from tests.certificates import self_signed
from tests.waiting import TIMEOUT_S


@pytest.mark.parametrize("command", [["serve", "--source", "kafka://127.0.0.1:1"], ["endpoint", "--port", "0"]])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_listening_for_others_needs_tls_and_tokens(
    command: list[str], host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOUCHLINE_ENDPOINT_TOKEN", raising=False)
    tokens = tmp_path / "tokens.toml"
    assert run(["tokens", "new", "--scope", "admin", "--tokens", str(tokens)]) == 0
    capsys.readouterr()
    for options, missing in (
        ([], "needs TLS (--tls-cert and --tls-key), or --behind-proxy where a proxy in front has it; and tokens"),
        (["--tokens", str(tokens)], "needs TLS"),
        (["--behind-proxy"], "needs tokens (--tokens FILE"),
    ):
        assert run([*command, "--host", host, *options]) == 2
        error = capsys.readouterr().err
        assert f"--host {host} lets others in, and {missing}" in error
        assert error.count("\n") == 1


def test_wrong_options_of_the_front_are_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    for options, word in (
        (FrontOptions(tls_cert=missing), "--tls-key is missing"),
        (FrontOptions(tls_key=missing), "--tls-cert is missing"),
        (FrontOptions(tls_cert=missing, tls_key=missing), "cannot read"),
        (FrontOptions(tokens=missing), "cannot read the token file"),
        (FrontOptions(hosts=["https://stats.example.com"]), "not a host name"),
        (FrontOptions(hosts=["stats.example.com:443"]), "not a host name"),
        (FrontOptions(origins=["stats.example.com"]), "not an origin"),
        (FrontOptions(origins=["https://stats.example.com/page"]), "not an origin"),
        (FrontOptions(origins=["https://[stats"]), "not an origin"),
    ):
        with pytest.raises(BadInput, match=word):
            front_of("127.0.0.1", options)
    with pytest.raises(BadInput, match="exclude each other"):
        front_of("127.0.0.1", FrontOptions(tokens=missing), single_token="x")
    front = front_of("127.0.0.1", FrontOptions(hosts=["a.example,b.example"], origins=["null"]))
    assert front.tls is None
    assert front.tokens is None
    assert front.host_allowed("b.example")


def test_tokens_are_made_listed_and_taken_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tokens = tmp_path / "tokens.toml"
    where = ["--tokens", str(tokens)]
    assert run(["tokens", "new", "--scope", "sport:soccer", "--scope", "game:x", "--name", "obs-1", "--days", "30", *where]) == 0
    shown = capsys.readouterr()
    token = shown.out.strip()
    assert token.startswith("tl_")
    assert "\n" not in token
    assert token not in tokens.read_text()
    assert token not in shown.err
    assert run(["tokens", "new", "--scope", "admin", *where]) == 0
    capsys.readouterr()
    assert run(["tokens", "list", *where]) == 0
    listed = capsys.readouterr().out
    assert "obs-1" in listed
    assert "token-1" in listed
    assert "game:x, sport:soccer; expires 20" in listed
    assert run(["tokens", "new", "--scope", "admin", "--name", "obs-1", *where]) == 2
    assert run(["tokens", "new", "--scope", "everything", *where]) == 2
    assert run(["tokens", "revoke", "nobody", *where]) == 2
    assert "it has" not in capsys.readouterr().out
    assert run(["tokens", "revoke", "obs-1", *where]) == 0
    assert [grant.name for grant in read_tokens(tokens)] == ["token-1"]
    assert run(["tokens", "list", "--tokens", str(tmp_path / "none")]) == 2
    assert run(["tokens", "new", "--scope", "read", "--tokens", str(tmp_path / "none" / "tokens.toml")]) == 2


@pytest.mark.slow
def test_endpoint_for_others_serves_over_tls_by_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certificate, key = self_signed(tmp_path)
    tokens, issued = tmp_path / "tokens.toml", {}
    for scope in ("predict", "admin", "read"):
        assert run(["tokens", "new", "--scope", scope, "--name", scope, "--tokens", str(tokens)]) == 0
        issued[scope] = capsys.readouterr().out.strip()
    command = [
        sys.executable, "-m", "streaming.cli", "endpoint", "--port", "0", "--host", "0.0.0.0", "--tls-cert", str(certificate),
        "--tls-key", str(key), "--tokens", str(tokens),
    ]  # fmt: skip
    trusts = ssl.create_default_context(cafile=str(certificate))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition("https://0.0.0.0:")[2].partition(":")[0])

        def ask(path: str, token: str = "") -> int:
            line = HTTPSConnection("localhost", port, context=trusts, timeout=TIMEOUT_S)
            line.request("GET", path, headers={"authorization": f"Bearer {token}"} if token else {})
            answer = line.getresponse()
            json.loads(answer.read() if path != "/metrics" or answer.status != 200 else b"{}")
            line.close()
            return answer.status

        assert [ask("/ping"), ask("/models"), ask("/models", "wrong")] == [200, 401, 401]
        assert [ask("/models", issued[s]) for s in ("predict", "admin", "read")] == [200, 200, 403]
        assert [ask("/metrics", issued[s]) for s in ("predict", "admin")] == [403, 200]
        process.terminate()
        process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0
