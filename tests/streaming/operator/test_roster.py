"""A game has as many teams as its sport says: two sides, or any number; and it needs no ball."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from features.core.sport import Stat
from models.guard import OPEN
from streaming.errors import BadInput, BadRecord
from streaming.operator.game import GameOperator
from streaming.operator.inference.client import DeadlineBudget, infer_rows
from streaming.operator.roster import roster_of
from streaming.wire.records import Entity, GameRecord, ModelUse, Period, Tag, Team, decode_game, encode
from tests.streaming import helpers
from tests.streaming.toy import T0, TOY, game, track

RACE = replace(
    TOY,
    teams=None,
    stats=(
        *(stat for stat in TOY.stats if stat.id != "toy.team.marks"),
        Stat(
            "toy.team.seen",
            "count",
            "members that were seen",
            "team",
            lambda f, ends: np.array(
                [[np.isfinite(f.xyz[i, f.roster.team == team, 0]).sum() for team in range(len(f.roster.teams))] for i in ends],
                np.float64,
            ),
        ),
    ),
)


def race(teams: int) -> GameRecord:
    """Four cars of ``teams`` teams and nothing else."""
    plain = game()
    return msgspec.structs.replace(
        plain,
        teams=tuple(Team(id=f"t{i}", name=f"Team {i}") for i in range(teams)),
        entities=[Entity(id=f"r{i}", team=f"t{i % teams}", role="car") for i in range(4)],
        tags=[Tag(tag=10 + i, entity=f"r{i}") for i in range(4)],
        periods=[Period(number=1, start_us=T0, home_attacks=0)],
    )


@pytest.mark.parametrize("teams", [1, 2, 3, 4])
def test_team_stat_has_a_value_for_each_team(teams: int) -> None:
    record = decode_game(encode(race(teams)))
    assert record == race(teams)
    packet = track(4.0)
    operator = GameOperator(RACE, record)
    out = helpers.play(operator, [packet.take(packet.tag != 99)])
    seen = {u.subject: u.value for u in helpers.updates(out) if u.stat == "toy.team.seen"}
    assert list(seen) == [f"t{i}" for i in range(teams)]
    assert sum(seen.values()) == 4  # type: ignore[arg-type]
    assert operator.roster.ball == -1
    assert not operator.frame_buffer.frames.attack.any(), "no team attacks in either direction"


def test_wrong_number_of_teams_is_refused_with_one_sentence() -> None:
    with pytest.raises(BadInput, match="has 3 teams; toy is played by 2"):
        GameOperator(TOY, race(3))
    with pytest.raises(BadInput, match="has 1 teams; toy is played by 2"):
        GameOperator(TOY, race(1))
    twice = msgspec.structs.replace(race(2), teams=race(2).teams[:1] * 2)
    with pytest.raises(BadInput, match="lists a team twice"):
        roster_of(twice)
    with pytest.raises(BadRecord) as bad:
        decode_game(encode(msgspec.structs.replace(race(1), teams=())))
    assert bad.value.reason == "bad game record"


def test_model_predicts_only_the_subjects_that_are_concerned() -> None:
    class Counting:
        name, version, features = "counting", "1", ()
        predicted = 0

        def predict(self, rows: np.ndarray) -> np.ndarray:
            self.predicted += len(rows)
            return np.full(len(rows), 0.25)

    model = Counting()
    rows = np.array([[1.0, np.nan], [np.nan, np.nan], [np.nan, 2.0]])

    def infer(rows):
        return infer_rows(model, rows, DeadlineBudget(), ModelUse(name="m", version="1"), 0, OPEN).values

    answer = infer(rows)
    assert answer[[0, 2]].tolist() == [0.25, 0.25]
    assert np.isnan(answer[1])
    assert model.predicted == 2
    assert np.isnan(infer(rows[1:2])).all()
    assert infer(rows[:1]).tolist() == [0.25]
