"""Small games in the providers' own formats, written by the tests: a few seconds, a handful of players, every branch taken."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.simulators.providers.small_wyscout import wyscout


def tracab(folder: Path, turned: tuple[int, ...] = (2,)) -> list[Path]:
    """Two periods of 10 frames at 25 Hz as databallpy saves them: home attacks +x in the file throughout."""
    n = 20
    period = np.repeat([1, 2], 10).astype(np.int8)
    table = {
        "frame": np.arange(1, n + 1),
        "period": period,
        "time_s": np.arange(n) / 25.0,
        "ball_x": np.linspace(0, 40, n),
        "ball_y": np.full(n, 3.0),
        "ball_z": np.full(n, 0.2),
        "ball_status": np.array(["alive", "dead"] * 10),
        "home_1_x": np.full(n, -47.0),
        "home_1_y": np.zeros(n),
        "away_9_x": np.where(np.arange(n) < 5, np.nan, -20.0),
        "away_9_y": np.full(n, 1.0),
    }
    pq.write_table(pa.table(table), folder / "tracking.parquet")
    (folder / "metadata.json").write_text(
        json.dumps(
            {
                "tracking_data_frame_rate": 25,
                "pitch_dimensions": [104.9, 67.8],
                "home_team_id": "T-1",
                "away_team_id": "T-2",
                "home_team_name": "Home",
                "away_team_name": "Away",
                "_periods_changed_playing_direction": list(turned),
            }
        )
    )
    (folder / "players.csv").write_text(
        "id,full_name,shirt_num,position,team\nP-1,home_1,1,goalkeeper,home\nP-9,away_9,9,forward,away\n"
    )
    (folder / "events.csv").write_text(
        "event_id,event_type_id,period_id,player_id,team_id,is_successful,start_x,start_y,time_s\n"
        "1,32,1,,T-1,,,,0.0\n2,32,1,,T-2,,,,0.0\n"
        "3,1,1,P-9,T-2,True,10.0,5.0,0.1\n"
        "4,5,1,P-9,T-2,,10.0,33.9,0.2\n5,5,1,P-1,T-1,,10.0,33.9,0.2\n"
        "6,43,1,P-9,T-2,,10.0,5.0,0.2\n"
        "7,15,2,P-9,T-2,False,-40.0,5.0,0.6\n"
        "8,1,-1,,T-2,True,0,0,\n"
    )
    (folder / "shots.csv").write_text(
        "event_id,outcome_str,body_part,possession_type,set_piece,first_touch,xg\n"
        "7,blocked,head,corner_kick,no_set_piece,True,0.125\n"
    )
    return sorted(folder.iterdir())


def tracab_dat(folder: Path) -> list[Path]:
    """Two periods of five frames in TRACAB's own text format: centimetres, sides changed at half time."""
    lines = []
    for start, side in ((1000, 1), (2000, -1)):
        for i in range(5):
            players = f"1,1,1,{-4000 * side},0,1.0;0,2,9,{2000 * side},{-100 - i},2.0;"
            lines.append(f"{start + i}:{players}:{100 * side * i},50,20,9.0,H,{'Alive' if i < 4 else 'Dead'};:")
    (folder / "game.dat").write_text("\n".join(lines) + "\n")
    (folder / "game_metadata.xml").write_text(
        '<?xml version="1.0" encoding="utf-8"?><TracabMetaData sVersion="1.0">'
        '<match iId="77" dtDate="2020-01-01 18:00:00" iFrameRateFps="25" fPitchXSizeMeters="105.00" fPitchYSizeMeters="68.00"'
        ' fTrackingAreaXSizeMeters="111.00" fTrackingAreaYSizeMeters="88.00">'
        '<period iId="1" iStartFrame="1000" iEndFrame="1004"/><period iId="2" iStartFrame="2000" iEndFrame="2004"/>'
        '<period iId="3" iStartFrame="0" iEndFrame="0"/><period iId="4" iStartFrame="0" iEndFrame="0"/>'
        "</match></TracabMetaData>"
    )
    return sorted(folder.iterdir())


def zxy(folder: Path) -> list[Path]:
    """Two belts whose clocks do not agree, one sample out of order."""
    start = np.datetime64("2013-11-07T21:05:13.000000001", "ns")
    offsets_ms = np.array([0, 7, 50, 57, 107, 100])
    table = {
        "utc": start + (offsets_ms * 1_000_000).astype("timedelta64[ns]"),
        "sensor_id": np.array([1, 7, 1, 7, 7, 1], np.int16),
        "x": np.array([0.0, 105.0, 52.5, 60.0, 61.0, 53.0], np.float32),
        "y": np.full(6, 34.0, np.float32),
        "speed": np.full(6, 2.5, np.float32),
    }
    pq.write_table(pa.table(table), folder / "samples.parquet")
    return [folder / "samples.parquet"]


