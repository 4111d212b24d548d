/* The score bug of two teams, with what a sport adds under the clock. */

import { el, put } from "./dom.js";

export class ScoreBug {
  /** ``score()`` -> [home, away] or null; ``clock(now_us, periods)`` -> [time, words]; ``more``: nodes after the clock. */
  constructor(root, { score, clock, more = [] }) {
    Object.assign(this, { score, clock });
    this.shorts = ["home-short", "away-short"].map((id) => el("span", { id }, "–"));
    this.goals = ["home-goals", "away-goals"].map((id) => el("b", { id }, "–"));
    this.time = el("b", { id: "clock" }, "--:--");
    this.period = el("small", { id: "period" }, "\u00a0");
    root.replaceChildren(
      el("div", { class: "side is-home" }, el("i"), this.shorts[0]),
      el("div", { class: "goals" }, this.goals[0], el("span", {}, ":"), this.goals[1]),
      el("div", { class: "side is-away" }, this.shorts[1], el("i")),
      el("div", { class: "clock" }, this.time, this.period), ...more);
    this.shown = [null, null];
  }
  setGame(roster) { this.shorts.forEach((node, i) => put(node, roster.short(i))); }
  refresh(now_us, periods) {
    const now = this.score() ?? [null, null];
    this.goals.forEach((node, i) => {
      const goals = now[i];
      if (goals === this.shown[i]) return;
      if (this.shown[i] !== null && goals > this.shown[i]) { node.classList.remove("scored"); void node.offsetWidth; node.classList.add("scored"); }
      this.shown[i] = goals;
      put(node, goals === null || goals === undefined ? "–" : String(Math.round(goals)));
    });
    if (now_us === null || !periods.length) return;
    const [time, words] = this.clock(now_us, periods);
    put(this.time, time); put(this.period, words);
  }
}
