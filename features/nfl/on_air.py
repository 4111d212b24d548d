"""What went on air is recorded in the account before anything else of the event: the stats decided from the account as it was."""

from __future__ import annotations

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.nfl.commentary import EVENTS as SENTENCE_EVENTS
from features.nfl.commentary import offers_of
from features.nfl.highlights import EVENTS as HIGHLIGHT_EVENTS
from features.nfl.highlights import offer_of, update_scores
from features.nfl.ledger import HIGHLIGHTS, SENTENCES, Ledger, played_s


def record_highlight(event: EventContext, ledger: Ledger) -> None:
    """The same decision as the stat ``game.highlight`` makes, from the same account."""
    highlights.record(offer_of(event, ledger), ledger.shown, HIGHLIGHTS, played_s(event, ledger), event.id)


def record_sentence(event: EventContext, ledger: Ledger) -> None:
    """The same decision as the stat ``game.story`` makes."""
    commentary.record(offers_of(event, ledger), ledger.said, SENTENCES, played_s(event, ledger), event.id)


EVENT_STEPS = (
    EventStep("on_air.highlight", record_highlight, on=HIGHLIGHT_EVENTS, phase="apply"),
    EventStep("on_air.sentence", record_sentence, on=SENTENCE_EVENTS, phase="apply"),
    EventStep("on_air.scores", update_scores, on=("touchdown", "pass_outcome_touchdown"), phase="apply"),
)
