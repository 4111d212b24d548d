"""A race's sentences in four languages. Names are never inflected; Russian ones stand in the present tense or behind a noun."""

from __future__ import annotations

from typing import Final

#: key -> language -> template
TEMPLATES: Final[dict[str, dict[str, str]]] = {
    "lights_out": {
        "en": "Lights out, and {laps} laps to go.",
        "de": "Die Lichter sind aus, {laps} Runden liegen vor dem Feld.",
        "ru": "Огни гаснут, гонка началась, впереди кругов: {laps}.",
        "es": "Se apagan los semáforos: quedan {laps} vueltas.",
    },
    "overtake_lead": {
        "en": "{player} passes {target} and leads the race.",
        "de": "{player} überholt {target} und führt das Rennen an.",
        "ru": "{player} обходит соперника и возглавляет гонку, позади — {target}.",
        "es": "{player} adelanta a {target} y lidera la carrera.",
    },
    "lead": {
        "en": "{player} leads the race now that {target} has stopped.",
        "de": "{player} führt das Rennen an, nachdem {target} gestoppt hat.",
        "ru": "После пит-стопа соперника гонку возглавляет {player}, на пит-лейн — {target}.",
        "es": "{player} lidera la carrera tras la parada de {target}.",
    },
    "gap": {
        "en": "Lap {lap}: {target} leads {player} by {gap} s.",
        "de": "Runde {lap}: {target} führt mit {gap} s vor {player}.",
        "ru": "Круг {lap}: впереди {target}, отрыв — {gap} с, преследует {player}.",
        "es": "Vuelta {lap}: {target} lidera con {gap} s sobre {player}.",
    },
    "fight": {
        "en": "{player}, P{place}, has closed to {gap} s behind {target}.",
        "de": "{player} auf Platz {place} liegt nur noch {gap} s hinter {target}.",
        "ru": "{player}, место {place}, сокращает отставание до {gap} с, впереди — {target}.",
        "es": "{player}, P{place}, se acerca a {gap} s de {target}.",
    },
    "stop": {
        "en": "{player} comes in from P{place}, stop number {n}.",
        "de": "{player} kommt von Platz {place} an die Box, Stopp Nummer {n}.",
        "ru": "{player} заезжает в боксы, место {place}, пит-стоп номер {n}.",
        "es": "{player} entra en boxes desde la P{place}, parada número {n}.",
    },
    "podium": {
        "en": "{player} of {team} finishes P{place}.",
        "de": "{player} ({team}) kommt auf Platz {place} ins Ziel.",
        "ru": "{player} («{team}») финиширует, место {place}.",
        "es": "{player}, de {team}, termina P{place}.",
    },
    "retirement_from": {
        "en": "{player} of {team} is out of the race, from P{place}.",
        "de": "{player} ({team}) ist auf Platz {place} ausgeschieden.",
        "ru": "{player} («{team}») сходит с дистанции, место было {place}.",
        "es": "{player}, de {team}, abandona cuando era P{place}.",
    },
    "overtake": {
        "en": "{player} passes {target} for P{place}.",
        "de": "{player} überholt {target} und ist nun auf Platz {place}.",
        "ru": "{player} обгоняет соперника и выходит на место {place}, позади — {target}.",
        "es": "{player} adelanta a {target} y ya es P{place}.",
    },
    "undercut": {
        "en": "The undercut works: {player} comes out in front of {target}.",
        "de": "Der Undercut gelingt: {player} kommt vor {target} zurück auf die Strecke.",
        "ru": "Андеркат удаётся: {player} выезжает впереди, позади — {target}.",
        "es": "Funciona el undercut: {player} sale por delante de {target}.",
    },
    "fastest_lap": {
        "en": "Fastest lap of the race so far for {player}: {time} s.",
        "de": "Schnellste Runde des Rennens bisher für {player}: {time} s.",
        "ru": "Лучший круг гонки на данный момент — {player}: {time} с.",
        "es": "Vuelta rápida de la carrera hasta ahora para {player}: {time} s.",
    },
    "slow_stop": {
        "en": "A slow stop for {player}: {time} s standing still.",
        "de": "Ein langsamer Boxenstopp für {player}: {time} s Standzeit.",
        "ru": "Медленный пит-стоп — {player}: стоянка {time} с.",
        "es": "Parada lenta para {player}: {time} s detenido.",
    },
    "safety_car": {
        "en": "The safety car is out.",
        "de": "Das Safety Car ist auf der Strecke.",
        "ru": "На трассе машина безопасности.",
        "es": "Sale el coche de seguridad.",
    },
    "red": {
        "en": "The race is stopped: red flag.",
        "de": "Das Rennen ist unterbrochen: rote Flagge.",
        "ru": "Гонка остановлена: красный флаг.",
        "es": "Carrera detenida: bandera roja.",
    },
    "off_track": {
        "en": "{player} of {team} runs off the track.",
        "de": "{player} ({team}) kommt von der Strecke ab.",
        "ru": "{player} («{team}») вылетает за пределы трассы.",
        "es": "{player}, de {team}, se sale de la pista.",
    },
    "retirement": {
        "en": "{player} of {team} is out of the race.",
        "de": "{player} ({team}) ist ausgeschieden.",
        "ru": "{player} («{team}») сходит с дистанции.",
        "es": "{player}, de {team}, abandona.",
    },
    "disqualification": {
        "en": "{player} of {team} is disqualified.",
        "de": "{player} ({team}) ist disqualifiziert.",
        "ru": "Дисквалификация: {player} («{team}»).",
        "es": "{player}, de {team}, queda descalificado.",
    },
    "winner": {
        "en": "{player} wins the race for {team}.",
        "de": "{player} gewinnt das Rennen für {team}.",
        "ru": "{player} выигрывает гонку, празднует «{team}».",
        "es": "{player} gana la carrera para {team}.",
    },
}
