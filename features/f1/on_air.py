"""What has been shown and said of a race goes into the account, before anything else of the event does: the stats saw it so."""

from __future__ import annotations

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.f1.commentary import keep_line, offers_of
from features.f1.highlights import offer_of
from features.f1.ledger import HIGHLIGHTS, SENTENCES, Ledger
from features.f1.vocabulary import EVENT_TYPES


def note(moment: EventContext, ledger: Ledger) -> None:
    """The same decisions as the stats ``game.highlight`` and ``game.story`` make, from the same account."""
    shown, said = offer_of(moment, ledger), offers_of(moment, ledger)
    highlights.keep(shown, ledger.shown, HIGHLIGHTS, moment.t_s, moment.id)
    commentary.keep(said, ledger.said, SENTENCES, moment.t_s, moment.id)


EVENT_STEPS = (
    EventStep("airing.note", note, on=tuple(sorted(EVENT_TYPES)), phase="apply"),
    EventStep("airing.line", keep_line, on=("loop",), phase="apply"),
)
