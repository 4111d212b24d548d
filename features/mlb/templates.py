"""Baseball's sentences in four languages. Names are never inflected; Russian ones stand in the present tense or behind a noun."""

from __future__ import annotations

from typing import Final

RUNS: Final = {
    "en": {"one": "run", "other": "runs"},
    "de": {"one": "Run", "other": "Runs"},
    "ru": {"one": "очко", "few": "очка", "many": "очков"},
    "es": {"one": "carrera", "other": "carreras"},
}

#: key -> language -> template
TEMPLATES: Final[dict[str, dict[str, str]]] = {
    "home_run": {
        "en": "Home run by {player} of {team}: {home} {score} {away}.",
        "de": "Home Run von {player} ({team}): {home} gegen {away} {score}.",
        "ru": "Хоум-ран, отличается {player} («{team}»): «{home}» — «{away}» {score}.",
        "es": "Jonrón de {player}, de {team}: {home} {score} {away}.",
    },
    "home_run_far": {
        "en": "Home run by {player} of {team}, projected at {distance} feet: {home} {score} {away}.",
        "de": "Home Run von {player} ({team}), berechnet auf {distance} Fuß: {home} gegen {away} {score}.",
        "ru": "Хоум-ран, отличается {player} («{team}»), расчётная дальность — {distance} футов: «{home}» — «{away}» {score}.",
        "es": "Jonrón de {player}, de {team}, con una distancia estimada de {distance} pies: {home} {score} {away}.",
    },
    "run": {
        "en": "{team} score {runs}: {home} {score} {away}.",
        "de": "{team} holt {runs}: {home} gegen {away} {score}.",
        "ru": "«{team}» набирает {runs}: «{home}» — «{away}» {score}.",
        "es": "{team} anota {runs}: {home} {score} {away}.",
    },
    "inning": {
        "en": "After {inning} innings: {home} {score} {away}.",
        "de": "Nach {inning} Innings: {home} gegen {away} {score}.",
        "ru": "Сыграно иннингов: {inning}. «{home}» — «{away}» {score}.",
        "es": "Tras {inning} entradas: {home} {score} {away}.",
    },
    "loaded": {
        "en": "Bases loaded for {team}, outs: {outs}.",
        "de": "Alle Bases sind besetzt für {team}, Outs: {outs}.",
        "ru": "Все базы заняты, атакует «{team}», аутов: {outs}.",
        "es": "Bases llenas para {team}, outs: {outs}.",
    },
    "double_play": {
        "en": "Double play! {player} of {team} and a runner are out.",
        "de": "Double Play! Nicht nur {player} ({team}) ist aus.",
        "ru": "Дабл-плей! В ауте не только {player} («{team}»).",
        "es": "¡Doble matanza! No solo {player}, de {team}, queda fuera.",
    },
    "double": {
        "en": "A double by {player} of {team}.",
        "de": "Ein Double von {player} ({team}).",
        "ru": "Дабл, отличается {player} («{team}»).",
        "es": "Doble de {player}, de {team}.",
    },
    "strikeouts": {
        "en": "{pitcher} strikes out {player}, strikeout number {n}.",
        "de": "Strikeout gegen {player}, Nummer {n} für {pitcher}.",
        "ru": "Страйкаут: в ауте {player}, номер {n} за игру на счету питчера — {pitcher}.",
        "es": "Ponche a {player}, el número {n} de {pitcher}.",
    },
    "no_hits": {
        "en": "{team} are still without a hit after {inning} innings.",
        "de": "{team} hat nach {inning} Innings noch keinen Hit.",
        "ru": "«{team}» пока без хитов, сыграно иннингов: {inning}.",
        "es": "{team} sigue sin hits tras {inning} entradas.",
    },
    "left_loaded": {
        "en": "{team} leave the bases loaded.",
        "de": "{team} lässt alle Bases besetzt zurück.",
        "ru": "Половина иннинга окончена, «{team}» не использует занятые базы.",
        "es": "{team} deja las bases llenas.",
    },
    "triple": {
        "en": "A triple by {player} of {team}.",
        "de": "Ein Triple von {player} ({team}).",
        "ru": "Трипл, отличается {player} («{team}»).",
        "es": "Triple de {player}, de {team}.",
    },
    "stolen": {
        "en": "{player} steals the base. {team} are {stolen} for {tried}.",
        "de": "{player} stiehlt das Base. {team}: {stolen} von {tried} Versuchen.",
        "ru": "{player} крадёт базу. «{team}»: {stolen} из {tried} попыток.",
        "es": "{player} se roba la base. {team}: {stolen} de {tried} intentos.",
    },
    "stolen_unlikely": {
        "en": "{player} steals the base with a chance of only {share}.",
        "de": "{player} stiehlt das Base bei einer Chance von nur {share}.",
        "ru": "{player} крадёт базу при вероятности всего {share}.",
        "es": "{player} se roba la base con solo un {share} de probabilidad.",
    },
    "caught": {
        "en": "{player} of {team} is caught stealing.",
        "de": "{player} ({team}) wird beim Base-Diebstahl ausgemacht.",
        "ru": "Кража не удаётся: {player} («{team}») в ауте.",
        "es": "{player}, de {team}, es puesto out intentando robar.",
    },
    "catch": {
        "en": "What a catch by {player} of {team}: such a ball is caught {share} of the time.",
        "de": "Was für ein Fang von {player} ({team}): Solche Bälle werden zu {share} gefangen.",
        "ru": "Великолепная ловля, автор — {player} («{team}»): такие мячи ловят в {share} случаев.",
        "es": "Qué atrapada de {player}, de {team}: una pelota así se atrapa el {share} de las veces.",
    },
    "hard_hit": {
        "en": "{player} hits it at {speed} mph, the hardest ball of the game so far.",
        "de": "{player} trifft den Ball mit {speed} mph, so hart wie heute noch niemand.",
        "ru": "{player} выбивает мяч со скоростью {speed} миль/ч — пока самый сильный удар игры.",
        "es": "{player} conecta a {speed} mph, el batazo más fuerte del juego hasta ahora.",
    },
    "swing": {
        "en": "That play moves the win probability by {share}: {home} {score} {away}.",
        "de": "Dieser Spielzug verschiebt die Siegchance um {share}: {home} gegen {away} {score}.",
        "ru": "Этот розыгрыш меняет вероятность победы на {share}: «{home}» — «{away}» {score}.",
        "es": "Esta jugada mueve la probabilidad de victoria un {share}: {home} {score} {away}.",
    },
    "final": {
        "en": "It is over: {home} {score} {away}.",
        "de": "Das Spiel ist aus: {home} gegen {away} {score}.",
        "ru": "Игра окончена: «{home}» — «{away}» {score}.",
        "es": "Final del juego: {home} {score} {away}.",
    },
}
