/* The probability of a steal for leads of 0 to 20 feet, with the present lead marked, from the set to the release. ?game=...&seconds=20 */

import { el, fixed, put } from "../dom.js";
import { CURVE, NOW, reading } from "../sports/mlb/blocks.js";
import { along, FT } from "../sports/mlb/field.js";
import { Curve, percent } from "../widgets.js";
import { fresh, LatestEvent, mount } from "./mount.js";

class Lead {
  constructor(feed, seconds) {
    this.seconds = seconds;
    this.latest = new LatestEvent(CURVE);
    this.curve = new Curve({ steps: [0, 5, 10, 15, 20], unit: "ft" });
    this.number = el("div", { class: "number" }); this.name = el("b"); this.team = el("span");
    this.value = el("b"); this.lead = el("b");
    this.node = el("section", { class: "plate lead", role: "status" }, el("header", {}, "Lead probability"),
      el("div", { class: "head" }, this.number, el("div", { class: "identity" }, this.name, this.team)),
      el("div", { class: "pairline" }, el("div", {}, this.lead, el("small", {}, "ft lead")), el("div", {}, this.value, el("small", {}, "safe"))), this.curve.node);
    this.measured = { m: null, runner: null };
    feed.addEventListener("positions", ({ detail }) => this.#measure(detail, feed));
  }
  /** The lead on the base path, from the newest positions. */
  #measure({ ids, xyz_m }, feed) {
    const runner = feed.newest(CURVE)?.subject, i = ids.indexOf(runner), row = xyz_m.at(-1);
    if (i < 0 || row[3 * i] === null) { this.measured.m = null; return; }
    const p = { x: -row[3 * i + 1], y: row[3 * i] };
    const bag = [1, 2].map((b) => along(b, p)).filter(([m]) => m > -2 && m < 32 * FT).sort((a, b) => a[1] - b[1])[0];
    Object.assign(this.measured, { m: bag ? Math.max(0, bag[0]) : null, runner });
  }
  receive(message) { this.latest.receive(message); }
  on(feed) {
    const now = feed.newest(NOW), live = fresh(now, 2.5) && typeof now.value === "number";
    return this.latest.within(this.seconds) && (live || this.latest.within(4));
  }
  update(feed, roster) {
    const now = reading(feed, this.measured);
    if (!now) return;
    this.node.className = roster.teamStyle(now.runner, "plate lead").class;
    put(this.number, String(roster.shirt(now.runner))); put(this.name, roster.name(now.runner)); put(this.team, roster.team(now.runner));
    put(this.lead, now.lead_ft === null ? "–" : fixed(now.lead_ft, 1)); put(this.value, percent(now.probability));
    this.curve.set(now.curve, now.lead_ft, now.probability);
  }
}

await mount("right", "mlb", ["positions.mlb", `stats.${CURVE}`, `stats.${NOW}`], ({ feed, seconds }) => new Lead(feed, seconds(20)));
