"""The hub without sockets: patterns, snapshots, resuming, gaps, merging, and what it sheds when it is behind."""

from __future__ import annotations

import json
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.web.encoded_block import EncodedBlock
from streaming.web.filters import Filter, read_cursor, write_cursor
from streaming.web.game_cache import GameCache
from streaming.web.hub import BACKLOG, Hub
from streaming.web.subscribers import DEPTH, Subscriber
from streaming.web.websocket import from_message
from streaming.wire.blocks import StatBlock
from streaming.wire.records import Event, ModelUse, StatUpdate, decode_stat, encode
from tests.streaming.web.scripted import ScriptedMatch

_SILENT = Hub()


def filled(steps: int = 30, **how: int) -> tuple[Hub, ScriptedMatch]:
    hub, match = Hub(**how), ScriptedMatch()
    hub.attach(match.record, match.metrics)
    push(hub, match, steps)
    return hub, match


def push(hub: Hub, match: ScriptedMatch, steps: int) -> None:
    for _ in range(steps):
        outputs, events = match.step()
        hub.write(outputs, match.t0_us)
        if events:
            hub.report(events)
        hub.drain()


def join(hub: Hub, *patterns: str, after: int | None = None, **more: list[str]) -> Subscriber:
    subscriber = Subscriber(Filter.of(patterns, **more), "websocket")
    hub.subscribe(subscriber, {} if after is None else {"demo-1": after})
    return subscriber


def taken(subscriber: Subscriber) -> list[dict]:
    return [json.loads(out.text) for out in subscriber.pop_batch()]


def updates(messages: list[dict]) -> list[dict]:
    return [u for m in messages for u in m.get("updates", [])]


def test_subscription_selects_stats_by_pattern_and_players_by_subject() -> None:
    hub, match = filled(1)
    team, one = join(hub, "stats.soccer.team.*"), join(hub, "stats.soccer.player.*", subjects=["home-10"])
    other = join(hub, "stats.#", games=["somewhere-else"])
    assert {u["stat"].split(".")[1] for u in updates(taken(team))} == {"team"}
    taken(one)
    push(hub, match, 1)
    found = updates(taken(one))
    assert {u["subject"] for u in found} == {"home-10"}
    assert len(found) == 4
    assert taken(other) == []


def test_equal_subscriptions_share_one_text_of_the_codec_s_bytes() -> None:
    hub, match = filled(1)
    a, b = join(hub, "stats.soccer.match.*"), join(hub, "stats.soccer.match.*")
    a.pop_batch(), b.pop_batch()
    push(hub, match, 1)
    (first,), (second,) = a.pop_batch(), b.pop_batch()
    assert first.text is second.text
    raw = json.dumps(json.loads(first.text)["updates"][0], separators=(",", ":"))
    assert encode(decode_stat(raw)).decode() == raw


def test_encoded_block_of_a_window_has_exactly_the_codec_s_bytes() -> None:
    players = ('quo"te', "back\\slash", "é/ö", "home-1", "gone")
    rng = np.random.default_rng(1)
    for shape in ((3, 5), (3, 5, 2), (3, 5, 0)):
        values = rng.normal(0, 1e3, shape)
        if values.size:
            values[0, 1], values[1, 2], values[2, 0] = np.nan, np.inf, -0.0
        live = np.ones((3, 5), bool)
        live[:2, 4] = False
        for kind in (values, values.astype(np.float32), np.nan_to_num(values, posinf=9).astype("i8")):
            for model in (None, ModelUse(name="m", version="2")):
                block = StatBlock(
                    stat="soccer.player.x",
                    game='g/1 "é',
                    sport="soccer",
                    unit="m",
                    subjects=players,
                    values=kind,
                    end_us=np.array([5, 200_005, -3]),
                    span_us=400_000,
                    quality="stale",
                    ingress_us=np.array([7, 8, 9]),
                    live=live,
                    revision=2,
                    model=model,
                )
                encoded = EncodedBlock(block, "x", 11)
                got = [item.raw for item in encoded.items()]
                assert encoded.raw() == b",".join(got)
                assert got == [encode(update) for update in block.updates(11)]
                assert len(got) == 13


