"""The words of a race's events, one spelling for simulators, providers and features.

Space is the circuit's own map in metres, and the *lap distance*: metres along the lap from the finish line. A timing *loop* lies
at the end of every mini-sector; some of them end a sector, the last one is the finish line. Loops are numbered 1 .. K.
"""

from __future__ import annotations

from typing import Final

EVENT_TYPES: Final = frozenset(
    {
        "session", "lights_out", "start", "loop", "standing", "corner", "pit_entry", "pit_exit", "tyres", "overtake_attempt",
        "undercut", "track_status", "off_track", "retirement", "disqualification", "finish",
    }
)  # fmt: skip

#: attrs of "session"     kind: one of SESSIONS; laps (number) that a race has. Sent where a feed begins, also in the middle
#: attrs of "lights_out"  laps (number) that the race has; pit_loss_s (number) what a stop costs on this circuit; off_track (bool):
#:                        cars that leave the track are reported
#: attrs of "loop"        lap, loop (numbers), sector (number, where the loop ends one); lap_time_s, sector_time_s (numbers): as
#:                        timing gives them, where it does: they are taken as they are
#: attrs of "standing"    place, gap_s, interval_s (numbers, where known), laps_behind (number): as timing gives them; in a
#:                        practice or qualifying the differences of best times; best_lap_s (number): the car's best lap so far
#: attrs of "corner"      corner (number), apex_m (number), sent when the car has left it; from_m, to_m (numbers): the stretch
#:                        between its neighbours that is its own
#: attrs of "pit_exit"    lane_s, stationary_s (numbers, where known)
#: attrs of "tyres"       compound ("soft" ...), age_laps (number): what the car runs on from now on; stops (number): made so far,
#:                        where a feed begins in the middle
#: attrs of "overtake_attempt"  target (car id): the car ahead, within three seconds where an overtaking zone began; sent
#:                        when the zone is over; outcome "complete" or "incomplete"; began_s (number): when the zone began, on
#:                        the game's axis
#: attrs of "undercut"    target (car id): the car that was ahead; outcome "complete" or "incomplete", sent when both have stopped
#: attrs of "track_status"  status: one of STATUS
#: attrs of "off_track"   lost_s (number, where known)
#: attrs of "retirement"  outcome "withdrawn": the car was said to be out and is not
#: attrs of "disqualification"  none: the car is no longer in the race, whatever it finished as
#: attrs of "finish"      position (number), laps (number)
#: attrs[...] never features: "true_probability" (a simulator's truth), "provider_..." (a provider's own figures)
NEVER_FEATURES: Final = frozenset({"true_probability"})

COMPOUNDS: Final = ("soft", "medium", "hard", "intermediate", "wet")
#: the channel ``flag`` is an index into this
STATUS: Final = ("clear", "yellow", "safety_car", "virtual_safety_car", "red")
SAFETY_CAR: Final = 2

#: kinds of session; only a race has an order on the track, stops that count and a winner
SESSIONS: Final = ("race", "practice", "qualifying")

ROLES: Final = ("car",)
