/* Baseball's part of the live page. */

import { Figures, Momentum, Ranking, WinProbability } from "../blocks.js";
import { ScoreBug } from "../score-bug.js";
import { el, getJson, put } from "../dom.js";
import { LeadProbability } from "./mlb/blocks.js";
import * as cards from "./mlb/cards.js";
import { along, Diamond, FT } from "./mlb/field.js";
import { State } from "./mlb/state.js";

export const lowerThirds = cards;
export const win = "mlb.game.win_probability";
export const topics = [
  "positions.mlb", "stats.mlb.runner.*", "stats.mlb.pitch.*", "stats.mlb.pitcher.*", "stats.mlb.catcher.*", "stats.mlb.batted_ball.*", "stats.mlb.fielder.*",
  "stats.mlb.game.*", "stats.game.momentum", "stats.game.story", "events.mlb.*",
];
const NOW = "mlb.runner.steal_probability_now", FRESH_S = 1.5, LONGEST_FT = 32;
/** a player who never got faster has not run, ft/s */
const RUN_FT_S = 18;

export function livePage(page) {
  const { feed } = page, field = new Diamond(page.canvas), state = new State();
  const bases = el("div", { class: "bases", "aria-label": "bases" }, ...[2, 3, 1].map((b) => el("i", { "data-base": b })));
  const outs = el("div", { class: "outs" }, el("i"), el("i")), count = el("b", {}, "0–0"), more = el("div", { class: "atbat" }, bases, el("div", {}, count, outs));
  const lead = { m: null, bag: null, runner: null };

  /** The runner whose probability is shown, and the distance from the bag that was left. */
  field.leadNow = (players) => {
    const stored = feed.newest(NOW), on = stored && typeof stored.value === "number" && performance.now() - stored.at < FRESH_S * 1000;
    const runner = on ? players.find((p) => p.id === stored.subject) : null;
    if (!runner) { lead.m = null; return null; }
    // the bag of the runner: of first and second the one whose path is nearest
    const bag = [1, 2].map((b) => [b, ...along(b, runner)]).filter(([, m]) => m > -2 && m < LONGEST_FT * FT).sort((a, b) => a[2] - b[2])[0];
    if (!bag) { lead.m = null; return null; }
    Object.assign(lead, { m: Math.max(0, bag[1]), bag: bag[0], runner: runner.id });
    return { runner, bag: bag[0], lead_m: lead.m, probability: stored.value };
  };

  function clock() {
    bases.childNodes.forEach((node) => node.classList.toggle("on", [null, state.first, state.second, state.third][node.dataset.base] === true));
    outs.childNodes.forEach((node, i) => node.classList.toggle("on", (state.outs ?? 0) > i));
    put(count, state.balls === null ? "" : `${state.balls}–${state.strikes}`);
    const inning = state.inning ? `${state.half === "bottom" ? "▼" : "▲"} ${state.inning}` : "–";
    return [inning, state.words];
  }
  const score = () => {
    const value = feed.newestValue("mlb.game.score");
    return Array.isArray(value) ? value : state.score ?? [0, 0];
  };
  const receive = (message) => state.receive(message.events);

  return {
    field, receive,
    bug: new ScoreBug(page.bug, { score, clock, more: [more] }),
    layers: [["lead", "Lead"], ["close", "Close-up"], ["trails", "Trails"], ["names", "Names"]],
    async load(at) { receive({ events: (await getJson(`${at}/events?type=play,half_start,half_end,set,pitch`)).sort((a, b) => a.t_us - b.t_us) }); },
    blocks: [
      new WinProbability(win, true),
      new LeadProbability(lead),
      new Figures("Pitch", [
        ["mlb.pitch.velocity", "velocity", 1, "mph"], ["mlb.pitch.perceived_velocity", "perceived", 1, "mph"], ["mlb.pitch.spin", "spin", 0, "rpm"], ["mlb.pitch.extension", "extension", 1, "ft"],
        ["mlb.pitch.break", "break, side", 1, "in", (v) => (Array.isArray(v) ? v[0] : v)], ["mlb.pitch.break", "break, up", 1, "in", (v) => (Array.isArray(v) ? v[1] : null)],
      ], { lasting: true, subjectOf: "mlb.pitch.velocity" }),
      new Figures("Batted ball", [
        ["mlb.batted_ball.exit_velocity", "exit velocity", 1, "mph"], ["mlb.batted_ball.launch_angle", "launch angle", 0, "°"], ["mlb.batted_ball.spray", "spray", 0, "°"],
        ["mlb.batted_ball.projected_distance", "distance", 0, "ft"], ["mlb.batted_ball.hit_probability", "hit probability", 0, "%", (v) => (typeof v === "number" ? v * 100 : null)],
      ], { lasting: true, subjectOf: "mlb.batted_ball.exit_velocity" }),
      new Figures("Leverage and battery", [
        ["mlb.game.leverage", "leverage", 2], ["mlb.pitcher.delivery_time", "delivery", 2, "s"], ["mlb.pitcher.pitch_tempo", "tempo", 1, "s"],
        ["mlb.runner.home_to_first", "home to first", 2, "s"], ["mlb.catcher.pop_time", "pop time", 2, "s"], ["mlb.catcher.exchange", "exchange", 2, "s"], ["mlb.catcher.arm_strength", "arm", 1, "mph"],
      ], { lasting: true }),
      new Ranking("Sprint speed", "mlb.runner.sprint_speed", { unit: "ft/s", digits: 1, most: 4, scale: 31, least: RUN_FT_S }),
      new Figures("Fielding", [
        ["mlb.fielder.catch_probability", "catch probability", 0, "%", (v) => (typeof v === "number" ? v * 100 : null)], ["mlb.fielder.jump", "jump", 1, "ft"], ["mlb.fielder.route_efficiency", "route", 0, "%"],
      ], { lasting: true, subjectOf: "mlb.fielder.catch_probability" }),
      new Momentum(),
    ],
  };
}
