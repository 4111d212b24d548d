"""Soccer's sentences in four languages. Names are never inflected; Russian ones stand in the present tense or behind a
noun, so that they fit whoever is meant."""

from __future__ import annotations

from typing import Final

OPPONENTS: Final = {
    "en": {"one": "opponent", "other": "opponents"},
    "de": {"one": "Gegenspieler", "other": "Gegenspieler"},
    "ru": {"one": "соперника", "few": "соперников", "many": "соперников"},
    "es": {"one": "rival", "other": "rivales"},
}
GOALS: Final = {
    "en": {"one": "goal", "other": "goals"},
    "de": {"one": "Tor", "other": "Tore"},
    "ru": {"one": "гол", "few": "гола", "many": "голов"},
    "es": {"one": "gol", "other": "goles"},
}
PLAYERS: Final = {
    "en": {"one": "player", "other": "players"},
    "de": {"one": "Spieler", "other": "Spielern"},
    "ru": {"one": "игрок", "few": "игрока", "many": "игроков"},
    "es": {"one": "jugador", "other": "jugadores"},
}

#: key -> language -> template
PHRASES: Final[dict[str, dict[str, str]]] = {
    "goal": {
        "en": "Goal! {player} scores for {team}: {home} {score} {away}. The chance was worth {xgoals} xGoals.",
        "de": "Tor! {player} trifft für {team}: {home} gegen {away} {score}. Die Chance war {xgoals} xGoals wert.",
        "ru": "Гол! {player} забивает, «{team}» празднует: «{home}» — «{away}» {score}. "
        "Оценка момента — {xgoals} xGoals.",
        "es": "¡Gol! {player} marca para {team}: {home} {score} {away}. La ocasión valía {xgoals} xGoals.",
    },
    "goal_unlikely": {
        "en": "Goal out of almost nothing! {player} scores for {team} with a chance of {share}: {home} {score} {away}.",
        "de": "Ein Tor aus dem Nichts! {player} trifft für {team} bei einer Chance von {share}: "
        "{home} gegen {away} {score}.",
        "ru": "Гол почти из ничего! {player} забивает при вероятности {share}: «{home}» — «{away}» {score}.",
        "es": "¡Gol de la nada! {player} marca para {team} con una probabilidad del {share}: {home} {score} {away}.",
    },
    "goal_plain": {
        "en": "Goal! {player} scores for {team}: {home} {score} {away}.",
        "de": "Tor! {player} trifft für {team}: {home} gegen {away} {score}.",
        "ru": "Гол! {player} забивает, «{team}» празднует: «{home}» — «{away}» {score}.",
        "es": "¡Gol! {player} marca para {team}: {home} {score} {away}.",
    },
    "own_goal": {
        "en": "Own goal by {player}: {home} {score} {away}.",
        "de": "Eigentor von {player}: {home} gegen {away} {score}.",
        "ru": "Автогол, автор — {player}: «{home}» — «{away}» {score}.",
        "es": "Gol en propia puerta de {player}: {home} {score} {away}.",
    },
    "red_card": {
        "en": "Red card for {player}: {team} have to go on with {left}.",
        "de": "Platzverweis für {player}: {team} muss mit {left} weiterspielen.",
        "ru": "Удаление, поле покидает {player}: в команде «{team}» остаётся {left}.",
        "es": "Expulsión de {player}: {team} sigue con {left}.",
    },
    "chance_saved": {
        "en": "A big chance for {team}: {player} shoots, worth {xgoals} xGoals, and {keeper} saves.",
        "de": "Großchance für {team}: {player} schießt, {xgoals} xGoals wert, und {keeper} hält.",
        "ru": "Голевой момент, атакует «{team}»: бьёт {player}, оценка удара — {xgoals} xGoals, но {keeper} спасает.",
        "es": "Ocasión clara para {team}: remata {player}, un disparo de {xgoals} xGoals, y {keeper} lo detiene.",
    },
    "chance_missed": {
        "en": "A big chance for {team} goes begging: {player}'s shot was worth {xgoals} xGoals.",
        "de": "Großchance für {team} vergeben: Der Schuss von {player} war {xgoals} xGoals wert.",
        "ru": "«{team}» упускает голевой момент: удар наносит {player}, оценка — {xgoals} xGoals.",
        "es": "{team} desperdicia una ocasión clara: el disparo de {player} valía {xgoals} xGoals.",
    },
    "keeper": {
        "en": "{player} has now prevented {prevented} goals for {team}, measured by xGoals on target.",
        "de": "{player} hat für {team} nun {prevented} Tore verhindert, gemessen an den xGoals aufs Tor.",
        "ru": "{player} уже экономит команде «{team}» {prevented} гола по xGoals ударов в створ.",
        "es": "{player} ya ha evitado {prevented} goles a {team}, según los xGoals a puerta.",
    },
    "team_xgoals": {
        "en": "{team} now stand at {xgoals} xGoals, with {goals} from their own shots.",
        "de": "{team} kommt jetzt auf {xgoals} xGoals, aus eigenen Schüssen: {goals}.",
        "ru": "У команды «{team}» уже {xgoals} xGoals, с собственных ударов — {goals}.",
        "es": "{team} suma ya {xgoals} xGoals y, de sus propios disparos, {goals}.",
    },
    "shot_speed": {
        "en": "What a strike by {player}: the ball leaves at {speed} km/h.",
        "de": "Was für ein Schuss von {player}: Der Ball wird {speed} km/h schnell.",
        "ru": "Мощнейший удар, бьёт {player}: скорость мяча — {speed} км/ч.",
        "es": "Qué disparo de {player}: el balón alcanza los {speed} km/h.",
    },
    "packing": {
        "en": "{player} takes {opponents} out of the game with one pass.",
        "de": "{player} überspielt mit einem Pass {opponents}.",
        "ru": "{player} одной передачей отсекает {opponents}.",
        "es": "{player} supera a {opponents} con un solo pase.",
    },
    "pass_unlikely": {
        "en": "A pass by {player} that arrives only {share} of the time finds its target.",
        "de": "Ein Pass von {player}, der nur mit {share} Wahrscheinlichkeit ankommt, findet sein Ziel.",
        "ru": "Передача с вероятностью успеха {share} доходит до цели, автор — {player}.",
        "es": "Un pase de {player} con un {share} de probabilidad llega a su destino.",
    },
    "top_speed": {
        "en": "{player} of {team} reaches {speed} km/h, the top speed of the match so far.",
        "de": "{player} ({team}) erreicht {speed} km/h, die bisherige Höchstgeschwindigkeit des Spiels.",
        "ru": "{player} («{team}») разгоняется до {speed} км/ч — пока лучшая скорость матча.",
        "es": "{player}, de {team}, alcanza {speed} km/h, la velocidad máxima del partido hasta ahora.",
    },
    "half_time": {
        "en": "Half-time: {home} {score} {away}, xGoals {home_xgoals} to {away_xgoals}.",
        "de": "Halbzeit: {home} gegen {away} {score}, xGoals {home_xgoals} zu {away_xgoals}.",
        "ru": "Перерыв: «{home}» — «{away}» {score}, xGoals: {home_xgoals} и {away_xgoals}.",
        "es": "Descanso: {home} {score} {away}, xGoals de {home_xgoals} contra {away_xgoals}.",
    },
    "full_time": {
        "en": "The second half is over: {home} {score} {away}, xGoals {home_xgoals} to {away_xgoals}.",
        "de": "Die zweite Halbzeit ist vorbei: {home} gegen {away} {score}, xGoals {home_xgoals} zu {away_xgoals}.",
        "ru": "Второй тайм окончен: «{home}» — «{away}» {score}, xGoals: {home_xgoals} и {away_xgoals}.",
        "es": "Termina la segunda parte: {home} {score} {away}, xGoals de {home_xgoals} contra {away_xgoals}.",
    },
}
