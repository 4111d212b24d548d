"""The true chances of a match's results, against the same matches played on many times, and on states worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulators.soccer.results import MOST_LEAD, result_chances, solved, strengths
from simulators.soccer.scorelines import CHANCE_P, MINUTES, chance_rate, scorelines


def states(minute: int, rows: int = 1, **columns: float) -> dict[str, np.ndarray]:
    """``rows`` copies of one state; what is not given is 0."""
    names = [f"{side}_{what}" for side in ("home", "away") for what in ("score", "red", "chances", "exposure")]
    whole = {name: np.full(rows, columns.get(name, 0)) for name in names}
    return {"minute": np.full(rows, minute), **whole}


def test_results_occur_as_often_as_their_probabilities() -> None:
    table = scorelines(17, 4000, every_min=30)
    chances = result_chances(table)
    assert chances.sum(1) == pytest.approx(1.0)
    assert (chances > -1e-12).all()
    for minute in (0, 30, 60):
        among = table["minute"] == minute
        probabilities, result = chances[among], table["result"][among]
        # as far as those who are thought likeliest and those who are not, by thirds
        for c in range(3):
            for part in np.array_split(np.argsort(probabilities[:, c]), 3):
                share = (result[part] == c).mean()
                assert share == pytest.approx(probabilities[part, c].mean(), abs=4 * np.sqrt(0.25 / len(part)))
    over = table["minute"] == MINUTES
    assert chances[over] == pytest.approx(np.eye(3)[table["result"][over]], abs=1e-12)


def test_probabilities_of_the_last_minute_match_a_calculation_by_hand() -> None:
    nodes, _ = strengths()
    zero = np.zeros((1, 2), np.int16)
    for lead in (0, -1):
        score = np.array([[0, -lead]], np.int16)
        home, away = CHANCE_P * np.exp(nodes[3]) * chance_rate(MINUTES - 1, np.zeros((1, 2)), score, zero)[0]
        odds = [np.exp(-m) * np.array([1.0, m, m * m / 2, m**3 / 6]) for m in (home, away)]
        joint = np.outer(*odds)
        wins = sum(joint[h, a] for h in range(4) for a in range(4) if lead + h - a > 0)
        draws = sum(joint[h, a] for h in range(4) for a in range(4) if lead + h - a == 0)
        found = solved()[MINUTES - 1, 3, 3, lead + MOST_LEAD, 0, 0]
        assert found == pytest.approx([wins, draws], abs=1e-6)


def test_a_team_with_more_chances_is_more_likely_to_win() -> None:
    seen = {"away_chances": 6, "home_exposure": 6.0, "away_exposure": 6.0}
    busy, even = (result_chances(states(45, home_chances=n, **seen))[0] for n in (14, 6))
    assert busy[0] > even[0] + 0.05
    # with nothing seen, the mean over what is drawn: the strengths are those of scorelines
    start = result_chances(states(0))[0]
    assert start[0] > start[2]
    short, level = (result_chances(states(45, home_red=n))[0] for n in (1, 0))
    assert short[0] < level[0] - 0.1
    ahead = result_chances(states(60, home_score=1))[0]
    assert ahead[0] > 0.7
    assert result_chances(states(60, away_score=MOST_LEAD + 3))[0] == pytest.approx([0.0, 0.0, 1.0], abs=1e-3)
