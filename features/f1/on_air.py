"""What went on air is recorded in the account before anything else of the event: the stats decided from the account as it was."""

from __future__ import annotations

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.f1.commentary import offers_of, update_line
from features.f1.highlights import offer_of
from features.f1.ledger import HIGHLIGHTS, SENTENCES, Ledger
from features.f1.vocabulary import EVENT_TYPES


def record(event: EventContext, ledger: Ledger) -> None:
    """The same decisions as the stats ``game.highlight`` and ``game.story`` make, from the same account."""
    highlight, sentences = offer_of(event, ledger), offers_of(event, ledger)
    highlights.record(highlight, ledger.shown, HIGHLIGHTS, event.t_s, event.id)
    commentary.record(sentences, ledger.said, SENTENCES, event.t_s, event.id)


EVENT_STEPS = (
    EventStep("on_air.record", record, on=tuple(sorted(EVENT_TYPES)), phase="apply"),
    EventStep("on_air.line", update_line, on=("loop",), phase="apply"),
)
