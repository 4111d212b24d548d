"""How much of a game is shown and said: each rule by a case worked out by hand, and a game of chance candidates as a whole."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from features.common.airtime import (
    BEST,
    CLEARLY,
    MEMORY,
    Airtime,
    Budget,
    Candidate,
    chosen,
    grants,
    note,
    place,
    tokens,
    worth,
)

BUDGET = Budget(every_s=240.0, purse=2.0, spacing_s=60.0, patience_s=480.0, repeat_s=600.0, again=0.5, usual=(0.2, 0.4, 0.6, 0.8))


def said(now_s: float, strength: float = 0.5, topic: str = "a", *, must: bool = False, after: Airtime | None = None) -> Airtime:
    """The account after one thing has been said."""
    airtime = after or BUDGET.new()
    note(airtime, BUDGET, now_s, [Candidate(strength, topic, must)], 0, "e", now_s + 6.0)
    return airtime


def test_a_candidate_that_must_go_on_air_always_does() -> None:
    airtime = said(100.0, 0.99)
    for n in range(50):
        candidate = Candidate(0.0, "goal", True)
        assert grants(airtime, BUDGET, 100.0 + n, candidate)
        note(airtime, BUDGET, 100.0 + n, [candidate], 0, "g", 0.0)
    assert tokens(airtime, BUDGET, 150.0) < 1.0


def test_the_longer_the_silence_the_lower_the_place_that_will_do() -> None:
    new = BUDGET.new()
    assert place(new, 0.5) == 0.5
    assert place(new, 0.6) == (2 + 0.5) / 4
    # half of the candidates were stronger: half of the patience has to pass
    assert not grants(new, BUDGET, 239.9, Candidate(0.5, "a"))
    assert grants(new, BUDGET, 240.0, Candidate(0.5, "a"))
    assert not grants(new, BUDGET, 470.0, Candidate(0.1, "a"))
    assert grants(new, BUDGET, 480.0, Candidate(0.1, "a"))
    assert not grants(new, BUDGET, 4800.0, Candidate(0.0, "a"))


def test_within_the_spacing_only_a_clearly_better_candidate_goes_on_air() -> None:
    airtime = said(1000.0, 0.5)
    airtime.tokens = 2.0
    assert not grants(airtime, BUDGET, 1059.0, Candidate(0.5 + CLEARLY - 0.01, "b"))
    assert grants(airtime, BUDGET, 1001.0, Candidate(0.5 + CLEARLY, "b"))
    assert grants(airtime, BUDGET, 1060.0, Candidate(0.9, "b"))


def test_the_purse_is_bounded_and_only_the_best_go_on_air_on_credit() -> None:
    airtime = Airtime(tokens=0.5, strengths=list(BUDGET.usual), until_s=1000.0)
    assert tokens(airtime, BUDGET, 1120.0) == 1.0
    assert tokens(airtime, BUDGET, 9999.0) == 2.0
    assert not grants(airtime, BUDGET, 1000.0, Candidate(0.7, "a"))
    best = Candidate(0.9, "a")
    assert place(airtime, best.strength) >= BEST
    assert grants(airtime, BUDGET, 1000.0, best)
    note(airtime, BUDGET, 1000.0, [best], 0, "e", 0.0)
    assert airtime.tokens == -0.5
    assert not grants(airtime, BUDGET, 1000.0, Candidate(1.0, "b"))


def test_a_topic_rests_and_wears_off() -> None:
    airtime = said(0.0, 0.5, "corner")
    assert worth(airtime, BUDGET, 599.0, Candidate(0.8, "corner")) == 0.0
    assert worth(airtime, BUDGET, 600.0, Candidate(0.8, "corner")) == 0.4
    assert worth(said(600.0, 0.5, "corner", after=airtime), BUDGET, 1200.0, Candidate(0.8, "corner")) == 0.2
    assert worth(airtime, BUDGET, 599.0, Candidate(0.8, "save")) == 0.8


def test_of_one_event_the_strongest_granted_candidate_goes_on_air() -> None:
    airtime = said(0.0, 0.5, "corner")
    airtime.tokens = 2.0
    offers = [Candidate(0.3, "a"), Candidate(0.7, "b"), Candidate(0.9, "corner")]
    assert chosen(airtime, BUDGET, 500.0, offers) == 1
    assert chosen(airtime, BUDGET, 500.0, [*offers, Candidate(0.1, "goal", True)]) == 3
    assert chosen(airtime, BUDGET, 1.0, offers) == -1
    assert chosen(airtime, BUDGET, 500.0, []) == -1


def test_the_memory_is_of_the_latest_candidates() -> None:
    airtime = BUDGET.new()
    for n in range(200):
        note(airtime, BUDGET, float(n), [Candidate(n / 1000, "a"), Candidate(n / 2000, "b")], -1, f"e{n}", 0.0)
    assert airtime.strengths == [n / 1000 for n in range(200 - MEMORY, 200)]
    note(airtime, BUDGET, 200.0, [Candidate(0.9, "goal", True)], 0, "g", 0.0)
    assert len(airtime.strengths) == MEMORY
    assert airtime.last_event == "g"


@pytest.mark.parametrize("a_minute", [0.4, 1.0, 3.0, 20.0])
@pytest.mark.parametrize("strongest", [0.1, 1.0])
def test_a_game_of_few_or_many_weak_or_strong_candidates_gets_its_share(a_minute: float, strongest: float) -> None:
    rng = np.random.default_rng(int(10 * a_minute))
    airtime, count, last_s, now_s = BUDGET.new(), 0, -1e9, 0.0
    while (now_s := now_s + float(rng.exponential(60.0 / a_minute))) < 5700.0:
        candidate = Candidate(strongest * float(rng.random()), f"topic {rng.integers(40)}")
        at = chosen(airtime, BUDGET, now_s, [candidate])
        note(airtime, BUDGET, now_s, [candidate], at, "e", now_s)
        if at >= 0:
            count += 1
            assert now_s - last_s >= BUDGET.spacing_s or candidate.strength >= CLEARLY
            last_s = now_s
    assert 8 <= count <= 5700.0 / BUDGET.every_s + 2 * BUDGET.purse


def test_it_survives_the_wire() -> None:
    airtime = said(1000.0)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(airtime), type=Airtime)
    assert again == airtime
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(BUDGET.new()), type=Airtime) == BUDGET.new()
