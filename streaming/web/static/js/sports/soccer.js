/* Soccer's part of the live page. */

import { Momentum, Leaders, Rows, Share, WinProbability } from "../blocks.js";
import { ScoreBug } from "../score-bug.js";
import { fixed, getJson, minutes } from "../dom.js";
import { Shots, XGoalsRace } from "./soccer/blocks.js";
import * as cards from "./soccer/cards.js";
import { Pitch } from "./soccer/pitch.js";

export const lowerThirds = cards;
export const win = "soccer.match.win_probability";
export const topics = [
  "positions.soccer", "stats.soccer.shot.*", "stats.soccer.team.*", "stats.soccer.match.*", "stats.soccer.player.top_speed",
  "stats.soccer.player.mean_pressure", "stats.soccer.player.pressure", "stats.game.momentum", "stats.game.story",
  "events.soccer.shot", "events.soccer.own_goal",
];

export function livePage(page) {
  const { feed, playback, lower } = page;
  const field = new Pitch(page.canvas), shots = new Map(); // event -> {t_us, side, who, x, y, xgoals, goal, outcome}

  /** Mark the shot on the pitch: from where it was struck to the goal that its team attacks in that period. */
  function strike(shot) {
    if (typeof shot.x !== "number" && playback.head !== null) { // the event itself was not reported: the shooter's position instead
      const i = playback.ids.indexOf(shot.player), xyz = playback.at((shot.t_us - playback.t0_us) / 1e6);
      if (i >= 0 && Number.isFinite(xyz[3 * i])) [shot.x, shot.y] = [xyz[3 * i], xyz[3 * i + 1]];
    }
    if (typeof shot.x !== "number") return;
    const period = (feed.record.periods ?? []).filter((p) => p.start_us <= shot.t_us).at(-1);
    const home = period ? period.home_attacks ?? 1 : 0; // left out on the wire when it is +1
    const attack = home ? (shot.side === 1 ? -home : home) : Math.sign(shot.x) || 1;
    field.shotNow = { x: shot.x, y: shot.y, attack, at: performance.now() };
  }

  function receive(message) {
    const roster = page.roster();
    for (const update of message.updates ?? []) {
      if (update.stat !== "soccer.shot.xgoals" || !update.event) continue;
      const shot = shots.get(update.event) ?? {};
      Object.assign(shot, { t_us: update.window_us[1], side: roster?.side(update.subject) ?? -1, player: update.subject, xgoals: update.value });
      shots.set(update.event, shot);
    }
    for (const event of message.events ?? []) {
      if (event.type !== "shot") continue;
      if (event.deleted) { shots.delete(event.id); continue; }
      const shot = shots.get(event.id) ?? {};
      Object.assign(shot, { x: event.x_m, y: event.y_m, goal: event.outcome === "goal", outcome: event.outcome, t_us: shot.t_us ?? event.t_us, player: shot.player ?? event.player });
      shots.set(event.id, shot);
      const now = lower.now;
      if (now?.kind === "shot" && now.id === event.id && !field.shotNow) strike(shot);
    }
    for (const shot of shots.values()) if (roster && (shot.side ?? -1) < 0 && shot.player) shot.side = roster.side(shot.player);
    field.marks = [...shots.values()].filter((s) => typeof s.x === "number");
  }

  async function load(at) {
    const [moments, events] = await Promise.all([getJson(`${at}/moments?stat=soccer.shot.xgoals`), getJson(`${at}/events?type=shot`)]);
    receive({ updates: moments.updates, events });
  }

  function score() {
    const value = feed.newestValue("soccer.match.score");
    return Array.isArray(value) ? value : feed.record && shots.size ? [0, 1].map((s) => [...shots.values()].filter((x) => x.goal && x.side === s).length) : [0, 0];
  }

  return {
    field,
    layers: [["control", "Pitch control"], ["shape", "Shape"], ["trails", "Trails"], ["names", "Names"], ["shots", "Shots"]],
    bug: new ScoreBug(page.bug, { score, clock }),
    blocks: [
      new WinProbability("soccer.match.win_probability"), new XGoalsRace(shots),
      new Share("Possession", "soccer.team.possession"),
      new Share("Pitch control", "soccer.team.pitch_control", (v) => (Array.isArray(v) ? v[0] : v)),
      new Momentum(),
      new Leaders([
        [["soccer.player.mean_pressure", "soccer.player.pressure"], (v) => `${fixed(v * 100)}% · most pressed`],
        [["soccer.player.top_speed"], (v) => `${fixed(v, 1)} km/h · fastest`],
      ]),
      new Rows([
        ["soccer.team.pressing", "PPDA", 1], ["soccer.team.line_height", "line height", 0, " m"], ["soccer.team.width", "width", 0, " m"],
        ["soccer.team.compactness", "compactness", 0, " m"], ["soccer.team.ball_recovery_time", "ball recovery", 1, " s"], ["soccer.team.shot_efficiency", "goals − xGoals", 2],
      ]),
      new Shots(shots),
    ],
    receive, load, window: { shots },
    shown(card) { const shot = card.kind === "shot" ? shots.get(card.id) : null; if (shot) strike(shot); },
  };
}

/* Minutes as the sport counts them: the second half begins at 45, unless the halves of this match are shorter. */
const NOMINAL_MIN = { 1: 0, 2: 45, 3: 90, 4: 105, 5: 120 };
function clock(now, periods) {
  const current = periods.filter((p) => p.start_us <= now).at(-1);
  if (!current) return ["00:00", "kick-off soon"];
  const short = periods[0].end_us && periods[0].end_us - periods[0].start_us < 40 * 60e6;
  const before = short
    ? periods.filter((p) => p.number < current.number && p.end_us).reduce((s, p) => s + Math.round((p.end_us - p.start_us) / 60e6) * 60, 0)
    : (NOMINAL_MIN[current.number] ?? 0) * 60;
  const over = current.end_us && now > current.end_us + 1e6;
  const played = Math.min(now, current.end_us ?? Infinity) - current.start_us;
  const last = current.number === periods.at(-1).number && periods.length > 1;
  return [minutes(before + played / 1e6), over ? (last ? "full time" : "half time") : ["", "1st half", "2nd half", "extra time", "extra time", "penalties"][current.number] ?? ""];
}
