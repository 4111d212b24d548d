"""A cup tie in DFL's XML, minute by minute, written by the tests: kick-offs, whistles, shots, whatever may be missing left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HOME, AWAY = "C-H", "C-A"
PLAYERS = {HOME: (("H1", "TW"), ("H4", "IVL"), ("H9", "STZ")), AWAY: (("A1", "TW"), ("A4", "IVR"), ("A9", "STZ"))}
SCORED, WIDE, SAVED = "<SuccessfulShot/>", "<ShotWide/>", "<SavedShot/>"
SECTIONS = ("firstHalf", "secondHalf", "firstHalfExtra", "secondHalfExtra", "penaltyShootOut")
#: minute in which each section begins and ends
MINUTES = ((0, 46), (61, 108), (113, 128), (130, 146), (150, 160))


class Tie:
    """Events are added in any order; ``write`` makes the two files."""

    def __init__(self, result: str = 'Result="2:1"', pitch: str = '<Environment PitchX="105.00" PitchY="68.00"/>') -> None:
        self.result, self.pitch, self.events, self.count = result, pitch, list[str](), 0

    def add(self, minute: float, inner: str, place: tuple[float, float] | None = None, ident: str = "") -> Tie:
        """``place`` in metres from the left bottom corner."""
        self.count += 1
        second = round(minute * 60)
        at = f"2023-08-12T{18 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000+02:00"
        where = f'X-Position="{place[0]}" Y-Position="{place[1]}"' if place else ""
        self.events.append(f'<Event EventId="{ident or 100 + self.count}" EventTime="{at}" MatchId="CUP" {where}>{inner}</Event>')
        return self

    def kick_off(self, number: int, left: str, minute: float | None = None) -> Tie:
        right = AWAY if left == HOME else HOME
        inner = (
            f'<KickOff TeamLeft="{left}" TeamRight="{right}" GameSection="{SECTIONS[number - 1]}"><Play Team="{HOME}" Player="H9"'
            ' Recipient="H4" Evaluation="successfullyCompleted"><Pass/></Play></KickOff>'
        )
        return self.add(MINUTES[number - 1][0] if minute is None else minute, inner, (52.5, 34.0))

    def whistle(self, number: int) -> Tie:
        return self.add(MINUTES[number - 1][1], f'<FinalWhistle GameSection="{SECTIONS[number - 1]}"/>')

    def half(self, number: int, left: str) -> Tie:
        return self.kick_off(number, left).whistle(number)

    def shot(self, minute: float, team: str, player: str, x_m: float, result: str = WIDE, wrap: str = "") -> Tie:
        inner = f'<ShotAtGoal Team="{team}" Player="{player}" xG="0.25">{result}</ShotAtGoal>'
        return self.add(minute, f'<{wrap} Team="{team}">{inner}</{wrap}>' if wrap else inner, (x_m, 34.0))

    def write(self, folder: Path) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        teams = "".join(
            f'<Team TeamId="{team}" TeamName="{role}" Role="{role}"><Players>'
            + "".join(f'<Player PersonId="{ident}" PlayingPosition="{role_}"/>' for ident, role_ in squad)
            + "</Players></Team>"
            for role, (team, squad) in zip(("home", "guest"), PLAYERS.items(), strict=True)
        )
        (folder / "c_matchinformation.xml").write_text(
            f'<PutDataRequest><MatchInformation><General MatchId="CUP" {self.result}/>{self.pitch}<Teams>{teams}</Teams>'
            "</MatchInformation></PutDataRequest>"
        )
        (folder / "c_events.xml").write_text(f"<PutDataRequest>{''.join(self.events)}</PutDataRequest>")
        return [folder / "c_events.xml", folder / "c_matchinformation.xml"]


def positions(folder: Path, section: str, start: str, places: Sequence[tuple[str, str, float]]) -> Path:
    """Three frames of the players in ``places`` (team, person, x from the centre)."""
    sets = "".join(
        f'<FrameSet GameSection="{section}" TeamId="{team}" PersonId="{person}">'
        + "".join(f'<Frame N="{i}" T="{start}.{i * 40:03d}+00:00" X="{x}" Y="0.0"/>' for i in range(3))
        + "</FrameSet>"
        for team, person, x in places
    )
    path = folder / "c_positions.xml"
    path.write_text(f"<PutDataRequest><Positions>{sets}</Positions></PutDataRequest>")
    return path
