"""The sentences of a game, one template per language. Names are never inflected: sentences are built around them."""

from __future__ import annotations

from typing import Final

YARDS: Final = {
    "en": {"one": "yard", "other": "yards"},
    "de": {"one": "Yard", "other": "Yards"},
    "ru": {"one": "ярд", "few": "ярда", "many": "ярдов"},
    "es": {"one": "yarda", "other": "yardas"},
}

TEMPLATES: Final[dict[str, dict[str, str]]] = {
    "touchdown": {
        "en": "Touchdown! {player} scores for {team}: {home} {score} {away}.",
        "de": "Touchdown! {player} punktet für {team}: {home} gegen {away} {score}.",
        "ru": "Тачдаун! Очки приносит {player}, команда «{team}»: «{home}» — «{away}» {score}.",
        "es": "¡Touchdown! {player} anota para {team}: {home} {score} {away}.",
    },
    "touchdown_plain": {
        "en": "Touchdown! {player} scores for {team}.",
        "de": "Touchdown! {player} punktet für {team}.",
        "ru": "Тачдаун! Очки приносит {player}, команда «{team}».",
        "es": "¡Touchdown! {player} anota para {team}.",
    },
    "field_goal_plain": {
        "en": "The field goal by {team} is good.",
        "de": "Das Field Goal von {team} sitzt.",
        "ru": "Филд-гол забит, пробивал игрок команды «{team}».",
        "es": "El gol de campo de {team} es bueno.",
    },
    "field_goal_missed": {
        "en": "The field goal attempt by {team} is no good.",
        "de": "Der Field-Goal-Versuch von {team} geht daneben.",
        "ru": "Филд-гол не удаётся: била команда «{team}».",
        "es": "El intento de gol de campo de {team} no es bueno.",
    },
    "sack": {
        "en": "Sack! The quarterback of {team} goes down behind the line.",
        "de": "Sack! Der Quarterback von {team} geht hinter der Linie zu Boden.",
        "ru": "Сэк! Квотербек команды «{team}» остановлен за линией.",
        "es": "¡Captura! El quarterback de {team} cae detrás de la línea.",
    },
    "long_gain": {
        "en": "A big play: {player} takes {team} {yards} down the field.",
        "de": "Ein großer Spielzug: {player} bringt {team} {yards} nach vorn.",
        "ru": "Большой розыгрыш: {player} продвигает команду «{team}» на {yards}.",
        "es": "Gran jugada: {player} hace avanzar a {team} {yards}.",
    },
    "field_goal": {
        "en": "The field goal is good: {home} {score} {away}.",
        "de": "Das Field Goal sitzt: {home} gegen {away} {score}.",
        "ru": "Филд-гол забит: «{home}» — «{away}» {score}.",
        "es": "El gol de campo es bueno: {home} {score} {away}.",
    },
    "interception": {
        "en": "Intercepted! The pass of {team} is picked off.",
        "de": "Abgefangen! Der Pass von {team} landet beim Gegner.",
        "ru": "Перехват! Передача команды «{team}» достаётся сопернику.",
        "es": "¡Interceptado! El pase de {team} acaba en manos del rival.",
    },
    "unlikely_catch": {
        "en": "{player} makes a catch that succeeds only {share} of the time.",
        "de": "{player} fängt einen Ball, der nur mit {share} Wahrscheinlichkeit gefangen wird.",
        "ru": "Приём с вероятностью {share}: мяч ловит {player}.",
        "es": "{player} atrapa un pase con solo un {share} de probabilidad.",
    },
    "long_run": {
        "en": "{player} runs {yards} yards further than expected.",
        "de": "{player} läuft {yards} Yards weiter als erwartet.",
        "ru": "На {yards} ярда дальше ожидаемого пробегает {player}.",
        "es": "{player} corre {yards} yardas más de lo esperado.",
    },
    "after_catch": {
        "en": "After the catch {player} gains {yards} yards more than expected.",
        "de": "Nach dem Fang holt {player} {yards} Yards mehr als erwartet.",
        "ru": "После приёма {player} набирает на {yards} ярда больше ожидаемого.",
        "es": "Tras la recepción, {player} gana {yards} yardas más de lo esperado.",
    },
    "top_speed": {
        "en": "{player} reaches {speed} mph, the fastest ball carrier so far.",
        "de": "{player} erreicht {speed} mph, bisher der schnellste Ballträger.",
        "ru": "{player} разгоняется до {speed} мили в час — пока лучшая скорость с мячом.",
        "es": "{player} alcanza {speed} mph, el portador más rápido hasta ahora.",
    },
    "fourth_go": {
        "en": "Fourth down: going for it gives {team} the best chance to win, {share}.",
        "de": "Vierter Versuch: Ausspielen gibt {team} die beste Siegchance, {share}.",
        "ru": "Четвёртая попытка: розыгрыш даёт команде «{team}» лучшие шансы на победу, {share}.",
        "es": "Cuarto intento: jugársela da a {team} la mejor opción de ganar, {share}.",
    },
    "fourth_kick": {
        "en": "Fourth down: a field goal gives {team} the best chance to win, {share}.",
        "de": "Vierter Versuch: Ein Field Goal gibt {team} die beste Siegchance, {share}.",
        "ru": "Четвёртая попытка: филд-гол даёт команде «{team}» лучшие шансы на победу, {share}.",
        "es": "Cuarto intento: el gol de campo da a {team} la mejor opción de ganar, {share}.",
    },
    "fourth_punt": {
        "en": "Fourth down: a punt gives {team} the best chance to win, {share}.",
        "de": "Vierter Versuch: Ein Punt gibt {team} die beste Siegchance, {share}.",
        "ru": "Четвёртая попытка: пант даёт команде «{team}» лучшие шансы на победу, {share}.",
        "es": "Cuarto intento: despejar da a {team} la mejor opción de ganar, {share}.",
    },
}
