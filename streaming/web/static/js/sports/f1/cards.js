/* What the lower third of a race shows: the fight that is likeliest to end in a pass, a start. */

import { fixed } from "../../dom.js";
import { percent } from "../../views.js";
import { EventCard } from "../../cards.js";

const OVERTAKE = "f1.battle.overtake_probability", LIKELY = 0.4, AGAIN_MS = 60000;

/** A pass has become likely: once a minute for the same car. */
class Overtake {
  constructor() { this.told = new Map(); this.values = new Map(); }
  take(message, lower) {
    for (const u of message.updates ?? []) {
      if (u.stat === "f1.car.interval" || u.stat === "f1.battle.laps_to_catch") this.values.set(`${u.stat}|${u.subject}`, u.value);
      if (u.stat !== OVERTAKE || typeof u.value !== "number") continue;
      const now = lower.now;
      if (now?.kind === "overtake" && now.subject === u.subject) { now.chance = u.value; lower.refresh(now); continue; }
      if (message.snapshot || u.value < LIKELY || performance.now() - (this.told.get(u.subject) ?? -Infinity) < AGAIN_MS) continue;
      this.told.set(u.subject, performance.now());
      const { values } = this;
      lower.push({ kind: "overtake", rank: 0, subject: u.subject, chance: u.value, face() {
        const interval = values.get(`f1.car.interval|${this.subject}`), laps = values.get(`f1.battle.laps_to_catch|${this.subject}`);
        return { value: percent(this.chance), label: "Overtake probability", gauge: this.chance,
          facts: [typeof interval === "number" && [fixed(interval, 2), "s", "to the car ahead"], typeof laps === "number" && [fixed(laps, 1), "", "laps to catch"]] };
      } });
    }
  }
}

const start = (card) => {
  const v = Array.isArray(card.values.start) ? card.values.start : [card.values.start];
  return { value: fixed(v[0], 2), label: "s reaction", facts: [typeof v[1] === "number" && [fixed(v[1], 2), "s", "0–100 km/h"], typeof v[2] === "number" && [fixed(v[2], 2), "s", "0–200 km/h"]] };
};

export const topics = ["stats.f1.battle.*", "stats.f1.car.interval", "stats.f1.car.start", "events.f1.start"];
export const kinds = () => [new Overtake(), new EventCard({ kind: "start", prefix: ["f1.car."], main: "f1.car.start", event: "start", face: start })];
