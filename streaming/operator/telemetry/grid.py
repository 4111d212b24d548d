"""The grid of a game and the windows on it: integer arithmetic, nothing else.

Row i (i >= 1) lies at ``t0 + i / hz``. Window k is ``(t0 + k hop, t0 + k hop + span]``, so it owns whole rows and ends on
row ``k hop + span``.
"""

from __future__ import annotations

from dataclasses import dataclass

from streaming.errors import BadInput

SECOND_US = 1_000_000


def ceil_div(amount: int, part: int) -> int:
    """How many whole ``part`` hold ``amount``.

    >>> ceil_div(7, 5), ceil_div(-7, 5)
    (2, -1)
    """
    return -(-amount // part)


@dataclass(frozen=True, slots=True)
class Grid:
    """``hop`` and ``span`` count rows."""

    t0_us: int
    hz: int
    hop: int
    span: int

    @classmethod
    def of(cls, t0_us: int, hz: float, hop_s: float, span_s: float) -> Grid:
        """``BadInput`` unless hop and span are whole numbers of rows.

        >>> Grid.of(0, 25, 0.2, 0.4).hop
        5
        """
        hop, span = round(hop_s * hz), round(span_s * hz)
        if hz != int(hz) or hop < 1 or abs(hop - hop_s * hz) > 1e-6 or abs(span - span_s * hz) > 1e-6:
            raise BadInput(f"a grid of {hz:g} Hz has no whole number of rows in windows of {span_s:g} s every {hop_s:g} s")
        return cls(t0_us, int(hz), hop, span)

    @property
    def hop_us(self) -> int:
        return self.hop * SECOND_US // self.hz

    @property
    def span_us(self) -> int:
        return self.span * SECOND_US // self.hz

    def t_us(self, row: int) -> int:
        """Time of grid row ``row``, rounded to the microsecond (30 Hz has no whole period)."""
        return self.t0_us + (2 * row * SECOND_US + self.hz) // (2 * self.hz)

    def row_at_or_before(self, t_us: int) -> int:
        """The last row whose time is not after ``t_us``."""
        row = (t_us - self.t0_us) * self.hz // SECOND_US
        return row + 1 if self.t_us(row + 1) <= t_us else row

    def second_us(self, second: int) -> int:
        """Time of the tick ``second``: so many whole seconds after t0."""
        return self.t0_us + second * SECOND_US

    def second_at_or_after(self, t_us: int) -> int:
        """The first tick that is not before ``t_us``."""
        return ceil_div(t_us - self.t0_us, SECOND_US)

    def seconds(self, t_us: int) -> float:
        """Seconds since t0, as features see time."""
        return (t_us - self.t0_us) / SECOND_US
