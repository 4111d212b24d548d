/* The likeliest pass of the race: who chases whom, by how much, and the chance. ?game=...&least=0.15 */

import { el, fixed, put, svg } from "../dom.js";
import { battles } from "../sports/f1/blocks.js";
import { code } from "../sports/f1/tower.js";
import { Chance } from "../views.js";
import { parameter } from "./overlay.js";
import { stand } from "./stand.js";

const KEEP_S = 90, HOLD_S = 12, W = 420, H = 74;

class Battle {
  constructor(least) {
    this.least = least;
    this.cars = [0, 1].map(() => ({ place: el("i"), code: el("b"), name: el("span"), node: null }));
    for (const car of this.cars) car.node = el("div", { class: "car" }, car.place, el("div", {}, car.code, car.name));
    this.gap = el("b"); this.laps = el("span"); this.chance = new Chance("overtake probability");
    this.line = svg("path", { fill: "none", stroke: "var(--accent)", "stroke-width": 2.6, "stroke-linejoin": "round" });
    this.node = el("section", { class: "plate battle", role: "status" }, el("header", {}, "Battle forecast"),
      el("div", { class: "duel" }, this.cars[0].node, el("div", { class: "gap" }, this.gap, this.laps), this.cars[1].node),
      svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "gapline" }, svg("line", { x1: 0, x2: W, y1: H - 4, y2: H - 4, stroke: "#ffffff26" }), this.line), this.chance.node);
    this.past = new Map(); // car -> [[s, interval]]
    this.shown = null; this.since = -Infinity;
  }
  take(message) {
    for (const u of message.updates ?? []) {
      if (u.stat !== "f1.car.interval" || typeof u.value !== "number") continue;
      const kept = this.past.get(u.subject) ?? [];
      kept.push([u.window_us[1] / 1e6, u.value]);
      while (kept.length && kept[0][0] < kept.at(-1)[0] - KEEP_S) kept.shift();
      this.past.set(u.subject, kept);
    }
  }
  on(feed, cast) {
    const all = battles(feed, cast), same = all.find((b) => b.behind === this.shown?.behind && b.ahead === this.shown?.ahead);
    // one fight stays for a while, so that the screen does not flicker between two that are close
    if (same && performance.now() - this.since < HOLD_S * 1000) { this.shown = same; return true; }
    const best = all.find((b) => b.chance >= this.least) ?? null;
    if (best && (best.behind !== this.shown?.behind || best.ahead !== this.shown?.ahead)) this.since = performance.now();
    if (best) this.shown = best;
    return best !== null;
  }
  update(feed, cast) {
    const b = this.shown;
    [b.ahead, b.behind].forEach((id, i) => {
      const car = this.cars[i], dress = cast.dress(id, "car");
      car.node.className = dress.class; if (dress.style) car.node.setAttribute("style", dress.style);
      put(car.place, String(b.place + i)); put(car.code, code(cast.people.get(id), id)); put(car.name, cast.team(id));
    });
    put(this.gap, `${fixed(b.interval, 2)} s`);
    put(this.laps, b.laps === null ? "not closing" : b.laps < 1.5 ? "within a lap" : `${fixed(b.laps, 0)} laps to catch`);
    this.chance.set(b.chance);
    const past = this.past.get(b.behind) ?? [];
    if (past.length < 2) { this.line.setAttribute("d", ""); return; }
    const end = past.at(-1)[0], top = Math.max(1, ...past.map((p) => p[1]));
    const step = Math.max(1, Math.floor(past.length / 180));
    this.line.setAttribute("d", "M" + past.filter((_, i) => i % step === 0 || i === past.length - 1).map(([t, v]) => `${fixed(W - ((end - t) / KEEP_S) * W, 1)},${fixed(H - 4 - (v / top) * (H - 12), 1)}`).join("L"));
  }
}

await stand("right", "f1", ["stats.f1.car.position", "stats.f1.car.gap", "stats.f1.car.interval", "stats.f1.battle.*"], () => new Battle(Number(parameter("least")) || 0.15));
