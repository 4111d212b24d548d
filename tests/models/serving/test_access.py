"""Tokens: made, kept as hashes, read again when their file changes, and what happens when that file is not whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from models.serving.access import (
    ANYBODY,
    Grant,
    Tokens,
    check_scopes,
    client_token,
    digest,
    new_token,
    parse,
    read_tokens,
    write_tokens,
)
from models.serving.front import Front, bearer, check_front


def aged(path: Path) -> None:
    """As if it had been written a moment ago, and left alone since."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 2_000_000_000))


def look_again(tokens: Tokens) -> None:
    """The next use looks at the file, as a second later."""
    tokens._looked_s = 0.0


@pytest.mark.parametrize("name", ["tokens.toml", "tokens.json"])
def test_token_file_keeps_grants_and_no_token(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    made = [new_token("obs 1", ["sport:soccer", "game:a/b:c"], 30), new_token('quo"te', ["admin"]), new_token("é", ["read"])]
    write_tokens(path, [grant for _, grant in made])
    assert read_tokens(path) == [grant for _, grant in made]
    assert path.stat().st_mode & 0o777 == 0o600
    tokens = Tokens(path)
    for token, grant in made:
        assert token not in path.read_text()
        assert tokens.grant(token) == grant
        assert len(token) >= 43
    assert tokens.grant("tl_wrong") is None
    assert tokens.grant("") is None
    assert [p.name for p in tmp_path.iterdir()] == [name], "nothing is left beside it"
    write_tokens(path, [])
    assert read_tokens(path) == []


def test_what_scopes_allow() -> None:
    soccer = Grant("", check_scopes(["sport:soccer"]))
    assert soccer.reads
    assert soccer.reads_game("g", "soccer")
    assert not soccer.reads_game("g", "nfl")
    assert not soccer.reads_game("g", "")
    assert not soccer.reads_all
    assert not soccer.admin
    assert not soccer.predicts
    assert not soccer.gallery
    game = Grant("", check_scopes(["game:g"]))
    assert game.reads_game("g", "nfl")
    assert game.reads_game("g", "")
    assert not game.reads_game("h", "nfl")
    everything = Grant("", check_scopes(["read"]))
    assert everything.reads_game("g", "")
    assert not everything.admin
    asks = Grant("", check_scopes(["predict"]))
    assert asks.predicts
    assert not asks.reads
    assert ANYBODY.admin
    assert ANYBODY.predicts
    assert ANYBODY.gallery
    assert ANYBODY.reads_all


@pytest.mark.parametrize("scope", ["", "sport", "sport:", "game: ", "ADMIN", "write", "team:x"])
def test_scope_that_is_none_is_one_sentence(scope: str) -> None:
    with pytest.raises(ValueError, match=r"scope is read, sport:NAME"):
        new_token("x", [scope])
    with pytest.raises(ValueError, match="needs a scope"):
        new_token("x", [])


GOOD = f'[[tokens]]\nname = "a"\nsha256 = "{digest("one")}"\nscopes = ["read"]\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "missing required field"),
        ("tokens = 5", "array"),
        ("{", "no token file"),
        ("[[tokens", "no token file"),
        ("\xff", "no token file"),
        ('{"tokens": [' + "[" * 5000, "no token file"),
        (GOOD.replace("scopes", "scope"), "scope"),
        (GOOD.replace('"read"', '"write"'), "is no scope"),
        (GOOD.replace(digest("one"), "secret"), "64 hexadecimal"),
        (GOOD + GOOD, "name of its own"),
        (GOOD.replace('"a"', '""'), "name of its own"),
        (GOOD + "expires = 2027-01-01T00:00:00\n", "no time zone"),
        (GOOD + 'expires = "soon"\n', "no token file"),
    ],
)
def test_file_that_is_none_is_one_sentence(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word) as caught:
        parse(text.encode("latin-1"), "tokens.toml")
    assert str(caught.value).startswith("tokens.toml")
    assert "\n" not in str(caught.value).strip()


def test_tokens_are_exchanged_without_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    old, old_grant = new_token("old", ["read"])
    new, new_grant = new_token("new", ["read"])
    write_tokens(path, [old_grant])
    tokens = Tokens(path)
    held = tokens.grant(old)
    assert held is not None
    assert tokens.still(held)
    write_tokens(path, [old_grant, new_grant])
    aged(path)
    look_again(tokens)
    assert tokens.grant(old)
    assert tokens.grant(new)
    write_tokens(path, [new_grant])
    aged(path)
    look_again(tokens)
    assert tokens.grant(old) is None
    assert tokens.grant(new)
    assert not tokens.still(held), "what is open by it ends"
    write_tokens(path, [Grant("new", frozenset(("sport:nfl",)), new_grant.sha256)])
    aged(path)
    look_again(tokens)
    assert not tokens.still(new_grant), "it has other scopes now"


def test_torn_empty_or_missing_file_changes_nothing_and_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tokens.toml"
    token, grant = new_token("a", ["read"])
    write_tokens(path, [grant])
    whole = path.read_bytes()
    tokens = Tokens(path)
    for raw in (b"", whole[:40], b"\x00" * 100):
        caplog.clear()
        path.write_bytes(raw)
        aged(path)
        for _ in range(3):
            look_again(tokens)
            assert tokens.grant(token) == grant
        assert "the tokens from before stay" in tokens.trouble
        assert len(caplog.records) == 1
    caplog.clear()
    path.unlink()
    for _ in range(3):
        look_again(tokens)
        assert tokens.grant(token) == grant
    assert len(caplog.records) == 1
    path.write_bytes(whole)
    aged(path)
    look_again(tokens)
    assert tokens.grant(token) == grant
    assert tokens.trouble == ""
    path.write_bytes(b"tokens = []\n")
    aged(path)
    look_again(tokens)
    assert tokens.grant(token) is None, "taken back by name"