def test_encoded_block_of_texts_and_objects_has_the_codec_s_bytes() -> None:
    block = ScriptedMatch().block("game.story", "object", ("match",), [None], 5)
    for value in ('say "so"', {"en": 'say "so"', "score": 0.5, "basis": [{"event": "e", "value": [1.0, float("nan")]}]}):
        block.values = [[value]]
        (item,) = EncodedBlock(block, "stats.game.story", 1).items()
        assert item.raw == encode(next(block.updates(1)))
    assert json.loads(item.raw)["value"] == {"en": 'say "so"', "score": 0.5, "basis": [{"event": "e", "value": [1.0, None]}]}
    unseen = ScriptedMatch().block("x", "m", ("a", "b"), [1.0, 2.0], 5, live=np.zeros((1, 2), bool))
    assert EncodedBlock(unseen, "stats.x", 1).raw() == b""


@pytest.mark.parametrize("bad", ["stats..x", "", "a b", "#.x", "x" * 300, "stats.é"])
def test_filter_of_a_bad_pattern_raises_one_sentence(bad: str) -> None:
    with pytest.raises(BadInput, match=r"^[^\n]+$"):
        Filter.of([bad])


def test_new_subscriber_gets_the_game_and_the_latest_of_each_value() -> None:
    hub, match = filled(40)
    messages = taken(join(hub, "stats.soccer.#", "events.soccer.shot"))
    assert messages[0] == {"kind": "game", "record": json.loads(encode(match.record))}
    assert messages[1]["snapshot"] is True
    keys = [(u["stat"], u["subject"]) for u in messages[1]["updates"]]
    assert len(keys) == len(set(keys))
    newest = {u["window_us"][1] for u in messages[1]["updates"] if ".shot." not in u["stat"]}
    assert newest == {match.t0_us + 40 * 200_000}
    assert [e["id"] for e in messages[1]["events"]] == ["shot-1"]


def test_latest_ignores_a_late_value_of_an_earlier_window() -> None:
    hub, match = filled(10)
    early = match.block("soccer.match.score", "goals", ("match",), [[9.0, 9.0]], match.t0_us + 200_000)
    hub.write([early], match.t0_us)
    hub.drain()
    (score,) = updates(taken(join(hub, "stats.soccer.match.score")))
    assert score["value"] == [0.0, 0.0]


def test_resumed_subscription_gets_what_it_missed_and_nothing_twice() -> None:
    hub, match = filled(10)
    first = join(hub, "stats.soccer.match.score")
    seq = taken(first)[-1]["seq"]
    push(hub, match, 3)
    back = taken(join(hub, "stats.soccer.match.score", after=seq))
    assert [m["kind"] for m in back] == ["game", "stats", "stats", "stats"]
    assert [u["window_us"][1] for u in updates(back)] == [match.t0_us + k * 200_000 for k in (11, 12, 13)]
    assert updates(taken(first)) == updates(back)
    assert [m["kind"] for m in taken(join(hub, "stats.soccer.match.score", after=back[-1]["seq"]))] == ["game"]


