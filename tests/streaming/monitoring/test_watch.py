"""The monitor of live models: predictions that wait for a later event, their outcomes, and those that never get one."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

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
    fields = {"id": ident, "game": RECORD.game, "type": kind, "t_us": round(at_s * S), "outcome": outcome, **more}
    return msgspec.convert(fields, Event)


def by_the_next_end(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
    event = history.after(prediction.t_us, "end")
    return None if event is None or event.t_us > prediction.t_us + 30 * S else Outcome(float(event.outcome == "good"), event)


def predicted(at_s: float, version: str = "v1", rows: int = 2) -> Prediction:
    shape = (rows, len(SPECS[MODEL].features))
    subjects = tuple(RECORD.entities[n].id for n in range(rows))
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
        subjects=subjects,
    )


def counts(watch: ModelWatch) -> tuple[int, int, int]:
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
    followed = watch.tee(RECORD, events)
    watch.write([], 0)
    next(followed)
    watch.write([predicted(10.0), predicted(11.0), predicted(40.0, rows=1)], 0)
    assert counts(watch) == (0, 0, 0), "the event is there, and a correction may still change it"
    next(followed)
    next(followed)
    assert counts(watch) == (0, 0, 0)
    next(followed)
    assert counts(watch) == (0, 0, 0), "the operator's predictions of the time until then are still to come"
    next(followed)
    assert counts(watch) == (4, 1, 0), "two windows of two cars, one outcome, by its last revision"
    assert watch.monitors[MODEL].calibration.recent()[1] == 0.0
    watch.write([predicted(85.0)], 0)
    next(followed)
    next(followed)
    assert counts(watch) == (6, 2, 1), "no outcome within half a minute of the prediction at 40 s"
    watch.write([predicted(119.0)], 0)
    assert next(followed, None) is None
    watch.close()
    assert counts(watch) == (6, 2, 3), "the game is over: no more events will arrive"


def test_end_of_a_game_counts_outcomes_that_are_known() -> None:
    watch = ModelWatch({MODEL: Label(("end",), by_the_next_end)}, lambda name, version: None)
    list(watch.tee(RECORD, [end("a", 20)]))
    watch.write([predicted(19.0), predicted(19.5, rows=1)], 0)
    assert counts(watch) == (0, 0, 0)
    watch.close()
    assert counts(watch) == (3, 1, 0)
    watch.close()
    assert counts(watch) == (3, 1, 0)


def test_new_model_version_does_not_count_predictions_of_the_old_one() -> None:
    watch = ModelWatch({MODEL: Label(("end",), by_the_next_end)}, lambda name, version: None)
    followed = watch.tee(RECORD, [end("a", 20), end("late", 31, kind="end")])
    next(followed)
    watch.write([predicted(10.0), predicted(12.0, "v2", rows=1)], 0)
    assert next(followed).id == "late"
    assert next(followed, None) is None
    watch.close()
    assert counts(watch) == (1, 1, 0)
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
    assert counts(watch) == (0, 0, 0)
    assert watch.report()[0]["predictions"] == 1


def test_watching_that_fails_is_counted_and_never_ends_a_game(caplog: pytest.LogCaptureFixture) -> None:
    """No descriptor is left to read a card with; later there is one."""
    out_of_files = True

    def card_of(name: str, version: str) -> None:
        if out_of_files:
            raise OSError(24, "Too many open files")

    def fails(prediction: LoggedPrediction, history: EventHistory) -> Outcome | None:
        raise ZeroDivisionError

    watch = ModelWatch({MODEL: Label(("end",), fails, within_s=30.0)}, card_of)
    for _ in range(3):
        watch.write([predicted(1.0)], 0)
    assert watch.failures == {"OSError": 3}
    assert len(caplog.records) == 1, "said once"
    assert "its games go on" in caplog.text
    assert not watch.monitors
    out_of_files = False
    passed = []
    for event in watch.tee(RECORD, [end("e1", 3.0), end("e2", 60.0)]):
        watch.write([predicted(event.t_us / S)], 0)
        passed.append(event.id)
    watch.close()
    assert passed == ["e1", "e2"]
    assert list(watch.monitors) == [MODEL]
    assert watch.failures["OSError"] == 3
    assert watch.failures["ZeroDivisionError"] >= 1
