/* The likeliest overtake of the race: both cars, the interval, and the probability. ?game=...&least=0.15 */

import { el, fixed, put, svg } from "../dom.js";
import { battles } from "../sports/f1/blocks.js";
import { code } from "../sports/f1/tower.js";
import { ProbabilityBar } from "../widgets.js";
import { parameter } from "./overlay.js";
import { mount } from "./mount.js";

const KEEP_S = 90, HOLD_S = 12, W = 420, H = 74;

class Battle {
  constructor(least) {
    this.least = least;
    this.cars = [0, 1].map(() => ({ place: el("i"), code: el("b"), name: el("span"), node: null }));
    for (const car of this.cars) car.node = el("div", { class: "car" }, car.place, el("div", {}, car.code, car.name));
    this.gap = el("b"); this.laps = el("span"); this.probability = new ProbabilityBar("overtake probability");
    this.line = svg("path", { fill: "none", stroke: "var(--accent)", "stroke-width": 2.6, "stroke-linejoin": "round" });
    this.node = el("section", { class: "plate battle", role: "status" }, el("header", {}, "Battle forecast"),
      el("div", { class: "duel" }, this.cars[0].node, el("div", { class: "gap" }, this.gap, this.laps), this.cars[1].node),
      svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "gapline" }, svg("line", { x1: 0, x2: W, y1: H - 4, y2: H - 4, stroke: "#ffffff26" }), this.line), this.probability.node);
    this.past = new Map(); // car -> [[s, interval]]
    this.shown = null; this.since = -Infinity;
  }
  receive(message) {
    for (const u of message.updates ?? []) {
      if (u.stat !== "f1.car.interval" || typeof u.value !== "number") continue;
      const stored = this.past.get(u.subject) ?? [];
      stored.push([u.window_us[1] / 1e6, u.value]);
      while (stored.length && stored[0][0] < stored.at(-1)[0] - KEEP_S) stored.shift();
      this.past.set(u.subject, stored);
    }
  }
  on(feed, roster) {
    const all = battles(feed, roster), same = all.find((b) => b.behind === this.shown?.behind && b.ahead === this.shown?.ahead);
    // one fight stays for a while, so that the screen does not flicker between two that are close
    if (same && performance.now() - this.since < HOLD_S * 1000) { this.shown = same; return true; }
    const best = all.find((b) => b.probability >= this.least) ?? null;
    if (best && (best.behind !== this.shown?.behind || best.ahead !== this.shown?.ahead)) this.since = performance.now();
    if (best) this.shown = best;
    return best !== null;
  }
  update(feed, roster) {
    const b = this.shown;
    [b.ahead, b.behind].forEach((id, i) => {
      const car = this.cars[i], style = roster.teamStyle(id, "car");
      car.node.className = style.class; if (style.style) car.node.style.cssText = style.style;
      put(car.place, String(b.place + i)); put(car.code, code(roster.entities.get(id), id)); put(car.name, roster.team(id));
    });
    put(this.gap, `${fixed(b.interval, 2)} s`);
    put(this.laps, b.laps === null ? "not closing" : b.laps < 1.5 ? "within a lap" : `${fixed(b.laps, 0)} laps to catch`);
    this.probability.set(b.probability);
    const past = this.past.get(b.behind) ?? [];
    if (past.length < 2) { this.line.setAttribute("d", ""); return; }
    const end = past.at(-1)[0], top = Math.max(1, ...past.map((p) => p[1]));
    const step = Math.max(1, Math.floor(past.length / 180));
    this.line.setAttribute("d", "M" + past.filter((_, i) => i % step === 0 || i === past.length - 1).map(([t, v]) => `${fixed(W - ((end - t) / KEEP_S) * W, 1)},${fixed(H - 4 - (v / top) * (H - 12), 1)}`).join("L"));
  }
}

await mount("right", "f1", ["stats.f1.car.position", "stats.f1.car.gap", "stats.f1.car.interval", "stats.f1.battle.*"], () => new Battle(Number(parameter("least")) || 0.15));
