"""The log: lines with time, level, logger and place, clients' warnings, and never a secret."""

from __future__ import annotations

import json
import logging
import re

import pytest

from streaming.errors import BadInput
from streaming.kafka.settings import parse
from streaming.observability import logs
from streaming.observability.logs import configured
from streaming.observability.logs import without_secrets as clean

OURS = logging.getLogger("streaming.runners.kafka.runner")
CLIENT = logging.getLogger("kafka.net.manager")


@pytest.fixture
def lines(capsys):
    """The lines on stderr."""
    return lambda: capsys.readouterr().err.splitlines()


def test_text_line_has_time_level_logger_and_place(lines):
    with configured():
        OURS.warning("starting again (%s)", "fenced", extra={"game": "soccer-7", "partition": 3})
    (line,) = lines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(
        stamp + r" warning streaming\.runners\.kafka\.runner game=soccer-7 partition=3: starting again \(fenced\)", line
    )


def test_json_line_has_the_same_and_the_traceback(lines):
    with configured("info", "json"):
        try:
            raise ValueError("bad é\nsecond")
        except ValueError:
            OURS.exception("failed", extra={"sport": "nfl", "game": "g"})
        OURS.info("begun")
    first, second = map(json.loads, lines())
    assert {key: first[key] for key in ("level", "logger", "sport", "game", "message")} == {
        "level": "error",
        "logger": OURS.name,
        "sport": "nfl",
        "game": "g",
        "message": "failed",
    }
    assert first["error"].endswith("ValueError: bad é\nsecond")
    assert second.keys() == {"time", "level", "logger", "message"}


def test_levels_are_ours_and_clients_never_go_below_warnings(lines):
    with configured("debug"):
        OURS.debug("ours")
        CLIENT.debug("Starting KafkaProducer with sasl_plain_password")
        CLIENT.info("theirs")
        CLIENT.warning("theirs, of weight")
    assert [line.rpartition(": ")[2] for line in lines()] == ["ours", "theirs, of weight"]
    with configured("error"):
        OURS.warning("ours")
        CLIENT.warning("theirs")
    assert lines() == []


def test_clients_are_left_out_where_a_command_ends_with_one_sentence(lines):
    with configured(clients=False):
        CLIENT.error("Connection failed")
        OURS.warning("ours")
        assert [line.rpartition(": ")[2] for line in lines()] == ["ours"]
        logs.on_air()
        CLIENT.error("Connection failed")
        assert [line.rpartition(": ")[2] for line in lines()] == ["Connection failed"]
    with configured(clients=False):
        CLIENT.error("Connection failed again")
    assert lines() == [], "of the log before"


def test_client_that_repeats_itself_is_logged_once(lines):
    with configured():
        for k in range(100):
            CLIENT.error("Connection failed: %s", k)
            OURS.error("%s", k)
    assert len(lines()) == 101


def test_message_of_several_lines_is_one_line(lines):
    with configured():
        OURS.warning("one\n2026-01-01T00:00:00.000Z error touchline: a line of somebody else's")
    assert len(lines()) == 1


def test_secrets_are_never_logged(lines):
    settings = {
        "TOUCHLINE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "TOUCHLINE_KAFKA_SASL_MECHANISM": "PLAIN",
        "TOUCHLINE_KAFKA_SASL_USERNAME": "me",
        "TOUCHLINE_KAFKA_SASL_PASSWORD": "correct horse",
    }
    parse("kafka://host:9092", environment=settings)
    with configured("info", "json"):
        CLIENT.warning("refused: {'sasl_plain_password': 'correct horse'}")
        try:
            raise RuntimeError("login me/correct horse refused")
        except RuntimeError:
            OURS.exception("no luck with http://user:geheim1@there/")
    text = "\n".join(lines())
    assert "correct horse" not in text
    assert "geheim1" not in text
    assert text.count("***") >= 3


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("client_secret=abc, rest", "client_secret=***, rest"),
        ('{"access_token": "a b"}', '{"access_token": ***}'),
        ("the password is wrong", "the password is wrong"),
        ("tokens: 3", "tokens: 3"),
        ("https://a.b/c?d=e@f", "https://a.b/c?d=e@f"),
    ],
)
def test_values_of_what_is_called_a_secret_are_hidden(text, cleaned):
    assert clean(text) == cleaned


@pytest.mark.parametrize(("level", "form", "word"), [("loud", "text", "loud"), ("info", "xml", "xml")])
def test_unknown_level_or_format_is_one_sentence(level, form, word):
    with pytest.raises(BadInput, match=word), configured(level, form):
        pass


def test_nothing_is_left_configured_afterwards():
    before = (list(logging.getLogger().handlers), logging.getLogger("streaming").level)
    with configured("debug"):
        pass
    assert (list(logging.getLogger().handlers), logging.getLogger("streaming").level) == before


def test_secrets_that_pass_do_not_pile_up():
    for k in range(1_000):
        logs.hide(f"token-{k}", passing=True)
    assert clean("token-999") == "***"
    assert len(logs._tokens) < 100