def test_file_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tokens.toml"
    token, grant = new_token("a", ["read"])
    write_tokens(path, [grant])
    tokens = Tokens(path)
    path.write_bytes(b"tokens = []\n")  # at this very moment: perhaps not all of it
    look_again(tokens)
    assert tokens.grant(token) == grant
    aged(path)
    look_again(tokens)
    assert tokens.grant(token) is None


def test_token_expires(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token, grant = new_token("a", ["read"], days=1, now_s=1_000_000)
    write_tokens(path, [grant])
    now_s = [1_000_000.0]
    tokens = Tokens(path, clock=lambda: now_s[0])
    assert tokens.grant(token) == grant
    assert tokens.still(grant)
    now_s[0] += 86_400
    assert tokens.grant(token) is None
    assert not tokens.still(grant)


def test_start_without_a_readable_file_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ValueError, match="cannot read the token file"):
            Tokens(path)


def test_front_of_others_needs_tls_or_a_proxy_and_tokens() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        check_front(host, tls=False, behind_proxy=False, tokens=False)
    for host in ("0.0.0.0", "::", "10.1.2.3", "stats.example.com", ""):
        check_front(host, tls=True, behind_proxy=False, tokens=True)
        check_front(host, tls=False, behind_proxy=True, tokens=True)
        with pytest.raises(ValueError, match=r"TLS .* --behind-proxy .*; and tokens"):
            check_front(host, tls=False, behind_proxy=False, tokens=False)
        with pytest.raises(ValueError, match=r"needs tokens"):
            check_front(host, tls=True, behind_proxy=True, tokens=False)
        with pytest.raises(ValueError, match=r"needs TLS"):
            check_front(host, tls=False, behind_proxy=False, tokens=True)


def test_hosts() -> None:
    front = Front()
    for host in ("127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "gateway:8080", ""):
        assert front.host_allowed(host), host
    for host in (
        "evil.example", "evil.example:8080", "127.0.0.1.evil.example", "10.0.0.1", "localhost.evil.example", "a b", "a/b", "[::1",
        "user@localhost", "localhost:80:80", "x" * 400,
    ):  # fmt: skip
        assert not front.host_allowed(host), host
    outside = Front(host="0.0.0.0", hosts=["stats.example.com"])
    for host in ("stats.example.com", "Stats.Example.Com:443", "10.0.0.1:8080", "[2001:db8::1]:8080"):
        assert outside.host_allowed(host), host
    assert not outside.host_allowed("other.example.com")
    assert Front(hosts=["*"]).host_allowed("anything.example")


def test_origins() -> None:
    front = Front(origins=["https://graphics.example.com"])
    assert front.origin_allowed("", "localhost:8080"), "no browser"
    assert front.origin_allowed("http://localhost:8080", "localhost:8080")
    assert front.origin_allowed("https://graphics.example.com", "localhost:8080")
    for origin in ("https://evil.example", "http://localhost:3000", "null", "file://", "localhost:8080", "http://localhost"):
        assert not front.origin_allowed(origin, "localhost:8080"), origin
    assert Front(origins=["null"]).origin_allowed("null", "localhost")


def test_client_behind_a_proxy_is_the_address_that_the_proxy_added() -> None:
    assert Front().client("10.0.0.1", "1.2.3.4") == "10.0.0.1", "anybody can write the header"
    assert Front(behind_proxy=True).client("10.0.0.1", "9.9.9.9, 1.2.3.4") == "1.2.3.4"
    assert Front(behind_proxy=True).client("10.0.0.1", "") == "10.0.0.1"
    assert [bearer(h) for h in ("Bearer a", "bearer  b ", "Basic c", "", "Bearer")] == ["a", "b", "", "", ""]


def test_token_of_a_client(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("tl_x\n")
    assert client_token({}, "T") == ""
    assert client_token({"T": " tl_y "}, "T") == "tl_y"
    assert client_token({"T": "tl_y", "T_FILE": str(path)}, "T") == "tl_x"
    for environment in ({"T_FILE": str(tmp_path / "none")}, {"T": "two words"}, {"T": "a\r\nb"}):
        with pytest.raises(ValueError, match="token"):
            client_token(environment, "T")


def test_wrong_tokens_take_as_long_as_right_ones() -> None:
    """Every grant is compared, whether one has matched already or not."""
    tokens = [new_token(str(n), ["read"]) for n in range(200)]
    store = Tokens.of([grant for _, grant in tokens])
    compared = []
    original = __import__("hmac").compare_digest
    import models.serving.access as access

    class Counting:
        @staticmethod
        def compare_digest(a: str, b: str) -> bool:
            compared.append(a)
            return bool(original(a, b))

    real, access.hmac = access.hmac, Counting  # type: ignore[assignment]
    try:
        for token in (tokens[0][0], tokens[-1][0], "wrong"):
            compared.clear()
            store.grant(token)
            assert len(compared) == 200
    finally:
        access.hmac = real