def test_client_cut_off_between_two_games_resumes_with_both() -> None:
    """The first message that it gets is of one game; the cursor in it is not ahead of the other, whose values come next."""
    hub = Hub()
    matches = [ScriptedMatch(), ScriptedMatch()]
    for number, match in enumerate(matches):
        match.record = msgspec.structs.replace(match.record, game=f"demo-{number}")
        hub.attach(match.record, match.metrics)

    def play() -> None:
        for number, match in enumerate(matches):
            outputs, _ = match.step()
            for block in outputs:
                if isinstance(block, StatBlock):
                    hub.write([msgspec.structs.replace(block, game=f"demo-{number}")], match.t0_us)
        hub.drain()

    play()
    selection = Filter.of(["stats.soccer.match.score"])
    first = Subscriber(selection, "websocket")
    hub.subscribe(first, {})
    cursor = read_cursor(first.pop_batch()[-1].cursor, frozenset())
    play()
    for cut_off in (Subscriber(selection, "websocket"), Subscriber(selection, "websocket")):
        hub.subscribe(cut_off, cursor)
        stats = [item for item in cut_off.pop_batch() if item.kind == "stats"]
        assert [json.loads(item.text)["game"] for item in stats] == ["demo-0", "demo-1"]
        again = Subscriber(selection, "websocket")
        hub.subscribe(again, read_cursor(stats[0].cursor, frozenset()))
        assert [json.loads(item.text)["game"] for item in again.pop_batch() if item.kind == "stats"] == ["demo-1"]
    new = Subscriber(selection, "websocket")
    hub.subscribe(new, {})
    one = next(item for item in new.pop_batch() if item.kind == "stats")
    assert set(read_cursor(one.cursor, frozenset())) == {"demo-0"}, "it has nothing of the other game yet"


@pytest.mark.parametrize("steps", [DEPTH, 60])
def test_past_blocks_hold_no_json(steps: int) -> None:
    hub, match = filled(1)
    first = join(hub, "stats.#")
    seq = taken(first)[-1]["seq"]
    push(hub, match, steps)
    back = join(hub, "stats.#", after=seq)
    assert updates(taken(back))
    *past, _ = hub.games["demo-1"].ring
    assert len(past) >= steps
    assert not any(block.holds_json for entry in past for block in entry.blocks)
    push(hub, match, 1)
    taken(back)
    assert all(block.holds_json for block in hub.games["demo-1"].ring[-1].blocks)


@pytest.mark.parametrize("off", [-10_000, 1_000])
def test_cursor_that_is_too_old_or_too_new_gets_a_gap_and_a_snapshot(off: int) -> None:
    hub, _ = filled(30, ring=8)
    seq = hub.games["demo-1"].seq
    messages = taken(join(hub, "stats.soccer.team.possession", after=seq + off))
    assert [m["kind"] for m in messages] == ["game", "gap", "stats"]
    assert messages[1]["after"] == seq + off
    assert messages[1]["oldest"] == seq - 8
    assert messages[2]["snapshot"] is True
    assert len(messages[2]["updates"]) == 2


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_wishes = st.dictionaries(st.sampled_from(["topics", "game", "subject", "after", "x"]), _json | st.lists(st.text(max_size=12)))


@pytest.mark.slow
@given(st.text() | st.binary() | _json.map(json.dumps) | _wishes.map(json.dumps))
@settings(max_examples=100)
def test_any_message_is_a_subscription_or_one_sentence(raw: str | bytes) -> None:
    sentence = None
    try:
        wanted, after = from_message(_SILENT, raw)
    except BadInput as problem:
        sentence = str(problem)
    if sentence is None:
        assert wanted.patterns
        assert all(isinstance(seq, int) for seq in after.values())
    else:
        assert 0 < len(sentence) < 600


def test_cursor_of_an_earlier_gateway_is_below_those_of_the_next() -> None:
    before = GameCache("g")
    for _ in range(3):
        before.append([])
    assert GameCache("g").oldest > before.seq


def test_read_cursor_inverts_write_cursor_and_refuses_others() -> None:
    seqs = {"a/b,c:d é": 3, "x": 2**53}
    assert read_cursor(write_cursor(seqs), frozenset()) == seqs
    assert read_cursor("7", frozenset({"g"})) == {"g": 7}
    for bad in ("7", "x:", "x:-1", "x:1e3", ":" * 10, "x:" + "9" * 30, "x:1,,y:2"):
        with pytest.raises(BadInput):
            read_cursor(bad, frozenset())


