"""Words, numbers and subtitle tracks, whatever the sport."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.common import commentary, highlights
from features.common.airtime import Budget
from features.common.commentary import Counted, Cue, Number, Percent, Score, Sentence, from_value, plural, render, to_webvtt
from features.common.highlights import Highlight


def test_numbers_as_languages_write_them() -> None:
    assert [Number(1234.5, 1).written(language) for language in ("en", "de", "ru", "es")] == ["1234.5", *["1234,5"] * 3]
    assert Number(-0.25, 2).written("en") == "−0.25"
    assert Number(-0.001, 1).written("de") == "0,0"
    assert Percent(0.123).written("en") == "12%"
    assert Percent(0.123).written("ru") == "12\u00a0%"
    assert [Score(2, 1).written(language) for language in ("en", "de", "ru", "es")] == ["2–1", "2:1", "2:1", "2-1"]


def test_plural_categories() -> None:
    assert [plural(n, "ru") for n in (1, 2, 4, 5, 11, 12, 14, 21, 22, 100, 101, 111, 112)] == [
        "one",
        "few",
        "few",
        "many",
        "many",
        "many",
        "many",
        "one",
        "few",
        "many",
        "one",
        "many",
        "many",
    ]
    assert [plural(n, "es") for n in (0, 1, 2)] == ["other", "one", "other"]


def test_render_fills_every_template() -> None:
    laps = {"en": {"one": "lap", "other": "laps"}, "ru": {"one": "круг", "few": "круга", "many": "кругов"}}
    templates = {"en": "{who} leads by {n}.", "ru": "{who} впереди на {n}."}
    assert render(templates, {"who": "Ada", "n": Counted(3, laps)}) == {
        "en": "Ada leads by 3 laps.",
        "ru": "Ada впереди на 3 круга.",
    }
    with pytest.raises(KeyError, match="who"):
        render(templates, {"n": "3"})


def test_names_with_braces_are_left_alone() -> None:
    assert render({"en": "{who}!"}, {"who": "{evil.__class__}"}) == {"en": "{evil.__class__}!"}


BUDGET = Budget(every_s=60.0, purse=1.0, spacing_s=10.0, patience_s=100.0, repeat_s=30.0, again=0.5, usual=(0.5,))


def test_a_sentence_is_an_object_and_that_of_an_old_recording_is_read_too() -> None:
    phrases = {"goal": {"en": 'A "quoted" goal by {who}', "ru": "Гол: {who}"}}
    basis = [{"event": "e1", "type": "shot", "outcome": "goal"}]
    value = commentary.value(phrases, [Sentence("goal", {"who": "Ada"}, 0.123456, basis, True)], BUDGET.new(), BUDGET, 5.0)
    told = {"en": 'A "quoted" goal by Ada', "ru": "Гол: Ada"}
    assert value == {**told, "topic": "goal", "score": 0.1235, "basis": basis}
    assert from_value(value) == told
    assert from_value(msgspec.json.encode(told).decode()) == told
    assert commentary.value(phrases, [], BUDGET.new(), BUDGET, 5.0) is None
    for bad in ("[1]", "no", {}, {"topic": "goal"}, {"en": 1.0}, None, 3.0):
        with pytest.raises(ValueError, match="not a story"):
            from_value(bad)


def test_webvtt_by_hand() -> None:
    track = to_webvtt(
        [
            Cue(3725.5, 3731.0, "Late & <b>true</b>"),
            Cue(-2.0, 1.5, "First\n\nline --> here"),
            Cue(-9.0, -1.0, "gone"),
            Cue(5.0, 5.0, "no length"),
            Cue(5.0, 6.0, "  "),
        ]
    )
    assert track == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nFirst line --&gt; here\n"
        "\n01:02:05.500 --> 01:02:11.000\nLate &amp; &lt;b&gt;true&lt;/b&gt;\n"
    )
    assert to_webvtt([]) == "WEBVTT\n"
    with pytest.raises(ValueError, match="a cue cannot run"):
        to_webvtt([Cue(float("nan"), 1.0, "x")])


@given(st.lists(st.builds(Cue, st.floats(-10, 9e4), st.floats(-10, 9e4), st.text(max_size=40)), max_size=8))
def test_no_text_can_break_a_track(cues: list[Cue]) -> None:
    blocks = to_webvtt(cues).split("\n\n")
    assert blocks[0].rstrip("\n") == "WEBVTT"
    starts = []
    for block in blocks[1:]:
        head, text = block.rstrip("\n").split("\n")
        start, end = head.split(" --> ")
        assert start < end
        assert "-->" not in text
        starts.append(start)
    assert starts == sorted(starts)


def test_scores_combine_like_chances() -> None:
    assert highlights.combined({"a": 0.5, "b": 0.5, "c": float("nan"), "d": -1.0}) == 0.75
    assert highlights.combined({"a": 2.0}) == 1.0
    assert highlights.combined({}) == 0.0
    assert [highlights.ramp(v, 1.0, 3.0) for v in (0.0, 2.0, 9.0, float("nan"))] == [0.0, 0.5, 1.0, 0.0]


def test_a_weak_moment_is_not_cut() -> None:
    found = highlights.cut(100.0, "x", {"a": 0.3, "b": 0.5, "c": 0.0}, (5, 4), not_before_s=98.0, basis=[{"event": "e"}])
    assert found == Highlight(start_s=98.0, end_s=104.0, score=0.65, label="x", reasons=["b", "a"], basis=[{"event": "e"}])
    assert highlights.from_value(highlights.to_value(found)) == found
    old = '{"start_s":98.0,"end_s":104.0,"score":0.65,"label":"x","reasons":["b","a"]}'
    assert highlights.from_value(old) == Highlight(start_s=98.0, end_s=104.0, score=0.65, label="x", reasons=["b", "a"])
    for bad in ("{}", "no", {}, [1], None, {"start_s": "x"}):
        with pytest.raises(ValueError, match="not a highlight"):
            highlights.from_value(bad)


def test_a_clip_that_begins_before_the_last_one_ended_names_the_one_it_continues() -> None:
    shown = BUDGET.new()
    first = highlights.Offer("save", {"save": 0.9}, True, 100.0, (8.0, 6.0), list)
    highlights.record(first, shown, BUDGET, 100.0, "e1")
    assert highlights.cut(110.0, "goal", {"goal": 0.7}, (12.0, 14.0), after=shown).follows == "e1"
    assert highlights.cut(116.1, "goal", {"goal": 0.7}, (8.0, 14.0), after=shown).follows == ""
