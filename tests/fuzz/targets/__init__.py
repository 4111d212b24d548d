"""The targets, by what they decode."""

from __future__ import annotations

import os

from tests.fuzz.target import Target


def every() -> dict[str, Target]:
    """All targets by name, in order."""
    from tests.fuzz.targets import access, models, operators, providers, recordings, settings, web, wire

    found = [one for module in (wire, operators, recordings, models, web, access, settings, providers) for one in module.targets()]
    if os.environ.get("TOUCHLINE_FUZZ_PLANTED"):  # a fault that the fuzzers' own test looks for
        found.append(Target("planted", _planted, lambda: [b"fine"], ()))
    return {target.name: target for target in found}


def _planted(data: bytes) -> None:
    if data[:1] == b"f" and len(data) > 4:
        _ = 1 // 0
