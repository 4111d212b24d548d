"""A race at the level of its loops folded into an account, without telemetry: some thousand times as fast as the operator."""

from __future__ import annotations

from collections.abc import Iterator

from features.core.event_context import EventContext
from features.f1 import SPORT
from features.f1.ledger import Ledger
from simulators.f1.game import LIGHTS_S, GrandPrix
from simulators.f1.race import Race
from simulators.f1.report import reports

NAN = float("nan")
APPLY = {kind: [s for s in SPORT.event_steps if s.phase == "apply" and kind in s.on] for kind in SPORT.event_types}


def fold(race: Race, ledger: Ledger, every: int) -> Iterator[tuple[int, Ledger]]:
    """(laps of the leader done, the account) whenever the leader has done ``every`` further laps; the account goes on changing."""
    record = GrandPrix(race.seed, 5.0).record
    cars = {entity.id: n for n, entity in enumerate(record.entities)}
    done = 0
    for event in sorted(reports(race, record, 0, LIGHTS_S), key=lambda e: (e.t_us, e.id)):
        moment = EventContext(
            id=event.id,
            type=event.type,
            t_s=event.t_us / 1e6,
            period=1,
            team=-1,
            player=cars.get(event.player or "", -1),
            x_m=NAN,
            y_m=NAN,
            end_x_m=NAN,
            end_y_m=NAN,
            outcome=event.outcome,
            attack=0,
            attrs=event.attrs,
        )
        for step in APPLY[event.type]:
            step.compute(moment, ledger)
        if event.type == "loop" and event.attrs.get("sector") == 3.0 and int(event.attrs["lap"]) >= done + every:
            done = int(event.attrs["lap"])
            yield done, ledger
