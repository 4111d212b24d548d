/* A batted ball: how hard, how steep, how far, and how often such a ball is a hit. ?game=...&seconds=8 */

import { el, fixed, put, svg } from "../dom.js";
import { Chance } from "../views.js";
import { Moments, stand } from "./stand.js";

const BALL = "mlb.batted_ball.";

class Batted {
  constructor(seconds) {
    this.seconds = seconds;
    this.moment = new Moments(`${BALL}exit_velocity`);
    this.values = {};
    this.number = el("div", { class: "number" }); this.name = el("b"); this.team = el("span"); this.tag = el("em", { hidden: true });
    this.facts = el("div", { class: "facts" }); this.chance = new Chance("hit probability");
    this.path = svg("path", { fill: "none", stroke: "var(--accent)", "stroke-width": 3, "stroke-linecap": "round" }); this.end = svg("circle", { r: 5, fill: "#fff" });
    this.end.setAttribute("class", "end");
    this.node = el("section", { class: "plate batted", role: "status" }, el("header", {}, "Batted ball", this.tag),
      el("div", { class: "head" }, this.number, el("div", { class: "who" }, this.name, this.team)),
      svg("svg", { viewBox: "0 0 420 92", class: "flight" }, svg("line", { x1: 12, x2: 408, y1: 82, y2: 82, stroke: "#ffffff30", "stroke-width": 2 }), this.path, this.end), this.facts, this.chance.node);
  }
  take(message) {
    this.moment.take(message);
    for (const u of message.updates ?? []) {
      if (!u.stat.startsWith(BALL) || !u.event) continue;
      if (u.event !== this.event) { this.event = u.event; this.values = {}; }
      this.values[u.stat.slice(BALL.length)] = u.value;
    }
  }
  on() { return this.moment.within(this.seconds); }
  update(feed, cast) {
    const v = this.values, who = this.moment.update.subject, hit = v.hit_probability;
    this.node.className = cast.dress(who, "plate batted").class;
    put(this.number, String(cast.shirt(who))); put(this.name, cast.name(who)); put(this.team, cast.team(who));
    const tag = v.barrel === 1 ? "BARREL" : v.hard_hit === 1 ? "HARD HIT" : "";
    this.tag.hidden = !tag; put(this.tag, tag); this.tag.className = "good";
    const rows = [["exit velocity", v.exit_velocity, 1, "mph"], ["launch angle", v.launch_angle, 0, "°"], ["distance", v.projected_distance, 0, "ft"]].filter(([, x]) => typeof x === "number");
    const key = rows.map((r) => r[1]).join();
    if (key !== this.key) { this.key = key; this.facts.replaceChildren(...rows.map(([words, x, digits, unit]) => el("div", {}, el("b", {}, fixed(x, digits), el("small", {}, unit)), el("span", {}, words)))); this.#fly(v); }
    this.chance.node.hidden = typeof hit !== "number";
    if (typeof hit === "number") this.chance.set(hit);
  }
  /** The path of the ball from its launch angle and distance, 450 ft across: a parabola with the angle it left at, which is a picture and no measurement. */
  #fly({ launch_angle: angle, projected_distance: feet }) {
    if (typeof angle !== "number" || typeof feet !== "number") { this.path.setAttribute("d", ""); this.end.setAttribute("cx", -20); return; }
    const scale = 396 / 450, length = Math.min(feet, 450) * scale, top = Math.min(72, Math.max(0, (Math.tan((Math.max(0, angle) * Math.PI) / 180) * length) / 2));
    this.path.setAttribute("d", `M12,82Q${12 + length / 2},${82 - top * 2} ${12 + length},82`);
    this.end.setAttribute("cx", 12 + length); this.end.setAttribute("cy", 82);
  }
}

await stand("right", "mlb", ["stats.mlb.batted_ball.*"], ({ seconds }) => new Batted(seconds(8)));