def test_slow_subscriber_gets_the_latest_windows_and_every_event() -> None:
    hub, match = filled(1)
    slow = join(hub, "stats.soccer.team.possession", "stats.soccer.shot.xgoals")
    slow.pop_batch()
    push(hub, match, 200)
    (message,) = taken(slow)
    by_stat: dict[str, list[dict]] = {}
    for update in message["updates"]:
        by_stat.setdefault(update["stat"], []).append(update)
    assert [u["window_us"][1] for u in by_stat["soccer.team.possession"]] == [match.t0_us + 201 * 200_000] * 2
    assert [u["event"] for u in by_stat["soccer.shot.xgoals"]] == [f"shot-{i}" for i in range(1, match.shots + 1)]
    assert match.shots == 3
    assert slow.skipped == 2 * 199
    assert message["seq"] == hub.games["demo-1"].seq


def test_final_value_replaces_the_provisional_one_that_waits() -> None:
    hub, match = filled(1)
    slow = join(hub, "stats.soccer.shot.#")
    slow.pop_batch()
    for quality in ("provisional", "final"):
        match.shots = 0
        hub.write(match.shot(match.t0_us, match.xyz(1.0), 3, quality)[0], 1)
    hub.drain()
    push(hub, match, DEPTH)  # nothing of these is wanted
    assert len(slow.pop_batch()) == 2
    for quality in ("provisional", "final"):
        match.shots = 5
        hub.write(match.shot(match.t0_us, match.xyz(1.0), 3, quality)[0], 1)
        for _ in range(DEPTH):
            hub.write(match.shot(match.t0_us, match.xyz(1.0), 3)[0], 1)
    hub.drain()
    (message,) = taken(slow)
    ids = [u["id"] for u in message["updates"]]
    assert len(ids) == len(set(ids))
    assert {u["quality"] for u in message["updates"] if u["event"] == "shot-6"} == {"final"}


def test_slow_subscriber_gets_only_the_latest_positions() -> None:
    hub, match = filled(1)
    watcher = join(hub, "positions.soccer")
    watcher.pop_batch()
    push(hub, match, 5)
    (message,) = taken(watcher)
    assert message["kind"] == "positions"
    assert message["ids"] == list(match.ids)
    assert message["t_us"] == [match.t0_us + 1_000_000 + k * 40_000 for k in range(1, 6)]
    want = match.xyz(1.2).reshape(-1)
    assert message["xyz_m"][-1] == pytest.approx(want.tolist(), abs=0.0051)
    assert watcher.skipped == 4


def test_unknown_position_is_null() -> None:
    hub, match = filled(0)
    watcher = join(hub, "positions.soccer")
    outputs, _ = match.step()
    outputs[0].xyz_m[:, 3] = float("nan")  # type: ignore[union-attr]
    hub.write(outputs[:1], 0)
    hub.drain()
    assert taken(watcher)[-1]["xyz_m"][0][9:12] == [None, None, None]


def test_subscriber_with_too_many_events_waiting_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.subscribers.MAX_WAITING", 20)
    hub, match = filled(0)
    stuck = join(hub, "stats.soccer.shot.xgoals")
    for k in range(21):
        assert not stuck.overrun
        match.shots = k
        hub.write(match.shot(match.t0_us, match.xyz(1.0), 3)[0][:1], 1)
        hub.drain()
    assert stuck.overrun
    assert stuck.closed


def test_hub_that_is_behind_sheds_windows_and_no_event() -> None:
    hub, match = filled(0)
    watcher = join(hub, "stats.soccer.#")
    watcher.pop_batch()
    for _ in range(BACKLOG + 150):
        hub.write(match.step()[0], 1)
    hub.drain()
    assert hub.shed > 0
    found = updates(taken(watcher))
    shots = {u["event"] for u in found if u["stat"] == "soccer.shot.xgoals"}
    assert shots == {f"shot-{i + 1}" for i in range(match.shots)}
    assert max(u["window_us"][1] for u in found) == match.t0_us + match.k * 200_000


