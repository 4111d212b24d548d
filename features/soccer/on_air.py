"""What went on air is recorded in the account before anything else of the event: the stats decided from the account as it was."""

from __future__ import annotations

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.soccer.commentary import offers_of
from features.soccer.count_commentary import MOST_PASSES
from features.soccer.highlights import offer_of
from features.soccer.ledger import HIGHLIGHTS, SENTENCES, Ledger
from features.soccer.vocabulary import EVENT_TYPES


def record(event: EventContext, ledger: Ledger) -> None:
    """The same decisions as the stats ``game.highlight`` and ``game.story`` make, from the same account."""
    now_s, highlight, sentences = ledger.clock_s(event.t_s), offer_of(event, ledger), offers_of(event, ledger)
    highlights.record(highlight, ledger.shown, HIGHLIGHTS, now_s, event.id)
    before = ledger.said.topics.get(MOST_PASSES)
    commentary.record(sentences, ledger.said, SENTENCES, now_s, event.id)
    if ledger.said.topics.get(MOST_PASSES) != before:
        ledger.mostly = [event.period, event.team]


EVENT_STEPS = (EventStep("on_air.record", record, on=tuple(sorted(EVENT_TYPES)), phase="apply"),)
