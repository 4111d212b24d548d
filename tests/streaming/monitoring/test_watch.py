"""The watch over live models: what waits for a later event, what that says once it has settled, and what nobody will ever say."""

from __future__ import annotations

import msgspec
import numpy as np

from models.specs import SPECS
from simulators.catalogue import open_simulator
from streaming.monitoring.labels import EventHistory, Label, LoggedPrediction, Outcome
from streaming.monitoring.watch import ModelWatch
from streaming.wire.blocks import Prediction
from streaming.wire.records import Event

MODEL = "f1-overtake"
RECORD = open_simulator("f1", 1, 1.0).record
S = 1_000_000


def end(ident: str, at_s: float, outcome: str = "good", kind: str = "end", **more: object) -> Event:
    told = {"id": ident, "game": RECORD.game, "type": kind, "t_us": round(at_s * S), "outcome": outcome, **more}
    return msgspec.convert(told, Event)


def by_the_next_end(said: LoggedPrediction, told: EventHistory) -> Outcome | None:
    event = told.after(said.t_us, "end")
    return None if event is None or event.t_us > said.t_us + 30 * S else Outcome(float(event.outcome == "good"), event)


def asked(at_s: float, version: str = "v1", rows: int = 2) -> Prediction:
    shape = (rows, len(SPECS[MODEL].features))
    whom = tuple(RECORD.entities[n].id for n in range(rows))
    return Prediction(
        game=RECORD.game,
        stat="f1.battle.overtake_probability",
        event=None,
        t_us=round(at_s * S),
        model=MODEL,
        version=version,
        features=np.zeros(shape),
        answer=np.full(rows, 0.4),
        quality="final",
        took_us=5.0,
        subjects=whom,
    )


def told(watch: ModelWatch) -> tuple[int, int, int]:
    (report,) = watch.report()
    return report["labelled"], report["outcomes"], report["unlabelled"]


def test_waiting_predictions_are_counted_once_their_outcome_is_final() -> None:
    watch = ModelWatch({MODEL: Label(("end",), by_the_next_end, within_s=30.0)}, lambda name, version: None)
    events = [
        end("a", 20),
        end("other", 29, kind="noise"),
        end("a", 20, "bad", revision=1),
        end("late", 30, kind="noise"),
        end("b", 90),
        end("more", 101, kind="noise"),
        end("c", 120, kind="noise"),
    ]
    heard = watch.tee(RECORD, events)
    watch.write([], 0)
    next(heard)
    watch.write([asked(10.0), asked(11.0), asked(40.0, rows=1)], 0)
    assert told(watch) == (0, 0, 0), "the event is there, and may be put right yet"
    next(heard)
    next(heard)
    assert told(watch) == (0, 0, 0)
    next(heard)
    assert told(watch) == (0, 0, 0), "what the operator made of the time until then is yet to come"
    next(heard)
    assert told(watch) == (4, 1, 0), "two windows of two cars, one fate, by its last revision"
    assert watch.monitors[MODEL].calibration.recent()[1] == 0.0
    watch.write([asked(85.0)], 0)
    next(heard)
    next(heard)
    assert told(watch) == (6, 2, 1), "nothing came within half a minute of what was asked at 40 s"
    watch.write([asked(119.0)], 0)
    assert next(heard, None) is None
    watch.close()
    assert told(watch) == (6, 2, 3), "the game is over: nothing more will come"


def test_end_of_a_game_counts_outcomes_that_are_known() -> None:
    watch = ModelWatch({MODEL: Label(("end",), by_the_next_end)}, lambda name, version: None)
    list(watch.tee(RECORD, [end("a", 20)]))
    watch.write([asked(19.0), asked(19.5, rows=1)], 0)
    assert told(watch) == (0, 0, 0)
    watch.close()
    assert told(watch) == (3, 1, 0)
    watch.close()
    assert told(watch) == (3, 1, 0)


def test_new_model_version_does_not_count_predictions_of_the_old_one() -> None:
    watch = ModelWatch({MODEL: Label(("end",), by_the_next_end)}, lambda name, version: None)
    heard = watch.tee(RECORD, [end("a", 20), end("late", 31, kind="end")])
    next(heard)
    watch.write([asked(10.0), asked(12.0, "v2", rows=1)], 0)
    assert next(heard).id == "late"
    assert next(heard, None) is None
    watch.close()
    assert told(watch) == (1, 1, 0)
    assert watch.monitors[MODEL].version == "v2"


def test_curve_of_answers_is_not_counted_as_predictions() -> None:
    model = "lead-probability"
    watch = ModelWatch({model: Label(("end",), by_the_next_end)}, lambda name, version: None)
    list(watch.tee(RECORD, [end("a", 20)]))
    row = np.zeros((1, len(SPECS[model].features)))
    watch.write(
        [
            Prediction(
                game=RECORD.game,
                stat="s",
                event="a",
                t_us=19 * S,
                model=model,
                version="v1",
                features=row,
                answer=np.full((1, 21), 0.5),
                quality="final",
                took_us=5.0,
                subjects=("r",),
            )
        ],
        0,
    )
    watch.close()
    assert told(watch) == (0, 0, 0)
    assert watch.report()[0]["predictions"] == 1
