"""The words of a race's events, one spelling for simulators, providers and features.

Space is the circuit's own map in metres, and the *lap distance*: metres along the lap from the finish line. A timing *loop* lies
at the end of every mini-sector; some of them end a sector, the last one is the finish line. Loops are numbered 1 .. K.
"""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = frozenset(
    {
        "lights_out", "start", "loop", "corner", "pit_entry", "pit_exit", "tyres", "overtake_attempt", "undercut",
        "track_status", "off_track", "retirement", "finish",
    }
)  # fmt: skip

#: attrs of "lights_out"  laps (number) that the race has; pit_loss_s (number) what a stop costs on this circuit
#: attrs of "loop"        lap, loop (numbers), sector (number, where the loop ends one); passed_s (number): the duration of a
#:                        sector or lap that a provider gives itself goes into provider_time_s, never read by a feature
#: attrs of "corner"      corner (number), apex_m (number), sent when the car has left it
#: attrs of "pit_exit"    lane_s, stationary_s (numbers, where known)
#: attrs of "tyres"       compound ("soft" ...), age_laps (number): what the car runs on from now on
#: attrs of "overtake_attempt"  target (car id): the car ahead, within three seconds where an overtaking zone began; sent
#:                        when the zone is over; outcome "complete" or "incomplete"; began_s (number): when the zone began, on
#:                        the game's axis
#: attrs of "undercut"    target (car id): the car that was ahead; outcome "complete" or "incomplete", sent when both have stopped
#: attrs of "track_status"  status: one of STATUS
#: attrs of "off_track"   lost_s (number, where known)
#: attrs of "finish"      position (number)
#: attrs[...] never features: "true_probability" (a simulator's truth), "provider_..." (a provider's own figures)
NEVER_FEATURES: Final = frozenset({"true_probability"})

COMPOUNDS: Final = ("soft", "medium", "hard", "intermediate", "wet")
#: the channel ``flag`` is an index into this
STATUS: Final = ("clear", "yellow", "safety_car", "virtual_safety_car", "red")
SAFETY_CAR: Final = 2

ROLES: Final = ("car",)