def skillcorner(folder: Path) -> list[Path]:
    """A ball for two periods; each team has a shot in each, in coordinates turned to attack +x, gzipped."""
    frames = [*range(10, 40), *range(50, 80)]
    ball = "frame,timestamp,period,x,y,z,is_detected\n" + "".join(
        f"{f},2025-12-24 00:00:00.000,{1.0 if f < 45 else 2.0},{f / 10},1.0,0.2,True\n" for f in frames
    )
    columns = (
        "event_id,event_type,frame_end,period,attacking_side,player_id,player_name,player_position,team_id,team_shortname,"
        "x_end,y_end,end_type,pass_outcome,game_interruption_after,player_targeted_id,player_targeted_x_reception,"
        "player_targeted_y_reception,is_header,one_touch,game_interruption_before"
    )
    rows = [
        "8_0,player_possession,12,1,left_to_right,5,Guest One,CF,20,Guests,10,2,pass,successful,,6.0,20,4,False,True,",
        "8_1,player_possession,20,1,right_to_left,9,Host One,GK,10,Hosts,40,3,shot,,goal_for,,,,True,False,corner_for",
        "8_2,player_possession,30,1,left_to_right,6,Guest Two,LB,20,Guests,41,3,shot,,goal_kick_against,,,,False,False,",
        "8_3,player_possession,60,2,left_to_right,9,Host One,GK,10,Hosts,42,3,shot,,,,,,False,False,",
        "8_4,passing_option,60,2,left_to_right,9,Host One,GK,10,Hosts,42,3,,,,,,,False,False,",
        "8_5,player_possession,70,2,right_to_left,5,Guest One,CF,20,Guests,43,3,shot,,,,,,False,False,",
    ]
    meta = {"match_id": "1", "pitch_length": 104, "pitch_width": 68, "home_team_side": ["right_to_left", "left_to_right"]}
    (folder / "1_ball.csv.gz").write_bytes(gzip.compress(ball.encode()))
    (folder / "1_events.csv.gz").write_bytes(gzip.compress("\n".join([columns, *rows]).encode()))
    (folder / "1_meta.json").write_text(json.dumps(meta))
    return sorted(folder.iterdir())


def metrica(folder: Path) -> list[Path]:
    """A goal from a corner at each end, an own goal, a foul in two rows."""
    (folder / "Small_RawEventsData.csv").write_text(
        "Team,Type,Subtype,Period,Start Frame,Start Time [s],End Frame,End Time [s],From,To,Start X,Start Y,End X,End Y\n"
        "Away,SET PIECE,KICK OFF,1,1,0.04,0,0,Player19,,NaN,NaN,NaN,NaN\n"
        "Away,PASS,,1,1,0.04,3,0.12,Player19,Player21,0.5,0.5,0.6,0.25\n"
        "Home,PASS,GOAL KICK,1,10,0.4,12,0.48,Player11,Player9,0.05,0.5,0.4,0.5\n"
        "Home,SET PIECE,CORNER KICK,1,50,2,0,0,Player9,,NaN,NaN,NaN,NaN\n"
        "Home,BALL LOST,CROSS-INTERCEPTION,1,51,2.04,53,2.12,Player9,,1.0,0.0,0.95,0.5\n"
        "Home,SHOT,HEAD-ON TARGET-GOAL,1,60,2.4,62,2.48,Player10,,0.9,0.5,1.0,0.5\n"
        "Home,CHALLENGE,TACKLE-FAULT-LOST,1,70,2.8,70,2.8,Player2,,0.5,0.5,NaN,NaN\n"
        "Away,CHALLENGE,TACKLE-FAULT-WON,1,70,2.8,70,2.8,Player21,,0.5,0.5,NaN,NaN\n"
        "Home,CARD,YELLOW,1,71,2.84,71,2.84,Player2,,NaN,NaN,NaN,NaN\n"
        "Home,SHOT,OFF TARGET-OUT,2,100,4,101,4.04,Player10,,0.1,0.5,0.0,0.8\n"
        "Home,BALL OUT,WOODWORK-GOAL,2,110,4.4,111,4.44,Player2,,0.97,0.48,1.01,0.54\n"
    )
    return sorted(folder.iterdir())


