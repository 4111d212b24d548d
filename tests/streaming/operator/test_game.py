"""The operator's outputs for bad records, silent feeds, early and corrected events; each case is computed by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from features.core.event_context import EventContext
from features.core.frames import Frames
from features.core.sport import EventStep, Signal, Sport, Stat, Step
from streaming.errors import BadInput, BadRecord, BadSnapshot
from streaming.operator.game import GameOperator
from streaming.operator.roster import roster_of
from streaming.wire.blocks import DeadLetter, FrameBlock, StatBlock
from streaming.wire.records import Event, Telemetry
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, Ledger, game, mark, track


def _values(out, stat, quality="final"):
    return [(u.subject, u.window_us[1] - T0, u.value, u.revision) for u in helpers.updates(out, quality) if u.stat == stat]


def _bent(rows, **columns) -> Telemetry:
    """Ten seconds of play in which the samples ``rows`` claim something else."""
    packet = track(10.0)
    for name, value in columns.items():
        column = getattr(packet, name).copy()
        column[rows] = value
        setattr(packet, name, column)
    return packet


def test_straight_run_has_its_speed_and_path():
    # 5 m/s along x: 0.2 m a frame, 18 km/h, and 1 m a second.
    n = 250
    times = T0 + np.arange(1, n + 1) * 40_000
    x = (np.arange(1, n + 1) * 0.2 - 25).astype(np.float32)
    zero = np.zeros(n, np.float32)
    packet = Telemetry("toy-1", "tracking", times, np.full(n, 10, np.uint32), x, zero, zero, times + 4000)
    out = helpers.run(TOY, game(), helpers.cut(packet, [1]))
    speeds = _values(out, "toy.player.speed")
    assert {s for s, *_ in speeds} == {"r0"}, "a player without samples is not published"
    assert speeds[0][1] == 400_000, "the first window is (t0, t0 + 0.4 s]"
    assert [t for _, t, *_ in speeds[:3]] == [400_000, 600_000, 800_000]
    assert speeds[5][2] == pytest.approx(18.0, abs=1e-3)
    path = {t: v for _, t, v, _ in _values(out, "toy.player.path")}
    assert path[10_000_000] == pytest.approx(249 * 0.2 / 1000, abs=1e-6)


def test_window_closes_when_the_watermark_passes_it():
    operator = GameOperator(TOY, game())
    closed = []
    for piece in helpers.cut(track(2.0), [5]):
        closed += [
            (int(block.end_us[-1]) - T0, int(piece.t_us[-1]) - T0)
            for block in operator.on_record(piece)
            if isinstance(block, StatBlock) and block.stat == "toy.player.speed"
        ]
    # A window that ends at 0.4 s closes with the frame at 0.52 s: the first that lies 100 ms (the lateness) behind it.
    assert closed[0] == (400_000, 520_000)
    assert all(frame - end == 120_000 for end, frame in closed)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"x_m": np.nan}, "not a finite position"),
        ({"y_m": np.inf}, "not a finite position"),
        ({"x_m": 400.0}, "outside the field"),
        ({"tag": 77}, "unknown tag"),
        ({"x_m": 45.0}, "teleport"),
    ],
)
def test_impossible_sample_is_a_dead_letter_and_the_others_are_used(change, reason):
    rows = np.array([5 * 100])  # runner 0 at 4.04 s
    out = helpers.run(TOY, game(), helpers.cut(_bent(rows, **change), [5]))
    assert helpers.dead(out) == {reason: 1}
    dead_letter = next(o for o in out if isinstance(o, DeadLetter))
    assert isinstance(dead_letter.payload, Telemetry)
    assert dead_letter.source == "telemetry.toy"
    assert dead_letter.payload.t_us[0] == track(10.0).t_us[500]
    others = [v for v in _values(out, "toy.player.speed") if v[0] == "r1"]
    clean = [v for v in _values(helpers.run(TOY, game(), [track(10.0)]), "toy.player.speed") if v[0] == "r1"]
    assert others == clean


def test_packet_with_unequal_columns_is_a_dead_letter():
    for name in ("x_m", "tag", "arrival_us"):
        packet = track(1.0)
        setattr(packet, name, getattr(packet, name)[:-1])
        operator = GameOperator(TOY, game())
        out = operator.on_record(packet, T0)
        assert [o.reason for o in out if isinstance(o, DeadLetter)] == ["ragged packet"]


def test_clock_of_one_tag_that_runs_ahead_makes_no_sample_late():
    packet = _bent(np.array([400, 401, 402]), t_us=T0 + 3_600_000_000)
    out = helpers.run(TOY, game(), helpers.cut(packet, [5]))
    assert helpers.dead(out) == {"clock ahead of arrival": 3}


def test_late_samples_are_counted_and_dead_letters():
    packet = track(10.0)
    late = packet.take(slice(200, 205))
    late.arrival_us = T0 + 9_000_000
    operator = GameOperator(TOY, game())
    helpers.play(operator, helpers.cut(packet.take(np.r_[0:200, 205:1000]), [5]), end=False)
    out = operator.on_record(late)
    assert helpers.dead(out) == {"late": 5}
    assert operator.metrics.counts["late", "late"] == 5


def test_exact_duplicates_are_counted_and_contradicting_samples_quarantined():
    packet = track(4.0)
    twin = packet.take(slice(100, 105))
    other = packet.take(slice(105, 106))
    other.x_m = other.x_m + np.float32(0.25)
    operator = GameOperator(TOY, game())
    out = helpers.play(operator, [packet.take(slice(0, 110)), twin, other, packet.take(slice(110, None))])
    assert operator.metrics.counts["duplicate", "duplicate"] == 5
    assert helpers.dead(out) == {"conflicting sample": 1}


def test_jump_of_a_player_is_accepted_after_half_a_second():
    packet = track(10.0)
    gone = (packet.tag == 10) & (packet.t_us > T0 + 5_000_000)
    packet.y_m = np.where(gone, packet.y_m + 40, packet.y_m).astype(np.float32)
    out = helpers.run(TOY, game(), helpers.cut(packet, [5]))
    assert 3 <= helpers.dead(out)["teleport"] <= 11
    blocks = [o for o in out if isinstance(o, FrameBlock)]
    assert blocks[-1].xyz_m[-1, 0, 1] > 20


def test_clock_jump_of_a_million_years_does_not_stall():
    packet = track(4.0)
    after = track(4.0)
    jump = 10**15
    after.t_us, after.arrival_us = after.t_us + jump, after.arrival_us + jump
    operator = GameOperator(TOY, game())
    out = helpers.play(operator, [packet, after])
    assert operator.metrics.windows < 60
    assert max(t for _, t, *_ in _values(out, "toy.player.speed")) >= jump


def test_event_value_is_provisional_at_once_and_final_with_the_same_id():
    packet, event = track(12.0), mark(1, 3.0, player=1)
    operator = GameOperator(TOY, game())
    pieces = helpers.cut(packet, [5])
    helpers.play(operator, pieces[:100], end=False)
    shown = helpers.updates(operator.on_record(event))
    assert {u.quality for u in shown} == {"provisional"}
    x = next(u for u in shown if u.stat == "toy.mark.x")
    settled = helpers.updates(helpers.play(operator, pieces[100:]), "final")
    final = next(u for u in settled if u.stat == "toy.mark.x")
    assert (final.id, final.value, final.event) == (x.id, x.value, "e1")
    assert final.frame is not None
    assert final.frame.t_us == T0 + 3_000_000
    assert final.frame.offset_us == 0
    marks = {u.window_us[1] - T0: u.value for u in settled if u.stat == "toy.team.marks" and u.subject == "away"}
    assert marks == {1_000_000: 0, 3_000_000: 1}, "what is read off the account holds until it changes"
    provisional = next(u for u in shown if u.stat == "toy.team.marks" and u.subject == "away")
    assert provisional.value == 1


def test_earlier_event_that_arrives_later_withdraws_no_value():
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(6.0)], end=False)
    operator.on_record(mark(1, 4.7))
    shown = operator.on_record(mark(2, 4.2, player=2, delay_s=1.9))
    assert _values(shown, "toy.team.marks", "provisional")[0] == ("home", 5_000_000, 2.0, 0)


def test_event_reads_only_frames_within_its_window():
    stream = [track(12.0)]
    operator = GameOperator(TOY, game(sync_ms=1000))
    out = helpers.batch(operator, [*stream, mark(1, 3.0)]) + operator.finish()
    # 1 s of clock error and 0.6 s of what follows, 25 rows a second, and the frame itself
    assert _values(out, "toy.mark.ahead") == [("match", 3_000_000, 41.0, 0)]


def test_withdrawn_event_withdraws_its_finals():
    operator = GameOperator(TOY, game())
    packet = track(30.0)
    pieces = helpers.cut(packet, [5])
    stream = [mark(1, 3.0), mark(2, 4.5, player=2), *pieces]
    helpers.play(operator, stream, end=False)
    out = operator.on_record(mark(1, 3.0, revision=1, deleted=True, delay_s=26.0))
    assert _values(out, "toy.mark.x") == [("r0", 3_000_000, None, 1)]
    marks = [v for v in _values(out, "toy.team.marks") if v[0] == "home"]
    assert marks[0] == ("home", 3_000_000, 0.0, 1)
    assert marks[-1][2:] == (1.0, 1), "the other mark stands"
    rest = helpers.updates(operator.finish(), "final")
    assert not [u for u in rest if u.stat == "toy.team.marks" and u.subject == "home"], "which holds"


def test_corrected_event_equals_one_that_was_right_at_first():
    wrong, right = mark(1, 3.0, player=0), mark(1, 3.4, player=2, revision=1)
    pieces = helpers.cut(track(20.0), [5])
    operator = GameOperator(TOY, game())
    out = helpers.play(operator, [wrong, *pieces[:230], right, *pieces[230:]])
    plain = helpers.run(TOY, game(), [right, *pieces])

    def newest(outputs, stat):
        best = {}
        for subject, t, value, revision in _values(outputs, stat):
            best[subject, t] = max(best.get((subject, t), (-1, None)), (revision, value), key=lambda pair: pair[0])
        return {key: value for key, (_, value) in best.items()}

    def held(outputs, stat):
        """By subject, when the value became another one."""
        found = {}
        for (subject, t), value in sorted(newest(outputs, stat).items()):
            row = found.setdefault(subject, [])
            if not row or row[-1][1] != value:
                row.append((t, value))
        return found

    assert held(out, "toy.team.marks") == held(plain, "toy.team.marks")
    assert held(out, "toy.team.marks")["home"] == [(1_000_000, 0.0), (4_000_000, 1.0)]
    assert ("r2", 3_400_000, newest(plain, "toy.mark.x")["r2", 3_400_000], 1) in _values(out, "toy.mark.x")


def test_late_correction_keeps_values_read_from_frames():
    operator = GameOperator(TOY, game())
    pieces = helpers.cut(track(30.0), [5])
    out = helpers.play(operator, [mark(1, 3.0), *pieces, mark(1, 3.0, player=2, revision=1, delay_s=27.0)])
    first, *rest = _values(out, "toy.mark.x")
    assert rest == [("r2", 3_000_000, first[2], 1), ("r0", 3_000_000, None, 1)], "and no other player keeps it"


def test_correction_is_computed_on_the_ledger_before_the_event():
    operator = GameOperator(TOY, game())
    pieces = helpers.cut(track(12.0), [5])
    stream = [mark(i, 1.0 + 0.5 * i, player=0) for i in range(4)]
    helpers.play(operator, [*stream, *pieces], end=False)
    out = operator.on_record(mark(1, 1.5, player=0, revision=1, delay_s=10.0))
    assert _values(out, "toy.mark.before") == [("home", 1_500_000, 1.0, 1)], "and the others' are as they were"
    out = operator.on_record(mark(0, 1.0, revision=1, deleted=True, delay_s=10.6))
    assert sorted(_values(out, "toy.mark.before")) == [
        ("home", 1_000_000, None, 1),
        ("home", 1_500_000, 0.0, 2),
        ("home", 2_000_000, 1.0, 1),
        ("home", 2_500_000, 2.0, 1),
    ]


def test_correction_of_an_event_s_type_withdraws_its_old_stats():
    operator = GameOperator(TOY, game())
    event = mark(1, 3.0)
    helpers.play(operator, [event, *helpers.cut(track(12.0), [5])], end=False)
    import msgspec

    out = operator.on_record(msgspec.structs.replace(event, type="pause", revision=1, arrival_us=T0 + 12_000_000))
    assert {(u.stat, u.value) for u in helpers.updates(out) if u.event == "e1"} == {
        ("toy.mark.x", None),
        ("toy.mark.ahead", None),
        ("toy.mark.before", None),
    }


def test_event_withdrawn_before_it_is_final_withdraws_its_provisional_values():
    operator = GameOperator(TOY, game())
    helpers.play(operator, helpers.cut(track(6.0), [5]), end=False)
    shown = {u.id for u in helpers.updates(operator.on_record(mark(1, 4.7))) if u.event}
    gone = [u for u in helpers.updates(operator.on_record(mark(1, 4.7, revision=1, deleted=True, delay_s=1.3))) if u.event]
    assert {u.id for u in gone} == shown
    assert all(u.value is None and u.quality == "provisional" for u in gone)


def test_correction_that_moves_an_event_into_an_open_window_waits_again():
    pieces = helpers.cut(track(30.0), [5])
    operator = GameOperator(TOY, game())
    moved = mark(1, 15.5, revision=1, delay_s=1.0)
    out = helpers.play(operator, [mark(1, 3.0), *pieces[:412], moved, *pieces[412:]])
    marks: dict[int, tuple[int, float]] = {}
    for subject, t, value, revision in _values(out, "toy.team.marks"):
        if subject == "home":
            marks[t] = max(marks.get(t, (-1, 0.0)), (revision, value))
    held = [marks[max(t for t in marks if t <= s * 1_000_000)][1] for s in (3, 10, 15, 16, 20)]
    assert held == [0, 0, 0, 1, 1]
    ids = [(u.id, u.revision) for u in helpers.updates(out, "final")]
    assert len(ids) == len(set(ids))


def test_correction_before_the_replayable_ledger_is_refused_and_changes_nothing():
    operator = GameOperator(TOY, game(tracking=False))
    helpers.play(operator, [mark(i, 100.0 * i) for i in range(1, 12)], end=False)
    out = operator.on_record(mark(1, 1050.0, revision=1, delay_s=60.0))
    assert helpers.dead(out) == {"correction too late": 1}
    totals = [v[2] for v in _values(operator.finish(), "toy.team.marks") if v[0] == "home"]
    assert totals[-1] == 11


def test_packet_of_unknown_tags_is_counted_in_full():
    n = 100_000
    packet = track(1.0)
    many = packet.take(np.zeros(n, np.int64))
    many.tag = np.arange(1_000, 1_000 + n, dtype=np.uint32)
    operator = GameOperator(TOY, game())
    assert helpers.dead(operator.on_record(many)) == {"unknown tag": n}
    assert operator.metrics.counts["accepted", "sample"] == 0


def test_quarantined_samples_keep_feed_and_channels_and_the_packet_is_unchanged():
    packet = _bent(np.array([500]), x_m=400.0)
    packet.arrival_us = 0
    out = GameOperator(TOY, game()).on_record(packet, T0 + 20_000_000)
    dead_letter = next(o for o in out if isinstance(o, DeadLetter))
    assert dead_letter.payload.feed == "tracking"
    assert dead_letter.payload.channels["in_play"].tolist() == [1.0]
    assert packet.arrival_us == 0


def test_teleport_in_the_last_frame_is_counted():
    out = helpers.run(TOY, game(), [_bent(np.array([5 * 249]), x_m=45.0)])
    assert helpers.dead(out) == {"teleport": 1}


def test_aligned_feed_with_jitter_gives_every_frame():
    rng = np.random.default_rng(2)
    packet = track(20.0)
    shift = np.repeat(rng.integers(-1500, 1500, len(packet) // 5), 5)
    packet.t_us = packet.t_us + shift
    speeds = [v[2] for v in _values(helpers.run(TOY, game(), [packet]), "toy.player.speed") if v[0] == "r0"]
    assert sum(v is None for v in speeds) <= 3


def test_record_after_the_end_of_the_operator_is_refused():
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(3.0)])
    assert helpers.dead(operator.on_record(mark(1, 2.0))) == {"after the end": 1}


def test_correction_before_the_watermark_gives_one_final_without_revision():
    pieces = helpers.cut(track(12.0), [5])
    one = helpers.run(TOY, game(), [mark(1, 3.0), mark(1, 3.0, player=2, revision=1), *pieces])
    other = helpers.run(TOY, game(), [mark(1, 3.0, player=2, revision=1), mark(1, 3.0), *pieces])
    assert helpers.finals(one) == helpers.finals(other)
    assert {u.subject for u in helpers.updates(one, "final") if u.stat == "toy.mark.x"} == {"r2"}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (mark(1, 3.0, player=9), "unknown player"),
        (Event(id="e", game="toy-1", type="goal", t_us=T0 + 1), "unknown event type"),
        (Event(id="e", game="toy-1", type="mark", t_us=T0 + 1, team="guests"), "unknown team"),
        (Event(id="e", game="other", type="mark", t_us=T0 + 1), "another game"),
        (mark(1, 3000.0, delay_s=-2000.0), "clock ahead of arrival"),
        (mark(1, 1.0, delay_s=11.0), "late"),
    ],
)
def test_bad_event_is_a_dead_letter_with_its_reason(event, reason):
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(12.0)], end=False)
    out = operator.on_record(event, T0 + 12_000_000)
    assert helpers.dead(out) == {reason: 1}
    strict = GameOperator(TOY, game(), strict=True)
    helpers.play(strict, [track(12.0)], end=False)
    with pytest.raises(BadRecord) as bad:
        strict.on_record(event, T0 + 12_000_000)
    assert bad.value.reason == reason


def test_silent_feed_gives_provisional_values_and_moves_no_watermark():
    operator = GameOperator(TOY, game())
    pieces = helpers.cut(track(12.0), [5])
    helpers.play(operator, pieces[:100], end=False)  # until 4.0 s
    before = operator.snapshot()
    assert operator.on_time(T0 + 4_050_000) == [], "nothing is missing yet"
    out = []
    for ms in range(4100, 7000, 50):
        out += operator.on_time(T0 + ms * 1000)
    shown = [v for v in _values(out, "toy.player.speed", "provisional") if v[0] == "r0"]
    assert [t for _, t, *_ in shown][:2] == [4_000_000, 4_200_000]
    assert shown[0][2] is not None
    assert shown[-1][2] is None, "what is no longer measured is unknown"
    assert all(b.quality == "provisional" for b in out if isinstance(b, StatBlock))
    assert operator.snapshot() == before
    rest = helpers.play(operator, pieces[100:])
    whole = helpers.run(TOY, game(), pieces)
    assert set(helpers.finals(rest).items()) <= set(helpers.finals(whole).items())


def test_game_without_tracking_runs_on_events_alone():
    record = game(tracking=False)
    out = helpers.run(TOY, record, [mark(i, 10.0 * i) for i in range(1, 8)])
    marks = [v[2] for v in _values(out, "toy.team.marks") if v[0] == "home"]
    assert marks == [1, 2, 3, 4, 5, 6, 7]
    assert all(u.frame is None for u in helpers.updates(out))


def test_several_tags_of_a_player_are_averaged_without_unseen_mounts():
    from streaming.wire.records import Tag

    record = game()
    record.tags.append(Tag(tag=20, entity="r0", mount="left shoulder"))
    packet = track(3.0)
    twin = packet.take(packet.tag == 10)
    twin.tag, twin.x_m = np.full(len(twin), 20, np.uint32), twin.x_m + np.float32(0.5)
    out = helpers.batch(GameOperator(TOY, record), [packet, twin])
    one = next(o for o in out if isinstance(o, FrameBlock) and len(o.t_us) > 5)
    alone = next(o for o in helpers.run(TOY, game(), [packet]) if isinstance(o, FrameBlock) and len(o.t_us) > 5)
    rows = min(len(one.t_us), len(alone.t_us)) - 5
    shift = one.xyz_m[:rows, 0, 0] - alone.xyz_m[:rows, 0, 0]
    assert set(np.round(shift, 3).tolist()) <= {0.0, 0.25}


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda raw: b"nonsense", "not a snapshot"),
        (lambda raw: raw[:-40], "damaged"),
        (lambda raw: raw[:50] + bytes([raw[50] ^ 1]) + raw[51:], "damaged"),
    ],
)
def test_damaged_snapshot_is_refused(damage, sentence):
    operator = GameOperator(TOY, game())
    helpers.play(operator, [track(2.0)], end=False)
    with pytest.raises(BadSnapshot, match=sentence):
        GameOperator(TOY, game()).restore(damage(operator.snapshot()))


def test_snapshot_of_another_clock_is_refused_and_counts_are_restored():
    import msgspec

    operator = GameOperator(TOY, game())
    helpers.play(operator, [_bent(np.array([500]), x_m=400.0)], end=False)
    with pytest.raises(BadSnapshot, match="another clock or another roster"):
        GameOperator(TOY, msgspec.structs.replace(game(), t0_us=T0 + 1)).restore(operator.snapshot())
    other = GameOperator(TOY, game())
    other.restore(operator.snapshot())
    assert other.metrics.counts == operator.metrics.counts


def _arrival_us(record: Telemetry | Event) -> int:
    return int(np.max(record.arrival_us))


def _upgraded() -> Sport:
    """The toy sport a version later: one more signal and stat of windows, one more field and stat of the ledger."""

    class Newer(Ledger):
        marks_of_all: int = 0

    def doubled(f: Frames) -> None:
        f["toy_double"][f.lo : f.hi] = 2 * f["toy_speed"][f.lo : f.hi]

    def apply(m: EventContext, ledger: Newer) -> None:
        ledger.marks_of_all += 1

    return replace(
        TOY,
        signals=(*TOY.signals, Signal("toy_double", "m/s", ("N",))),
        steps=(*TOY.steps, Step("toy.double", doubled)),
        event_steps=(*TOY.event_steps, EventStep("toy.all", apply, on=("mark",), phase="apply")),
        stats=(
            *TOY.stats,
            Stat("toy.player.double", "m/s", "Twice the speed.", per="player", compute=lambda f, ends: f["toy_double"][ends]),
            Stat(
                "toy.match.all",
                "count",
                "All marks.",
                per="match",
                compute=lambda ledger, t_s: np.array([ledger.marks_of_all]),
                ticks=True,
                every_s=1.0,
            ),
        ),
        ledger=Newer,
    )


def test_newer_version_takes_over_a_running_game():
    """What both versions know goes on to the byte; what is new begins; and back again, which lets the new go."""
    pieces = helpers.cut(track(12.0), [60])
    stream = sorted([*pieces, *(mark(i, 1.5 * i, i % 4) for i in range(1, 7))], key=_arrival_us)
    third = len(stream) // 3
    whole = helpers.finals(helpers.play(GameOperator(TOY, game()), stream))
    old, newer, back = GameOperator(TOY, game()), GameOperator(_upgraded(), game()), GameOperator(TOY, game())
    out = helpers.play(old, stream[:third], end=False)
    newer.restore(old.snapshot())
    out += helpers.play(newer, stream[third : 2 * third], end=False)
    back.restore(newer.snapshot())
    out += helpers.play(back, stream[2 * third :])
    found = helpers.finals(out)
    fresh = {key for key in found if "/toy.player.double/" in key[0] or "/toy.match.all/" in key[0]}
    assert fresh, "the newer version's own stats are published"
    assert {key: raw for key, raw in found.items() if key not in fresh} == whole


def test_snapshot_with_a_signal_of_another_shape_is_refused():
    changed = replace(TOY, signals=tuple(replace(s, dims=(*s.dims, 2)) if s.name == "toy_rows" else s for s in TOY.signals))
    with pytest.raises(BadSnapshot, match="toy_rows has shape"):
        GameOperator(changed, game()).restore(GameOperator(TOY, game()).snapshot())


def test_snapshot_of_another_roster_is_refused():
    raw = GameOperator(TOY, game()).snapshot()
    with pytest.raises(BadSnapshot, match="another roster"):
        GameOperator(TOY, game(runners=5)).restore(raw)


def test_game_record_that_contradicts_itself_is_refused():
    import msgspec

    record = game()
    with pytest.raises(BadInput, match="not in the game"):
        roster_of(msgspec.structs.replace(record, tags=[*record.tags, msgspec.structs.replace(record.tags[0], tag=5, entity="x")]))
    with pytest.raises(BadInput, match="tag twice"):
        roster_of(msgspec.structs.replace(record, tags=[*record.tags, record.tags[0]]))
    with pytest.raises(BadInput, match="whole number of rows"):
        GameOperator(TOY, msgspec.structs.replace(record, grid_hz=29.97))
