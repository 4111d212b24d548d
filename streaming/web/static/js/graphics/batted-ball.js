/* A batted ball: exit velocity, launch angle, distance and hit probability. ?game=...&seconds=8 */

import { el, fixed, put, svg } from "../dom.js";
import { ProbabilityBar } from "../widgets.js";
import { LatestEvent, mount } from "./mount.js";

const BALL = "mlb.batted_ball.";

class Batted {
  constructor(seconds) {
    this.seconds = seconds;
    this.latest = new LatestEvent(`${BALL}exit_velocity`);
    this.values = {};
    this.number = el("div", { class: "number" }); this.name = el("b"); this.team = el("span"); this.tag = el("em", { hidden: true });
    this.facts = el("div", { class: "facts" }); this.probability = new ProbabilityBar("hit probability");
    this.path = svg("path", { fill: "none", stroke: "var(--accent)", "stroke-width": 3, "stroke-linecap": "round" }); this.end = svg("circle", { r: 5, fill: "#fff" });
    this.end.setAttribute("class", "end");
    this.node = el("section", { class: "plate batted", role: "status" }, el("header", {}, "Batted ball", this.tag),
      el("div", { class: "head" }, this.number, el("div", { class: "identity" }, this.name, this.team)),
      svg("svg", { viewBox: "0 0 420 92", class: "flight" }, svg("line", { x1: 12, x2: 408, y1: 82, y2: 82, stroke: "#ffffff30", "stroke-width": 2 }), this.path, this.end), this.facts, this.probability.node);
  }
  receive(message) {
    this.latest.receive(message);
    for (const u of message.updates ?? []) {
      if (!u.stat.startsWith(BALL) || !u.event) continue;
      if (u.event !== this.event) { this.event = u.event; this.values = {}; }
      this.values[u.stat.slice(BALL.length)] = u.value;
    }
  }
  on() { return this.latest.within(this.seconds); }
  update(feed, roster) {
    const v = this.values, player = this.latest.update.subject, hit = v.hit_probability;
    this.node.className = roster.teamStyle(player, "plate batted").class;
    put(this.number, String(roster.shirt(player))); put(this.name, roster.name(player)); put(this.team, roster.team(player));
    const tag = v.barrel === 1 ? "BARREL" : v.hard_hit === 1 ? "HARD HIT" : "";
    this.tag.hidden = !tag; put(this.tag, tag); this.tag.className = "good";
    const rows = [["exit velocity", v.exit_velocity, 1, "mph"], ["launch angle", v.launch_angle, 0, "°"], ["distance", v.projected_distance, 0, "ft"]].filter(([, x]) => typeof x === "number");
    const key = rows.map((r) => r[1]).join();
    if (key !== this.key) { this.key = key; this.facts.replaceChildren(...rows.map(([words, x, digits, unit]) => el("div", {}, el("b", {}, fixed(x, digits), el("small", {}, unit)), el("span", {}, words)))); this.#fly(v); }
    this.probability.node.hidden = typeof hit !== "number";
    if (typeof hit === "number") this.probability.set(hit);
  }
  /** The path of the ball from its launch angle and distance, 450 ft across: a parabola with the angle it left at, which is a picture and no measurement. */
  #fly({ launch_angle: angle, projected_distance: feet }) {
    if (typeof angle !== "number" || typeof feet !== "number") { this.path.setAttribute("d", ""); this.end.setAttribute("cx", -20); return; }
    const scale = 396 / 450, length = Math.min(feet, 450) * scale, top = Math.min(72, Math.max(0, (Math.tan((Math.max(0, angle) * Math.PI) / 180) * length) / 2));
    this.path.setAttribute("d", `M12,82Q${12 + length / 2},${82 - top * 2} ${12 + length},82`);
    this.end.setAttribute("cx", 12 + length); this.end.setAttribute("cy", 82);
  }
}

await mount("right", "mlb", ["stats.mlb.batted_ball.*"], ({ seconds }) => new Batted(seconds(8)));