def sportec(folder: Path) -> list[Path]:
    """Four players, two periods, a shot by each team, positions of three frames; home kicks off from the right."""
    players = {
        "home": ("C-H", [("P-1", "1", "TW"), ("P-2", "9", "STZ")]),
        "guest": ("C-G", [("P-3", "1", "TW"), ("P-4", "9", "STZ")]),
    }
    teams = "".join(
        f'<Team TeamId="{club}" TeamName="{role}" Role="{role}" LineUp="4-4-2"><Players>'
        + "".join(
            f'<Player PersonId="{ident}" ShirtNumber="{shirt}" FirstName="F" LastName="{ident}" Shortname="{ident}"'
            f' Starting="true" PlayingPosition="{position}" TeamLeader="false"/>'
            for ident, shirt, position in squad
        )
        + '</Players><TrainerStaff><Trainer PersonId="T" Role="headcoach" Shortname="T"/></TrainerStaff></Team>'
        for role, (club, squad) in players.items()
    )
    (folder / "X_matchinformation.xml").write_text(
        '<PutDataRequest><MatchInformation><General MatchId="X" HomeTeamId="C-H" GuestTeamId="C-G" Result="1:0" MatchDay="12"'
        ' KickoffTime="2022-10-15T11:00:00.000+00:00"/><Environment PitchX="105.00" PitchY="68.00"/>'
        f'<Teams>{teams}</Teams><OtherGameInformation TotalTimeFirstHalf="2700000" TotalTimeSecondHalf="2700000"/>'
        "</MatchInformation></PutDataRequest>"
    )

    def event(ident: int, clock: str, place: str, inner: str) -> str:
        return f'<Event EventId="{ident}" EventTime="2022-10-15T13:{clock}+02:00" MatchId="X" {place}>{inner}</Event>'

    def kick_off(left: str, right: str, section: str) -> str:
        return (
            f'<KickOff TeamLeft="{left}" TeamRight="{right}" GameSection="{section}"><Play Team="C-H" Player="P-2" Recipient="P-1"'
            ' Height="flat" Evaluation="successfullyCompleted"><Pass FreeKickLayup="false"/></Play></KickOff>'
        )

    def shot(team: str, player: str, result: str, more: str = "") -> str:
        return (
            f'<ShotAtGoal Team="{team}" Player="{player}" TypeOfShot="head" BuildUp="cornerKick" AssistAction="crossFromOpenPlay"'
            f' TakerBallControl="direct" xG="0.25" DistanceToGoal="10.50" AngleToGoal="38.43" {more}>{result}</ShotAtGoal>'
        )

    spot = 'X-Position="52.50" Y-Position="34.00" X-Source-Position="52.50" Y-Source-Position="34.00"'
    left = 'X-Position="10.00" Y-Position="30.00" X-PositionFromTracking="10.50" Y-PositionFromTracking="34.00"'
    right = 'X-Position="94.50" Y-Position="34.00"'
    body = [
        event(1, "00:00.000", spot, kick_off("C-G", "C-H", "firstHalf")),
        event(2, "00:05.000", left, shot("C-H", "P-2", '<SuccessfulShot CurrentResult="1:0"/>')),
        event(3, "00:06.000", right, shot("C-G", "P-4", '<SavedShot GoalKeeper="P-1"/>')),
        event(4, "00:07.000", right, "<Delete/>"),
        event(5, "00:08.000", right, '<Foul TeamFouler="C-G" Fouler="P-4" TeamFouled="C-H" Fouled="P-2"/>'),
        event(6, "00:08.500", "", '<Caution Team="C-G" Player="P-4" CardColor="yellow"/>'),
        event(
            7,
            "00:09.000",
            right,
            '<TacklingGame WinnerTeam="C-H" Winner="P-2" LoserTeam="C-G" Loser="P-4" Type="ground" WinnerRole="withoutBallControl"'
            ' WinnerResult="ballClaimed"/>',
        ),
        event(8, "45:00.000", "", '<FinalWhistle GameSection="firstHalf" FinalResult="1:0"/>'),
        event(9, "50:00.000", spot, kick_off("C-H", "C-G", "secondHalf")),
        event(10, "50:05.000", right, shot("C-H", "P-2", "<ShotWide/>")),
        event(11, "55:00.000", "", '<FinalWhistle GameSection="secondHalf" FinalResult="1:0"/>'),
    ]
    (folder / "X_events.xml").write_text(f"<PutDataRequest>{''.join(body)}</PutDataRequest>")

    def frames(team: str, person: str, x: float, extra: str = "") -> str:
        rows = "".join(
            f'<Frame N="{10000 + i}" T="2022-10-15T11:00:00.{i * 40:03d}+00:00" X="{x + i}" Y="-1.5" {extra} M="1"/>'
            for i in range(3)
        )
        return f'<FrameSet GameSection="firstHalf" MatchId="X" TeamId="{team}" PersonId="{person}">{rows}</FrameSet>'

    sets = [frames("C-H", "P-1", 45.0), frames("C-G", "P-4", 5.0), frames("Referee", "R", 0.0)]
    sets.append(frames("BALL", "B", 0.0, 'Z="0.15" BallStatus="1"'))
    whole = f"<PutDataRequest><Positions>{''.join(sets)}</Positions></PutDataRequest>"
    (folder / "X_positions.xml.gz").write_bytes(gzip.compress(whole.encode()))
    return sorted(folder.iterdir())


GAMES = {"tracab": tracab, "zxy": zxy, "skillcorner": skillcorner, "metrica": metrica, "sportec": sportec, "wyscout": wyscout}
