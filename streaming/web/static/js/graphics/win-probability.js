/* The probability to win, as a bar: both teams, or in a race the likeliest few and all others. ?game=...&sport=... */

import { outcomeProbabilities, bar } from "../blocks.js";
import { el, fixed, put } from "../dom.js";
import { sportModule } from "../sports.js";
import { parameter } from "./overlay.js";
import { fresh, mount } from "./mount.js";

class WinBar {
  constructor(stat) {
    this.stat = stat;
    this.teams = [el("b"), el("b")]; this.figures = [el("em"), el("em")];
    this.draw = el("span"); this.bar = bar("home", "draw", "away");
    this.node = el("section", { class: "winbar", role: "status" },
      el("header", {}, "Win probability"),
      el("div", { class: "line" }, el("div", { class: "is-home" }, el("i"), this.teams[0], this.figures[0]), this.draw, el("div", { class: "is-away" }, this.figures[1], this.teams[1], el("i"))),
      this.bar.node);
  }
  on(feed) {
    const stored = feed.newest(this.stat);
    // a value of an event holds until the next one, one of a window must be recent
    return stored !== null && outcomeProbabilities(stored.value) !== null && (stored.update.event !== undefined || fresh(stored, 60));
  }
  update(feed, roster) {
    const value = outcomeProbabilities(feed.newestValue(this.stat));
    roster.record.teams.slice(0, 2).forEach((team, i) => { put(this.teams[i], team.name); put(this.figures[i], `${fixed(value[i * 2] * 100)}%`); });
    put(this.draw, value[1] > 0 ? `draw ${fixed(value[1] * 100)}%` : "");
    this.bar.set(value);
  }
}

/** So many of the likeliest are named. */
const NAMED = 5;

class WinField {
  constructor(stat) {
    this.stat = stat;
    this.line = el("div", { class: "line many" }); this.bar = el("div", { class: "bar" });
    this.node = el("section", { class: "winbar", role: "status" }, el("header", {}, "Win probability"), this.line, this.bar);
  }
  on(feed) {
    return fresh(feed.newest(this.stat), 60) && this.known(feed).length > 0;
  }
  /** [id, probability], the likeliest first. */
  known(feed) {
    return [...feed.values.get(this.stat) ?? []].map(([id, stored]) => [id, stored.value]).filter(([, v]) => typeof v === "number").sort(([, a], [, b]) => b - a);
  }
  update(feed, roster) {
    const all = this.known(feed), named = all.slice(0, NAMED), rest = all.slice(NAMED).reduce((sum, [, v]) => sum + v, 0);
    const key = JSON.stringify(named.map(([id, v]) => [id, fixed(v, 3)]));
    if (key === this.key) return;
    this.key = key;
    const figure = (v) => (v > 0 && v < 0.005 ? "<1%" : `${fixed(v * 100)}%`);
    this.line.replaceChildren(...named.map(([id, v]) => el("div", roster.teamStyle(id), el("i"), el("b", {}, roster.entities.get(id)?.position || roster.name(id)), el("em", {}, figure(v)))),
      ...(all.length > NAMED ? [el("div", { class: "rest" }, el("b", {}, "others"), el("em", {}, figure(rest)))] : []));
    const width = (v) => `width:${fixed(v * 100, 2)}%`;
    this.bar.replaceChildren(...named.map(([id, v]) => { const { class: name, style = "" } = roster.teamStyle(id); return el("i", { class: name, style: `${style};${width(v)}` }); }), el("i", { class: "draw", style: width(rest) }));
  }
}

await mount("foot", parameter("sport"), async (entry) => [`stats.${(await sportModule(entry.sport)).win}`],
  async ({ entry }) => { const { win } = await sportModule(entry.sport); return win ? new (entry.teams.length === 2 ? WinBar : WinField)(win) : null; });
