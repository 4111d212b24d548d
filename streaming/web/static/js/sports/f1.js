/* The race's part of the live page. */

import { Figures, Momentum, Ranking } from "../blocks.js";
import { el, getJson, put } from "../dom.js";
import { Battles, battles, Corners, Pit, Telemetry } from "./f1/blocks.js";
import * as cards from "./f1/cards.js";
import { Race } from "./f1/state.js";
import { order, Tower } from "./f1/tower.js";
import { Circuit } from "./f1/track.js";

export const lowerThirds = cards;
export const win = "f1.race.win_probability";
export const topics = [
  "positions.f1", ...["speed", "throttle", "brake", "gear", "rpm", "gap", "interval", "position", "energy", "tyre_age", "tyre_degradation", "lap_time", "time_lost",
    "corner_entry_speed", "corner_apex_speed", "corner_exit_speed", "braking_point", "braking_g", "start"].map((s) => `stats.f1.car.${s}`),
  "stats.f1.battle.*", "stats.f1.strategy.*", "stats.f1.race.*", "stats.game.momentum", "stats.game.story", "events.f1.*",
];

export function livePage(page) {
  const { feed } = page, race = new Race(), field = new Circuit(page.canvas, race);
  const tower = new Tower(race, { pick(id) { tower.chosen = field.chosen = field.chosen === id ? null : id; } });
  page.canvas.parentElement.append(tower.node);
  field.fightsNow = () => (page.roster() ? battles(feed, page.roster()).filter((b) => b.probability > 0.25).flatMap((b) => [b.behind, b.ahead]) : []);
  field.placeNow = (id) => feed.value("f1.car.position", id);
  const corners = new Corners(field, race);

  const lap = el("b"), flag = el("small");
  page.bug.replaceChildren(el("div", { class: "clock lap" }, lap, flag));
  const bug = {
    setGame() {},
    refresh() {
      put(lap, race.lap ? `LAP ${race.laps ? Math.min(race.lap, race.laps) : race.lap}${race.laps ? ` / ${race.laps}` : ""}` : "LAP –");
      put(flag, race.words);
      page.bug.dataset.status = race.over ? "finish" : race.status;
      if (page.roster()) tower.update(feed, page.roster());
    },
  };
  const receive = (message) => { race.receive(message.events); corners.receive(message); };

  return {
    field, bug, receive,
    layers: [["names", "Codes"], ["battle", "Battles"], ["trails", "Trails"]],
    async load(at) { receive({ events: await getJson(`${at}/events?type=lights_out,start,track_status,tyres,pit_entry,pit_exit,retirement,finish`) }); },
    blocks: [
      new Battles(), new Telemetry(field), corners,
      new Ranking("Win probability", win, { unit: "%", times: 100, digits: 0, most: 3, scale: 1 }),
      new Ranking("Tyre degradation", "f1.car.tyre_degradation", { unit: "s/lap", digits: 3, most: 4, low: true, note: "least first", scale: 0.2 }),
      new Ranking("Undercut threat", "f1.strategy.undercut_threat", { unit: "%", times: 100, digits: 0, most: 3, scale: 1, note: "from the car behind" }), new Pit(field),
      new Figures("Latest", [
        ["f1.car.lap_time", "lap time", 3, "s", first], ["f1.car.time_lost", "time lost", 2, "s", first],
      ], { lasting: true, subjectOf: "f1.car.lap_time" }),
      new Momentum("Fight for the lead", ["var(--good)", "var(--bad)"]),
    ],
    window: { race, order: () => order(feed, page.roster()) },
  };
}

const first = (v) => (Array.isArray(v) ? v[0] : v);
