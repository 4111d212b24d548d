"""The rows of the catalogue that come from events."""

from __future__ import annotations

from features.core.units import factor
from features.soccer import SPORT

ROWS = {
    "soccer.team.pressing": ("passes", "team", "tick"),
    "soccer.pass.completion_probability": ("0..1", "player", "event"),
    "soccer.pass.opponents_bypassed": ("count", "player", "event"),
    "soccer.pass.threat": ("goals", "player", "event"),
    "soccer.team.xgoals": ("goals", "team", "tick"),
    "soccer.player.xgoals": ("goals", "player", "tick"),
    "soccer.team.shot_efficiency": ("goals", "team", "tick"),
    "soccer.player.shot_efficiency": ("goals", "player", "tick"),
    "soccer.keeper.goals_prevented": ("goals", "player", "tick"),
    "soccer.match.score": ("goals", "match", "tick"),
    "soccer.match.win_probability": ("0..1", "match", "tick"),
    "soccer.team.set_piece_threat": ("goals", "team", "tick"),
    "game.highlight": ("object", "match", "event"),
    "game.story": ("object", "match", "event"),
}
MODELS = {
    "soccer.pass.completion_probability": "pass-completion",
    "soccer.match.win_probability": "soccer-win-probability",
}


def test_every_row_is_there_as_the_catalogue_has_it() -> None:
    for ident, row in ROWS.items():
        stat = SPORT.stat(ident)
        assert (stat.unit, stat.per, stat.kind) == row, ident
        assert factor(stat.unit) == 1.0
        assert stat.definition.endswith(".")
        assert stat.model == MODELS.get(ident)
    assert SPORT.stat("soccer.match.win_probability").components == ("home", "draw", "away")
    assert SPORT.stat("soccer.match.score").components == ("home", "away")


def test_steps_of_on_air_run_before_the_ledger() -> None:
    order = [stat.id for stat in SPORT.stats]
    told = [
        "soccer.shot.xgoals",
        "soccer.shot.speed",
        "soccer.pass.completion_probability",
        "soccer.pass.opponents_bypassed",
        "soccer.pass.threat",
    ]
    assert max(order.index(name) for name in told) < order.index("game.highlight") < order.index("game.story")
    steps = [step.name for step in SPORT.event_steps if step.phase == "apply"]
    # what is aired is booked from the account before the event, as the stats saw it; then the clock, which the rest reads
    assert steps[:2] == ["on_air.record", "ledger.clock"]
