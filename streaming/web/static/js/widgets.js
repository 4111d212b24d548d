/* Widgets of both panels and graphics: a node, and ``set(...)`` to show values in it. */

import { el, fixed, put, svg } from "./dom.js";

export const percent = (v, digits = 0) => (typeof v === "number" ? `${fixed(v * 100, digits)}%` : "–");

/** A probability as a big figure over a bar. */
export class ProbabilityBar {
  constructor(words = "") {
    this.value = el("b");
    this.words = el("span", {}, words);
    this.fill = el("i");
    this.mark = el("u", { hidden: true });
    this.node = el("div", { class: "probability" }, el("div", { class: "line" }, this.value, this.words), el("div", { class: "rail" }, this.fill, this.mark));
  }
  /** ``mark``: another probability to compare with, as a tick on the bar. */
  set(v, words = null, mark = null) {
    put(this.value, percent(v));
    if (words !== null) put(this.words, words);
    this.fill.style.width = typeof v === "number" ? `${Math.min(100, Math.max(0, v * 100))}%` : "0";
    this.mark.hidden = typeof mark !== "number";
    if (!this.mark.hidden) this.mark.style.left = `${mark * 100}%`;
  }
}

/** Some choices with a value each, the best first in line: [words, value 0..1 or null, text, chosen]. */
export class Choices {
  constructor() { this.node = el("div", { class: "choices" }); this.key = ""; }
  set(rows) {
    const key = JSON.stringify(rows);
    if (key === this.key) return;
    this.key = key;
    this.node.replaceChildren(...rows.map(([words, value, text, chosen]) => el("div", { class: chosen ? "best" : "" },
      el("span", {}, words), el("div", { class: "rail" }, el("i", { style: `width:${typeof value === "number" ? Math.min(100, Math.max(0, value * 100)) : 0}%` })), el("b", {}, text))));
  }
}

const W = 320, H = 150;
/** A curve over evenly spaced steps, with a reading marked on it. */
export class Curve {
  /** ``steps``: words of the x axis at [index, words]; ``unit``: what the x axis counts. */
  constructor({ steps, unit, top = 1 }) {
    Object.assign(this, { steps, unit, top });
    this.chart = svg("svg", { viewBox: `0 0 ${W} ${H}`, class: "curve" });
    this.node = this.chart;
  }
  /** ``curve``: values 0..1 or null, one per step; ``at``: where the reading is (in steps); ``value``: its value. */
  set(curve, at = null, value = null) {
    const n = curve.length - 1, left = 34, right = W - 10, low = H - 24, high = 12;
    const x = (i) => left + (i / n) * (right - left), y = (v) => low - (v / this.top) * (low - high);
    const nodes = [];
    const text = (px, py, words, anchor, fill = "#75818f", size = 12, weight = 500) => {
      const t = svg("text", { x: fixed(px, 1), y: fixed(py, 1), "text-anchor": anchor, fill, "font-size": size, "font-weight": weight, "font-family": "Barlow Condensed" });
      t.textContent = words; return t;
    };
    for (const v of [0, 0.25, 0.5, 0.75, 1].filter((v) => v <= this.top)) nodes.push(svg("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: v === 0.5 ? "#3a4453" : "#242d3a", "stroke-width": 1 }), text(left - 6, y(v) + 4, percent(v), "end"));
    for (const i of this.steps) nodes.push(text(x(i), H - 7, i === this.steps.at(-1) ? `${i} ${this.unit}` : String(i), i === this.steps.at(-1) ? "end" : "middle"));
    const runs = [[]];
    curve.forEach((v, i) => (typeof v === "number" ? runs.at(-1).push([x(i), y(v)]) : runs.push([])));
    for (const run of runs.filter((r) => r.length > 1)) {
      const line = run.map((p) => p.map((c) => fixed(c, 1)).join()).join("L");
      nodes.push(svg("path", { d: `M${fixed(run[0][0], 1)},${low}L${line}L${fixed(run.at(-1)[0], 1)},${low}Z`, fill: "var(--accent)", opacity: 0.14 }),
        svg("path", { d: `M${line}`, fill: "none", stroke: "var(--accent)", "stroke-width": 2.6, "stroke-linejoin": "round" }));
    }
    if (typeof at === "number" && typeof value === "number") {
      // to the left, where a rising curve is below it, as soon as there is room
      const px = x(Math.min(n, Math.max(0, at))), py = y(value), before = px > left + 60;
      nodes.push(svg("line", { x1: px, x2: px, y1: low, y2: py, stroke: "#fff", "stroke-width": 1.2, "stroke-dasharray": "3 3" }),
        svg("circle", { cx: px, cy: py, r: 5.4, fill: "#fff", stroke: "#0b0f15", "stroke-width": 2 }),
        text(px + (before ? -10 : 10), Math.max(24, py - 8), percent(value), before ? "end" : "start", "#fff", 22, 700));
    }
    this.chart.replaceChildren(...nodes);
  }
}
