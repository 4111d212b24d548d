"""What came of shots and passes."""

from __future__ import annotations

from typing import Final

from streaming.cli.labels import Label, outcome

LABELS: Final = {
    "xgoals": Label(("shot",), outcome("goal")),
    "pass-completion": Label(("pass",), outcome("complete")),
}
