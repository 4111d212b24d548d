"""One group publishes a sport: a second is refused, also one that begins at the same moment; and a gateway can follow one group."""

from __future__ import annotations

from typing import Any

import pytest

from streaming.cli.app import run
from streaming.errors import BadInput
from streaming.kafka import publisher
from streaming.kafka.publisher import Publishers, claim, read_publishers, release
from streaming.runners.kafka.consumer_group import join
from streaming.runners.kafka.state_store import state_key
from streaming.web.hub import Hub
from streaming.wire import topics
from streaming.wire.headers import GROUP
from tests.streaming.kafka.test_serve import announced, play, reading, until, values


@pytest.mark.parametrize(
    ("claimed", "seen", "group", "other"),
    [
        ((), (), "a", ""),
        (("a",), (), "a", ""),
        (("b", "a"), ("a",), "a", "b"),  # the first in the log
        ((), ("b",), "a", "b"),  # of before there were claims
        ((), ("a", "b"), "a", ""),
    ],
)
def test_first_claim_decides_and_else_what_was_stored(claimed, seen, group, other):
    assert Publishers(claimed, frozenset(seen)).other_than(group) == other


def test_keys_of_states_and_claims_are_distinguished():
    """Of two groups with a state of a game and how far they are, one of which has gone, and of a claim and a withdrawn one."""

    class Record:
        def __init__(self, offset: int, key: bytes | None, value: bytes | None) -> None:
            self.offset, self.key, self.value = offset, key, value

    claimed, seen = dict[str, int](), set[str]()
    written: list[tuple[bytes | None, bytes | None]] = [
        (state_key("a", "g-1"), b"x"),
        (state_key("a"), b"x"),
        (state_key("b", "g-1"), b"x"),
        (b"\0publisher\0c", b"1"),
        (b"\0publisher\0a", b"1"),
        (b"\0publisher\0c", None),
        (None, b"x"),
    ]
    for offset, (key, value) in enumerate(written):
        publisher._note(Record(offset, key, value), claimed, seen)
    assert (claimed, seen) == ({"a": 4}, {"a"})


@pytest.mark.cluster
def test_second_group_is_refused_until_it_takes_over(own_sport):
    own_sport.make()
    address, sport = own_sport.address, own_sport.name
    claim(address, sport, "a")
    claim(address, sport, "a")
    with pytest.raises(
        BadInput, match=rf"^group a publishes {sport} at .*: a second group, b, would publish every final stat again"
    ):
        claim(address, sport, "b")
    member = join(address, topics.telemetry(sport), "a", lambda _: None, lambda *_: None)
    try:
        while not member.group_metadata().member_id:
            member.poll(timeout_ms=100)
        with pytest.raises(BadInput, match=r"group a still has processes \(1\): end them"):
            claim(address, sport, "b", take_over=True)
    finally:
        member.close()
    claim(address, sport, "b", take_over=True)
    assert read_publishers(address, sport).claimed == ("b",)
    with pytest.raises(BadInput, match="group b publishes"):
        claim(address, sport, "a")
    release(address, sport, "b")
    claim(address, sport, "a")


@pytest.mark.cluster
def test_of_two_groups_that_begin_at_once_one_publishes(own_sport, monkeypatch):
    """Each looks before the other has written."""
    own_sport.make()
    address, sport = own_sport.address, own_sport.name
    looked = iter([Publishers((), frozenset())])
    monkeypatch.setattr(publisher, "read_publishers", lambda *at: next(looked, None) or read_publishers(*at))
    publisher._write(address, sport, {"a": True})  # after "b" has looked
    with pytest.raises(BadInput, match="group a publishes"):
        claim(address, sport, "b")
    assert read_publishers(address, sport).claimed == ("a",), "the loser has withdrawn"
    claim(address, sport, "a")


@pytest.mark.cluster
def test_run_of_a_second_group_is_one_sentence_and_exit_code_2(own_sport, capsys):
    own_sport.name = "soccer"
    for group, code in (("first", 0), ("second", 2)):
        arguments: list[str] = ["run", "--source", own_sport.address.text, "--sink", own_sport.address.text, "--group", group]
        if code:
            assert run(arguments) == code
        else:
            own_sport.make(4)
            claim(own_sport.address, "soccer", group, take_over=True)
    assert "touchline: group first publishes soccer at" in capsys.readouterr().err


@pytest.mark.cluster
def test_gateway_shows_what_its_group_has_published_and_what_names_no_group(own_sport):
    own_sport.make()
    match, hub = announced(own_sport, "a"), Hub()
    mine: dict[str, Any] = {"headers": [(GROUP, b"mine")]}
    written = play(own_sport, match, 1, **mine)
    play(own_sport, match, 1, headers=[(GROUP, b"other")])
    written += play(own_sport, match, 1) + play(own_sport, match, 1, **mine)
    with reading(own_sport, hub, group="mine") as found:
        until(hub, lambda: found.caught_up)
        until(hub, lambda: len(values(hub, "a")) >= len(written))
        assert values(hub, "a") == written
