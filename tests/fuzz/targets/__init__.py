"""The targets, by what they decode."""

from __future__ import annotations

from tests.fuzz.target import Target


def every() -> dict[str, Target]:
    """All targets by name, in order."""
    from tests.fuzz.targets import models, operators, providers, recordings, settings, web, wire

    found = [one for module in (wire, operators, recordings, models, web, settings, providers) for one in module.targets()]
    return {target.name: target for target in found}
