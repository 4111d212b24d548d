"""What has been shown and said of a game goes into the account, before anything else of the event does: the stats saw it so."""

from __future__ import annotations

from features.common import commentary, highlights
from features.core.event_context import EventContext
from features.core.sport import EventStep
from features.nfl.commentary import ON as SAID
from features.nfl.commentary import offers_of
from features.nfl.highlights import ON as SHOWN
from features.nfl.highlights import keep_scores, offer_of
from features.nfl.ledger import HIGHLIGHTS, SENTENCES, Ledger, played_s


def show(moment: EventContext, ledger: Ledger) -> None:
    """The same decision as the stat ``game.highlight`` makes, from the same account."""
    highlights.keep(offer_of(moment, ledger), ledger.shown, HIGHLIGHTS, played_s(moment, ledger), moment.id)


def say(moment: EventContext, ledger: Ledger) -> None:
    """The same decision as the stat ``game.story`` makes."""
    commentary.keep(offers_of(moment, ledger), ledger.said, SENTENCES, played_s(moment, ledger), moment.id)


EVENT_STEPS = (
    EventStep("airing.show", show, on=SHOWN, phase="apply"),
    EventStep("airing.say", say, on=SAID, phase="apply"),
    EventStep("airing.scores", keep_scores, on=("touchdown", "pass_outcome_touchdown"), phase="apply"),
)
