/* American football's part of the live page. */

import { Figures, Momentum, Ranking, WinProbability } from "../blocks.js";
import { ScoreBug } from "../score-bug.js";
import { el, fixed, getJson, put } from "../dom.js";
import { percent } from "../widgets.js";
import { Best, Completion, Decision, LIVE, Pressure } from "./nfl/blocks.js";
import * as cards from "./nfl/cards.js";
import { Gridiron } from "./nfl/field.js";
import { Play } from "./nfl/state.js";

export const lowerThirds = cards;
export const win = "nfl.game.win_probability";
export const topics = [
  "positions.nfl", "stats.nfl.pass.*", "stats.nfl.receiver.*", "stats.nfl.passer.*", "stats.nfl.rusher.*", "stats.nfl.carrier.*", "stats.nfl.defender.*", "stats.nfl.defense.*",
  "stats.nfl.offense.*", "stats.nfl.game.*", "stats.nfl.decision.*", "stats.nfl.player.top_speed", "stats.game.momentum", "stats.game.story",
  "events.nfl.*",
];
/** a live value of a player that is older than this is not written on the field, s */
const FRESH_S = 1.5;

export function livePage(page) {
  const { feed } = page, play = new Play(), field = new Gridiron(page.canvas, play);
  const down = el("div", { class: "down", id: "down", hidden: true }), spot = el("small"), words = el("b");
  down.append(words, spot);
  const bug = new ScoreBug(page.bug, { score: () => score(), clock, more: [down] });
  let target = null, thrown = -Infinity, quarter = null;

  field.defends = (s) => { // the end of the field that a team defends is behind it
    const home = quarter?.home_attacks ?? 1; // left out on the wire when it is +1
    return s === -home ? 0 : 1;
  };
  const fresh = (stored) => stored && typeof stored.value === "number" && performance.now() - stored.at < FRESH_S * 1000;
  field.throwNow = () => {
    const stored = feed.newest(LIVE);
    return fresh(stored) ? { target, probability: stored.value } : null;
  };
  field.tagsNow = () => {
    const tags = new Map();
    if (field.layers.separation) for (const [id, stored] of feed.values.get("nfl.receiver.separation") ?? []) if (fresh(stored)) tags.set(id, [`${fixed(stored.value, 1)} yd`, stored.value < 1 ? "#ff6b5e" : stored.value > 3 ? "#38d39f" : "#f3f6fa"]);
    if (field.layers.pressure) for (const [id, stored] of feed.values.get("nfl.defender.pressure_probability") ?? []) if (fresh(stored) && stored.value >= 0.1) tags.set(id, [percent(stored.value), stored.value > 0.5 ? "#ff6b5e" : "#ffc043"]);
    return tags;
  };

  const score = () => {
    const value = feed.newestValue("nfl.game.score");
    return Array.isArray(value) ? value : play.score ?? [0, 0];
  };

  function clock(now, periods) {
    const current = periods.filter((p) => p.start_us <= now).at(-1);
    if (!current) return ["15:00", "kick-off soon"];
    if (current.number !== quarter?.number) { quarter = current; field.redraw(); } // they change ends
    put(words, play.words); put(spot, page.roster() ? play.spot(page.roster()) : "");
    down.hidden = !play.words;
    const left = play.left_s === null ? null : Math.max(0, play.left_s - 900 * (4 - Math.min(4, current.number)));
    const time = left === null ? "--:--" : `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
    return [time, current.end_us && now > current.end_us + 1e6 && current === periods.at(-1) && periods.length >= 4 ? "final" : ["", "1st quarter", "2nd quarter", "3rd quarter", "4th quarter"][current.number] ?? "overtime"];
  }

  function receive(message) {
    play.receive(message.events, page.roster(), feed.record?.periods ?? []);
    for (const event of message.events ?? []) {
      if (event.type === "pass_forward" && event.t_us > thrown) { thrown = event.t_us; target = typeof event.attrs?.target === "string" ? event.attrs.target : null; }
    }
  }

  return {
    field, bug, receive,
    layers: [["separation", "Separation"], ["pressure", "Pressure"], ["trails", "Trails"], ["names", "Names"]],
    async load(at) { receive({ events: await getJson(`${at}/events?type=down,ball_snap,touchdown,field_goal`) }); field.redraw(); },
    blocks: [
      new WinProbability(win, true),
      new Completion(() => target),
      new Decision(),
      new Ranking("Separation", "nfl.receiver.separation", { unit: "yd", digits: 1, most: 4, scale: 8, max_age_s: 20, note: "to the nearest defender" }),
      new Pressure(),
      new Best("Fastest ball carriers", "nfl.carrier.top_speed", { unit: "mph", digits: 1, most: 5, scale: 23, note: "with the ball in hand" }),
      new Figures("Latest play", [
        ["nfl.passer.time_to_throw", "time to throw", 2, "s"], ["nfl.pass.air_yards", "air yards", 1, "yd"], ["nfl.pass.air_yards_to_sticks", "to the sticks", 1, "yd"],
        ["nfl.receiver.expected_yac", "expected YAC", 1, "yd"], ["nfl.rusher.expected_yards", "expected rush", 1, "yd"], ["nfl.defense.men_in_box", "in the box", 0],
        ["nfl.offense.formation", "formation", 0], ["nfl.defense.coverage", "coverage", 0], ["nfl.receiver.route", "route", 0],
      ], { lasting: true }),
      new Momentum(),
    ],
  };
}

