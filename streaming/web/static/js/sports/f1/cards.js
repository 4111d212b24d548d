/* What the lower third of a race shows: the likeliest overtake, a start. */

import { fixed } from "../../dom.js";
import { percent } from "../../widgets.js";
import { EventCard } from "../../cards.js";

const OVERTAKE = "f1.battle.overtake_probability", LIKELY = 0.4, AGAIN_MS = 60000;

/** An overtake has become likely: at most once a minute for the same car. */
class Overtake {
  constructor() { this.pushed = new Map(); this.values = new Map(); }
  receive(message, lower) {
    for (const u of message.updates ?? []) {
      if (u.stat === "f1.car.interval" || u.stat === "f1.battle.laps_to_catch") this.values.set(`${u.stat}|${u.subject}`, u.value);
      if (u.stat !== OVERTAKE || typeof u.value !== "number") continue;
      const now = lower.now;
      if (now?.kind === "overtake" && now.subject === u.subject) { now.probability = u.value; lower.refresh(now); continue; }
      if (message.snapshot || u.value < LIKELY || performance.now() - (this.pushed.get(u.subject) ?? -Infinity) < AGAIN_MS) continue;
      this.pushed.set(u.subject, performance.now());
      const { values } = this;
      lower.push({ kind: "overtake", rank: 0, subject: u.subject, probability: u.value, render() {
        const interval = values.get(`f1.car.interval|${this.subject}`), laps = values.get(`f1.battle.laps_to_catch|${this.subject}`);
        return { value: percent(this.probability), label: "Overtake probability", gauge: this.probability,
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
export const kinds = () => [new Overtake(), new EventCard({ kind: "start", prefix: ["f1.car."], main: "f1.car.start", event: "start", render: start })];
