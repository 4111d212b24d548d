"""Baseball's sentences in four languages. Names are never inflected; Russian ones stand in the present tense or behind a noun."""

from __future__ import annotations

from typing import Final

#: key -> language -> template
PHRASES: Final[dict[str, dict[str, str]]] = {
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
