"""Models that outcomes contradict are taken off the air: here, where things go to subscribers and graphics, and nowhere before, so
that the final stats of a game stay a pure function of what was recorded.

A model is contradicted when its monitor has raised a drift of its calibration (``models.monitoring.calibration``): the outcomes
lie beyond what its probabilities allow. From then on neither its values nor those that are built on them go out; each stat
and subject gets one update of quality ``unavailable`` with the reason. Another version starts anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeVar

from msgspec.structs import replace

from features.core.sport import load_sport
from streaming.monitoring.watch import ModelWatch
from streaming.wire.blocks import StatBlock
from streaming.wire.raw_stats import RawStatBlock

Policy = Literal["withhold", "warn"]
POLICIES: Final = ("withhold", "warn")
#: alerts of this kind withhold a model
CONTRADICTED: Final = "calibration"

T = TypeVar("T")


class Withholding:
    """The alerts of ``watch``, applied to what goes out. With the policy ``warn`` nothing is withheld."""

    def __init__(self, watch: ModelWatch, policy: Policy = "withhold") -> None:
        self.watch, self.policy = watch, policy
        self._announced: set[tuple[str, str, str]] = set()
        self._built_on: dict[str, dict[str, frozenset[str]]] = {}
        self._down: list[tuple[str, str]] = []
        self._away: set[tuple[str, str]] = set()
        #: by (game, stat) that is on the air: its sport, and the model whose answer it is
        self._aired: dict[tuple[str, str], tuple[str, str]] = {}
        self._versions: dict[tuple[str, str], str] = {}

    def pop_withheld(self) -> list[tuple[str, str]]:
        """(game, stat) of what has been withheld since the last call: subscribers get no earlier value of it either, neither new
        ones nor those that resume."""
        if withheld := self.withheld():
            for (game, stat), (sport, model) in list(self._aired.items()):
                if self._reason(game, sport, stat, model, withheld):
                    self._take_down(game, stat)
        found, self._down = self._down, []
        return found

    def _take_down(self, game: str, stat: str) -> None:
        self._aired.pop((game, stat), None)
        self._away.add((game, stat))
        self._down.append((game, stat))

    def drop(self, game: str) -> None:
        """The game has ended: nothing of it is needed any more."""
        self._announced = {known for known in self._announced if known[0] != game}
        self._away = {known for known in self._away if known[0] != game}
        self._aired = {known: value for known, value in self._aired.items() if known[0] != game}
        self._versions = {known: value for known, value in self._versions.items() if known[0] != game}

    def withheld(self) -> dict[str, tuple[str, str]]:
        """By model, the version that is withheld and why."""
        return self.watch.contradicted() if self.policy == "withhold" else {}

    def filter(self, outputs: Iterable[T]) -> list[T | StatBlock]:
        """``outputs`` without the values of withheld models and without what is built on them."""
        withheld = self.withheld()
        out: list[T | StatBlock] = []
        for output in outputs:
            if not isinstance(output, StatBlock | RawStatBlock):
                out.append(output)
                continue
            if output.model is not None:
                self._versions[output.game, output.model.name] = output.model.version
            model = output.model.name if output.model is not None else ""
            reason = self._reason(output.game, output.sport, output.stat, model, withheld) if withheld else ""
            if not reason:
                if model or self._models_of(output.sport, output.stat):
                    self._aired[output.game, output.stat] = output.sport, model
                if (output.game, output.stat) in self._away:
                    self._back(output)
                out.append(output)
            elif news := self._announcement(output, reason):
                out.append(news)
        return out

    def _models_of(self, sport: str, stat: str) -> frozenset[str]:
        """The models that a stat is built on."""
        if sport not in self._built_on:
            self._built_on[sport] = {each.id: frozenset(each.built_on) for each in load_sport(sport).stats}
        return self._built_on[sport].get(stat, frozenset())

    def _reason(self, game: str, sport: str, stat: str, answers: str, withheld: dict[str, tuple[str, str]]) -> str:
        """Why a stat, the answer of the model ``answers`` or of none, is withheld; empty when it is not."""
        for model in sorted(self._models_of(sport, stat) | ({answers} if answers else set())):
            version, why = withheld.get(model, ("", ""))
            if version and version == self._versions.get((game, model)):
                return why
        return ""

    def _back(self, block: StatBlock | RawStatBlock) -> None:
        """The stat has values again, of another version: should that be withheld, too, it is a new withholding."""
        self._away.discard((block.game, block.stat))
        self._announced = {known for known in self._announced if known[:2] != (block.game, block.stat)}

    def _announcement(self, block: StatBlock | RawStatBlock, reason: str) -> StatBlock | None:
        """An update without a value, for the subjects that have not had one yet."""
        if isinstance(block, RawStatBlock):
            block = block.decoded()
        fresh = [
            s
            for s, subject in enumerate(block.subjects)
            if (block.game, block.stat, subject) not in self._announced and (block.live is None or block.live[-1, s])
        ]
        if not fresh:
            return None
        subjects = tuple(block.subjects[s] for s in fresh)
        if (block.game, block.stat) not in self._away:
            self._take_down(block.game, block.stat)
        self._announced |= {(block.game, block.stat, subject) for subject in subjects}
        return replace(
            block,
            subjects=subjects,
            end_us=block.end_us[-1:],
            ingress_us=block.ingress_us[-1:],
            live=None,
            values=[[None] * len(fresh)],
            quality="unavailable",
            reason=reason,
        )