def test_history_has_teams_and_match_moments_have_all_events() -> None:
    hub, match = filled(400)
    cache = hub.games["demo-1"]
    past = cache.history(Filter.of(["stats.#"]))
    assert "soccer.player.speed" not in past
    times = [t for t, _ in past["soccer.match.win_probability"]]
    assert len(times) == 17
    assert min(b - a for a, b in pairwise(times[:-1])) >= 5_000_000
    assert times[-1] == match.t0_us + match.k * 200_000, "the newest is there at once"
    shots = [json.loads(item.raw) for item in cache.moments(Filter.of(["stats.soccer.shot.xgoals"]))]
    assert [s["event"] for s in shots] == [f"shot-{i}" for i in range(1, match.shots + 1)]


def test_full_game_cache_drops_the_frequent_topic_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streaming.web.game_cache.MAX_MOMENTS", 100)
    monkeypatch.setattr("streaming.web.game_cache.MAX_SNAPSHOT_EVENTS", 40)
    hub, match = filled(1)

    def report(kind: str, i: int) -> None:
        hub.report([Event(id=f"{kind}-{i}", game="demo-1", type=kind, t_us=match.t0_us + i)])
        hub.drain()

    report("start", 0)
    for i in range(1000):
        report("loop", i)
    cache, everything = hub.games["demo-1"], Filter.of(["events.#"])
    kept = [json.loads(item.raw)["id"] for item in cache.moments(everything)]
    assert kept[0] == "start-0"
    assert kept[-1] == "loop-999"
    assert 85 <= len(kept) <= 100
    ids = [json.loads(item.raw)["id"] for item in cache.latest(everything) if item.event]
    assert ids == ["start-0", *(f"loop-{i}" for i in range(960, 1000))]


def test_tee_passes_records_on_and_reports_their_events() -> None:
    hub, match = filled(0)
    watcher = join(hub, "events.soccer.shot")
    _, event = match.shot(match.t0_us, match.xyz(1.0), 3)
    assert list(hub.tee([5, event, "packet"])) == [5, event, "packet"]
    hub.drain()
    assert [e["id"] for m in taken(watcher) for e in m.get("events", [])] == ["shot-1"]


def test_hub_stores_and_counts_dead_letters() -> None:
    hub, match = filled(0)
    hub.write([match.dead(), match.dead()], 1)
    hub.drain()
    assert hub.dead_letter_counts == {("telemetry.soccer", "truncated"): 2}
    assert hub.dead_letters[0].detail == "3 bytes are less than a prefix"


def test_updates_of_a_message_decode_as_stat_updates() -> None:
    hub, _ = filled(30)
    found = updates(taken(join(hub, "stats.#")))
    assert len(found) > 80
    for update in found:
        assert isinstance(decode_stat(json.dumps(update)), StatUpdate)


def test_provisional_value_after_the_final_one_of_its_event_is_not_shown() -> None:
    """As an operator publishes, to readers of uncommitted records, that does not know yet that its game was given to another."""

    def value(quality: str, number: float, revision: int = 0) -> StatBlock:
        return StatBlock(
            stat="soccer.shot.xgoals",
            game="demo-1",
            sport="soccer",
            unit="probability",
            subjects=("home-10",),
            end_us=np.array([1_000_000], np.int64),
            span_us=0,
            values=np.array([[number]]),
            quality=quality,  # type: ignore[arg-type]
            ingress_us=np.array([0], np.int64),
            revision=revision,
            event="shot-1",
        )

    for seen_before in (True, False):
        hub, _ = filled(0)
        subscriber = join(hub, "stats.soccer.shot.*")
        for block in (value("provisional", 0.1), value("final", 0.2), value("provisional", 0.1)):
            hub.write([block], 1)
            hub.drain()
            if seen_before:
                got = updates(taken(subscriber))
        late = join(hub, "stats.soccer.shot.*")
        if seen_before:
            assert got == [], "the last of them adds nothing"
        else:
            shown = [(u["quality"], u["value"]) for u in updates(taken(subscriber))]
            assert shown == [("provisional", 0.1), ("final", 0.2)]
        assert [(u["quality"], u["value"]) for u in updates(taken(late))] == [("final", 0.2)]
        hub.write([value("provisional", 0.3, revision=1)], 1)
        hub.drain()
        assert [u["value"] for u in updates(taken(late))] == [0.3], "a correction may be provisional again"
