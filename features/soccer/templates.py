"""Soccer's sentences in four languages. Names are never inflected; Russian ones stand in the present tense or behind a
noun, so that they fit any name."""

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
SHOTS: Final = {
    "en": {"one": "shot", "other": "shots"},
    "de": {"one": "Schuss", "other": "Schüsse"},
    "ru": {"one": "удар", "few": "удара", "many": "ударов"},
    "es": {"one": "disparo", "other": "disparos"},
}
PASSES: Final = {
    "en": {"one": "pass", "other": "passes"},
    "de": {"one": "Pass", "other": "Pässe"},
    "ru": {"one": "передача", "few": "передачи", "many": "передач"},
    "es": {"one": "pase", "other": "pases"},
}

#: key -> language -> template
TEMPLATES: Final[dict[str, dict[str, str]]] = {
    "goal": {
        "en": "Goal! {player} scores for {team}: {home} {score} {away}. The chance was worth {xgoals} xGoals.",
        "de": "Tor! {player} trifft für {team}: {home} gegen {away} {score}. Die Chance war {xgoals} xGoals wert.",
        "ru": "Гол! {player} забивает, «{team}» празднует: «{home}» — «{away}» {score}. Оценка момента — {xgoals} xGoals.",
        "es": "¡Gol! {player} marca para {team}: {home} {score} {away}. La ocasión valía {xgoals} xGoals.",
    },
    "goal_unlikely": {
        "en": "Goal out of almost nothing! {player} scores for {team} with a chance of {share}: {home} {score} {away}.",
        "de": "Ein Tor aus dem Nichts! {player} trifft für {team} bei einer Chance von {share}: {home} gegen {away} {score}.",
        "ru": "Гол почти из ничего! {player} забивает при вероятности {share}: «{home}» — «{away}» {score}.",
        "es": "¡Gol de la nada! {player} marca para {team} con una probabilidad del {share}: {home} {score} {away}.",
    },
    "goal_plain": {
        "en": "Goal! {player} scores for {team}: {home} {score} {away}.",
        "de": "Tor! {player} trifft für {team}: {home} gegen {away} {score}.",
        "ru": "Гол! {player} забивает, «{team}» празднует: «{home}» — «{away}» {score}.",
        "es": "¡Gol! {player} marca para {team}: {home} {score} {away}.",
    },
    "goal_team": {
        "en": "Goal for {team}: {home} {score} {away}.",
        "de": "Tor für {team}: {home} gegen {away} {score}.",
        "ru": "Гол, празднует «{team}»: «{home}» — «{away}» {score}.",
        "es": "Gol de {team}: {home} {score} {away}.",
    },
    "goal_only": {
        "en": "Goal! {player} scores for {team}.",
        "de": "Tor! {player} trifft für {team}.",
        "ru": "Гол! {player} забивает, «{team}» празднует.",
        "es": "¡Gol! {player} marca para {team}.",
    },
    "goal_team_only": {
        "en": "Goal for {team}.",
        "de": "Tor für {team}.",
        "ru": "Гол, празднует «{team}».",
        "es": "Gol de {team}.",
    },
    "own_goal_only": {
        "en": "Own goal by {team}.",
        "de": "Eigentor von {team}.",
        "ru": "Автогол, его забивает «{team}».",
        "es": "Gol en propia puerta de {team}.",
    },
    "penalty_only": {
        "en": "{player} of {team} does not score from the penalty spot.",
        "de": "{player} ({team}) trifft vom Elfmeterpunkt nicht.",
        "ru": "Пенальти не реализован, бьёт {player} («{team}»).",
        "es": "{player}, de {team}, no marca el penalti.",
    },
    "goal_penalty": {
        "en": "Penalty scored! {player} makes no mistake: {home} {score} {away}.",
        "de": "Elfmeter verwandelt! {player} trifft: {home} gegen {away} {score}.",
        "ru": "Пенальти реализован! Бьёт {player}: «{home}» — «{away}» {score}.",
        "es": "¡Penalti transformado! No falla {player}: {home} {score} {away}.",
    },
    "goal_equaliser": {
        "en": "The equaliser! {player} scores for {team}: {home} {score} {away}.",
        "de": "Der Ausgleich! {player} trifft für {team}: {home} gegen {away} {score}.",
        "ru": "Счёт сравнивается! Забивает {player} («{team}»): «{home}» — «{away}» {score}.",
        "es": "¡El empate! {player} marca para {team}: {home} {score} {away}.",
    },
    "goal_late": {
        "en": "A late goal to take the lead! {player} scores for {team}: {home} {score} {away}.",
        "de": "Die späte Führung! {player} trifft für {team}: {home} gegen {away} {score}.",
        "ru": "Поздний гол выводит вперёд команду «{team}»! Забивает {player}: «{home}» — «{away}» {score}.",
        "es": "¡Gol en el tramo final! {player} adelanta a {team}: {home} {score} {away}.",
    },
    "goal_more": {
        "en": "Goal! {player} scores again for {team} and has {goals} in this match: {home} {score} {away}.",
        "de": "Tor! {player} trifft wieder für {team}, {goals} in diesem Spiel: {home} gegen {away} {score}.",
        "ru": "Гол! Снова забивает {player} («{team}»), всего в матче {goals}: «{home}» — «{away}» {score}.",
        "es": "¡Gol! {player} vuelve a marcar para {team} y suma {goals} en el partido: {home} {score} {away}.",
    },
    "own_goal_team": {
        "en": "Own goal: {home} {score} {away}.",
        "de": "Eigentor: {home} gegen {away} {score}.",
        "ru": "Автогол: «{home}» — «{away}» {score}.",
        "es": "Gol en propia puerta: {home} {score} {away}.",
    },
    "own_goal": {
        "en": "Own goal by {player}: {home} {score} {away}.",
        "de": "Eigentor von {player}: {home} gegen {away} {score}.",
        "ru": "Автогол, автор — {player}: «{home}» — «{away}» {score}.",
        "es": "Gol en propia puerta de {player}: {home} {score} {away}.",
    },
    "red_card": {
        "en": "Red card for {player}: {team} are down to {left}.",
        "de": "Platzverweis für {player}: {team} muss mit {left} weiterspielen.",
        "ru": "Удаление, поле покидает {player}: в команде «{team}» остаётся {left}.",
        "es": "Expulsión de {player}: {team} sigue con {left}.",
    },
    "red_card_team": {
        "en": "Red card: {team} are down to {left}.",
        "de": "Platzverweis: {team} muss mit {left} weiterspielen.",
        "ru": "Удаление: в команде «{team}» остаётся {left}.",
        "es": "Expulsión: {team} sigue con {left}.",
    },
    "penalty_saved": {
        "en": "The penalty is saved! {player} is denied, and it stays {home} {score} {away}.",
        "de": "Der Elfmeter ist gehalten! {player} scheitert, es bleibt bei {home} gegen {away} {score}.",
        "ru": "Пенальти отражён! Бьёт {player}, счёт прежний: «{home}» — «{away}» {score}.",
        "es": "¡Penalti detenido! Lanza {player}, y se mantiene el {home} {score} {away}.",
    },
    "penalty_missed": {
        "en": "The penalty is missed! {player} does not score, and it stays {home} {score} {away}.",
        "de": "Der Elfmeter ist vergeben! {player} trifft nicht, es bleibt bei {home} gegen {away} {score}.",
        "ru": "Пенальти не реализован! Бьёт {player}, счёт прежний: «{home}» — «{away}» {score}.",
        "es": "¡Penalti fallado! Lanza {player}, y se mantiene el {home} {score} {away}.",
    },
    "yellow_card": {
        "en": "{player} of {team} is booked, yellow card number {n} of this match.",
        "de": "Gelb für {player} ({team}), Karte Nummer {n} in diesem Spiel.",
        "ru": "Жёлтую карточку получает {player} («{team}»), она номер {n} в матче.",
        "es": "Amarilla para {player}, de {team}: es la número {n} del partido.",
    },
    "first_card": {
        "en": "{player} of {team} is the first to be booked.",
        "de": "Die erste Gelbe Karte des Spiels bekommt {player} ({team}).",
        "ru": "Первую жёлтую карточку матча получает {player} («{team}»).",
        "es": "La primera amarilla del partido es para {player}, de {team}.",
    },
    "woodwork": {
        "en": "Off the woodwork! {player} comes close to scoring for {team}.",
        "de": "Nur Aluminium! {player} ist ganz nah am Tor für {team}.",
        "ru": "Каркас ворот! Бьёт {player}, «{team}» в шаге от гола.",
        "es": "¡Al palo! {player} roza el gol para {team}.",
    },
    "saved": {
        "en": "{player} tests {keeper}, who keeps the ball out.",
        "de": "{player} prüft {keeper}, doch der Ball geht nicht ins Tor.",
        "ru": "Бьёт {player}, на месте {keeper}.",
        "es": "{player} prueba a {keeper}, que responde bien.",
    },
    "saves": {
        "en": "{keeper} denies {player}: save number {n} of this match.",
        "de": "{keeper} hält gegen {player}, Parade Nummer {n} in diesem Spiel.",
        "ru": "Бьёт {player}, спасает {keeper}: сейв номер {n} в матче.",
        "es": "{keeper} frena a {player}: es su parada número {n} del partido.",
    },
    "shots_run": {
        "en": "Only {team} are shooting: the last {shots} have all been theirs.",
        "de": "Es schießt nur noch {team}: {shots} in Folge.",
        "ru": "Бьёт только «{team}»: {shots} подряд.",
        "es": "Solo remata {team}: {shots} seguidos.",
    },
    "drought": {
        "en": "{team} shoot for the first time in {minutes} minutes, through {player}.",
        "de": "Der erste Schuss von {team} seit {minutes} Minuten, es schießt {player}.",
        "ru": "Первый удар команды «{team}» за {minutes} мин., бьёт {player}.",
        "es": "Primer disparo de {team} en {minutes} minutos, obra de {player}.",
    },
    "first_on_target": {
        "en": "It takes {minutes} minutes: the first shot on target of the match, by {player} of {team}.",
        "de": "Nach {minutes} Minuten der erste Schuss aufs Tor in diesem Spiel, von {player} ({team}).",
        "ru": "Прошло {minutes} мин., и вот первый удар в створ в матче: бьёт {player} («{team}»).",
        "es": "A los {minutes} minutos llega el primer disparo a puerta del partido, de {player} ({team}).",
    },
    "shooter": {
        "en": "{player} of {team} has had {shots} by now, the most in this match.",
        "de": "{player} ({team}) kommt auf {shots}, mehr als alle anderen in diesem Spiel.",
        "ru": "{player} («{team}»): уже {shots}, больше всех в матче.",
        "es": "{player}, de {team}, lleva {shots}, más que nadie en el partido.",
    },
    "shots_so_far": {
        "en": "Shots so far: {home} {home_shots}, {away} {away_shots}.",
        "de": "Schüsse bisher: {home} {home_shots}, {away} {away_shots}.",
        "ru": "Удары на данный момент: «{home}» — {home_shots}, «{away}» — {away_shots}.",
        "es": "Disparos hasta ahora: {home} {home_shots}, {away} {away_shots}.",
    },
    "long_move": {
        "en": "{team} string {passes} together before {player} shoots.",
        "de": "{passes} in Folge von {team}, dann schießt {player}.",
        "ru": "«{team}»: {passes} подряд, и бьёт {player}.",
        "es": "{team} enlaza {passes} antes del disparo de {player}.",
    },
    "possession": {
        "en": "{team} have played {share} of all passes over the last ten minutes.",
        "de": "{team} hat in den letzten zehn Minuten {share} aller Pässe gespielt.",
        "ru": "За последние десять минут {share} всех передач — у команды «{team}».",
        "es": "{team} ha dado el {share} de los pases en los últimos diez minutos.",
    },
    "passes": {
        "en": "{player} of {team} has completed {n} passes, the most in this match.",
        "de": "{player} ({team}) hat {n} Pässe an den Mann gebracht, mehr als alle anderen.",
        "ru": "{player} («{team}»): точных передач уже {n}, больше всех в матче.",
        "es": "{player}, de {team}, ha completado {n} pases, más que nadie.",
    },
    "corners": {
        "en": "Corner number {n} for {team}; {other} have had {m}.",
        "de": "Ecke Nummer {n} für {team}, {other} hatte bisher {m}.",
        "ru": "Угловой номер {n}, подаёт «{team}»; «{other}» — {m}.",
        "es": "Córner número {n} para {team}; {other} lleva {m}.",
    },
    "offsides": {
        "en": "The flag is up: offside number {n} against {team}.",
        "de": "Die Fahne ist oben: Abseits Nummer {n} gegen {team}.",
        "ru": "Поднят флажок: офсайд номер {n} у команды «{team}».",
        "es": "Banderín arriba: fuera de juego número {n} de {team}.",
    },
    "crosses": {
        "en": "{team} keep crossing: that is cross number {n}.",
        "de": "{team} flankt weiter: Flanke Nummer {n}.",
        "ru": "«{team}» навешивает снова и снова: навес номер {n}.",
        "es": "{team} insiste por las bandas: centro número {n}.",
    },
    "fouls": {
        "en": "Another foul by {player} of {team}, number {n} in this match.",
        "de": "Wieder ein Foul von {player} ({team}), Nummer {n} in diesem Spiel.",
        "ru": "Снова нарушает {player} («{team}»): фол номер {n} в матче.",
        "es": "Otra falta de {player}, de {team}: la número {n} en el partido.",
    },
    "take_ons": {
        "en": "{player} of {team} goes past an opponent once more, take-on number {n}.",
        "de": "{player} ({team}) kommt wieder am Gegner vorbei, Dribbling Nummer {n}.",
        "ru": "{player} («{team}») снова обыгрывает соперника: удачная обводка номер {n}.",
        "es": "{player}, de {team}, vuelve a superar a un rival: regate número {n}.",
    },
    "interceptions": {
        "en": "{player} of {team} reads it again: interception number {n}, the most in this match.",
        "de": "{player} ({team}) fängt wieder einen Ball ab, es ist Nummer {n}, mehr als bei allen anderen.",
        "ru": "{player} («{team}») снова перехватывает мяч: перехват номер {n}, больше всех в матче.",
        "es": "{player}, de {team}, vuelve a anticiparse: intercepción número {n}, más que nadie.",
    },
    "substitution": {
        "en": "{player_on} comes on for {player} of {team}.",
        "de": "Bei {team} kommt {player_on} für {player}.",
        "ru": "Замена, «{team}»: выходит {player_on}, уходит {player}.",
        "es": "Cambio en {team}: entra {player_on} por {player}.",
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
    "shootout": {
        "en": "The shoot-out is over: {score}, {team} win it.",
        "de": "Das Elfmeterschießen ist entschieden: {score}, es gewinnt {team}.",
        "ru": "Серия пенальти окончена: {score}, побеждает «{team}».",
        "es": "Termina la tanda de penaltis: {score}, gana {team}.",
    },
    "half_time_shots": {
        "en": "Half-time: {home} {score} {away}, shots {home_shots} to {away_shots}.",
        "de": "Halbzeit: {home} gegen {away} {score}, Schüsse {home_shots} zu {away_shots}.",
        "ru": "Перерыв: «{home}» — «{away}» {score}, удары: {home_shots} и {away_shots}.",
        "es": "Descanso: {home} {score} {away}, disparos: {home_shots} contra {away_shots}.",
    },
    "half_time_plain": {
        "en": "Half-time: {home} {score} {away}.",
        "de": "Halbzeit: {home} gegen {away} {score}.",
        "ru": "Перерыв: «{home}» — «{away}» {score}.",
        "es": "Descanso: {home} {score} {away}.",
    },
    "full_time_shots": {
        "en": "The second half is over: {home} {score} {away}, shots {home_shots} to {away_shots}.",
        "de": "Die zweite Halbzeit ist vorbei: {home} gegen {away} {score}, Schüsse {home_shots} zu {away_shots}.",
        "ru": "Второй тайм окончен: «{home}» — «{away}» {score}, удары: {home_shots} и {away_shots}.",
        "es": "Termina la segunda parte: {home} {score} {away}, disparos: {home_shots} contra {away_shots}.",
    },
    "full_time_plain": {
        "en": "The second half is over: {home} {score} {away}.",
        "de": "Die zweite Halbzeit ist vorbei: {home} gegen {away} {score}.",
        "ru": "Второй тайм окончен: «{home}» — «{away}» {score}.",
        "es": "Termina la segunda parte: {home} {score} {away}.",
    },
    "full_time": {
        "en": "The second half is over: {home} {score} {away}, xGoals {home_xgoals} to {away_xgoals}.",
        "de": "Die zweite Halbzeit ist vorbei: {home} gegen {away} {score}, xGoals {home_xgoals} zu {away_xgoals}.",
        "ru": "Второй тайм окончен: «{home}» — «{away}» {score}, xGoals: {home_xgoals} и {away_xgoals}.",
        "es": "Termina la segunda parte: {home} {score} {away}, xGoals de {home_xgoals} contra {away_xgoals}.",
    },
}
