"""Models that outcomes contradict are taken off the air: here, where things go to subscribers and graphics, and nowhere before, so
that the final stats of a game stay a pure function of what was recorded.

A model is contradicted when its monitor has raised a drift of its calibration (``models.monitoring.calibration``): what happened
lies beyond what its probabilities allow. From then on neither its values nor those that are built on them go out; each stat
and subject gets one update of quality ``unavailable`` with the reason. Another version begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, Literal, TypeVar

from features.sport import load_sport
from streaming.blocks import StatBlock
from streaming.monitoring import ModelWatch

Policy = Literal["withhold", "warn"]
POLICIES: Final = ("withhold", "warn")
#: alerts of this kind withhold a model
CONTRADICTED: Final = "calibration"

T = TypeVar("T")


class Withholding:
    """What ``watch`` says of models, applied to what goes out. With the policy ``warn`` nothing is withheld."""

    def __init__(self, watch: ModelWatch, policy: Policy = "withhold") -> None:
        self.watch, self.policy = watch, policy
        self._announced: set[tuple[str, str, str]] = set()
        self._built_on: dict[str, dict[str, frozenset[str]]] = {}
        self._down: list[tuple[str, str]] = []
        self._versions: dict[tuple[str, str], str] = {}

    def taken_down(self) -> list[tuple[str, str]]:
        """(game, stat) of what has been withheld since this was last asked: what is kept of it for newcomers goes, too."""
        found, self._down = self._down, []
        return found

    def withheld(self) -> dict[str, tuple[str, str]]:
        """By model, the version that is withheld and why."""
        return self.watch.contradicted() if self.policy == "withhold" else {}

    def screen(self, outputs: Iterable[T]) -> list[T | StatBlock]:
        """``outputs`` without the values of withheld models and without what is built on them."""
        withheld = self.withheld()
        out: list[T | StatBlock] = []
        for output in outputs:
            if not isinstance(output, StatBlock):
                out.append(output)
                continue
            if output.model is not None:
                self._versions[output.game, output.model.name] = output.model.version
            reason = self._reason(output, withheld) if withheld else ""
            if not reason:
                if self._announced:
                    self._announced -= {(output.game, output.stat, subject) for subject in output.subjects}
                out.append(output)
            elif news := self._announcement(output, reason):
                out.append(news)
        return out

    def _reason(self, block: StatBlock, withheld: dict[str, tuple[str, str]]) -> str:
        if block.sport not in self._built_on:
            self._built_on[block.sport] = {stat.id: frozenset(stat.built_on) for stat in load_sport(block.sport).stats}
        models = self._built_on[block.sport].get(block.stat, frozenset())
        if block.model is not None:
            models |= {block.model.name}
        for model in sorted(models):
            version, why = withheld.get(model, ("", ""))
            if version and version == self._versions.get((block.game, model)):
                return why
        return ""

    def _announcement(self, block: StatBlock, reason: str) -> StatBlock | None:
        """The word that there is no value, for the subjects that have not had it yet."""
        fresh = [
            s for s, subject in enumerate(block.subjects)
            if (block.game, block.stat, subject) not in self._announced and (block.live is None or block.live[-1, s])
        ]  # fmt: skip
        if not fresh:
            return None
        subjects = tuple(block.subjects[s] for s in fresh)
        if not any((block.game, block.stat) == known[:2] for known in self._announced):
            self._down.append((block.game, block.stat))
        self._announced |= {(block.game, block.stat, subject) for subject in subjects}
        return replace(
            block, subjects=subjects, end_us=block.end_us[-1:], ingress_us=block.ingress_us[-1:], live=None,
            values=[[None] * len(fresh)], quality="unavailable", reason=reason,
        )  # fmt: skip
