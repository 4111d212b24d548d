"""What the simulated models of Formula 1 say of real races has not been shown right: they are off there."""

from __future__ import annotations

import pytest

from models.choice import default_model, packaged
from models.guard import guard_of


@pytest.mark.parametrize("name", ["f1-undercut", "f1-overtake", "f1-win-probability"])
def test_a_simulated_model_of_a_race_is_off_in_a_real_one(name: str) -> None:
    model = packaged(default_model(name, "real"))
    assert guard_of(model, "real").off, "no undercut threat on screen: its probability is for a stop that no team makes"
    assert not guard_of(model, "simulated").off
    requested_guard = guard_of(model, "real", requested=True)
    assert not requested_guard.off
    assert requested_guard.experimental
