/* Blocks of the side panel that more than one sport has. Each names the stats it is built on, so that a block without its stats is
   hidden and one whose values are old turns grey. */

import { el, fixed, put, svg } from "./dom.js";

export const W = 320; // drawing width of the charts; they scale

export class Block {
  constructor(title, stats, note = "") {
    this.stats = stats;
    this.note = el("small", {}, note);
    this.title = el("h2", {}, title);
    this.node = el("section", { class: "block", hidden: true }, el("header", {}, this.title, this.note));
  }
  /** Whether there is anything to show. */
  ready(feed) { return this.stats.some((s) => feed.has(s)) || this.always === true; }
  /** Called a few times a second. ``stale``: seconds after which a value is old; a block of events is never old. */
  refresh(feed, roster, stale, now_us = null) {
    const here = this.ready(feed);
    this.node.hidden = !here;
    if (!here) return;
    this.node.classList.toggle("old", !this.lasting && feed.age(...this.stats) > stale);
    this.update(feed, roster, now_us);
  }
}

export const bar = (...sides) => {
  const parts = sides.map((s) => el("i", { class: s }));
  return { node: el("div", { class: "bar" }, ...parts), set: (shares) => shares.forEach((v, i) => { parts[i].style.width = `${v * 100}%`; parts[i].hidden = v === 0; }) };
};

/** Probabilities of home, (draw) and away through the game, from a stat with one, two or three values. */
export class WinProbability extends Block {
  constructor(stat, lasting = false) {
    super("Win probability", [stat]);
    this.stat = stat;
    this.lasting = lasting; // worked out on events, not on every window
    this.home = el("b"); this.draw = el("b"); this.away = el("b");
    this.names = [el("small"), el("small", {}, "draw"), el("small")];
    this.middle = el("span", {}, this.draw, this.names[1]);
    this.bar = bar("home", "draw", "away");
    this.chart = svg("svg", { viewBox: `0 0 ${W} 62`, preserveAspectRatio: "none", height: "3.4rem" });
    this.areas = ["var(--home)", "#3b4655", "var(--away)"].map((fill) => this.chart.appendChild(svg("path", { fill, opacity: 0.75 })));
    this.node.append(
      el("div", { class: "three" }, el("div", {}, this.home, this.names[0]), this.middle, el("div", {}, this.names[2], this.away)),
      this.bar.node, el("div", { style: "height:.5rem" }), this.chart);
    this.past = [];
  }
  /** Values so far: ``past`` as /history has it, ``moments`` as /moments has them (a stat of events is in those). */
  history(past, moments = []) {
    const windows = (past[this.stat] ?? []).map(([t, values]) => [t, outcomeProbabilities(values.length === 1 ? values[0] : values)]);
    const events = moments.filter((u) => u.stat === this.stat).map((u) => [u.window_us[1], outcomeProbabilities(u.value)]);
    this.past = [...windows, ...events].filter(([, v]) => v).sort((a, b) => a[0] - b[0]);
  }
  update(feed, roster, now_us) {
    const stored = feed.newest(this.stat), value = outcomeProbabilities(stored?.value);
    if (!value) return;
    const [home, draw, away] = value, two = draw === 0;
    this.middle.style.visibility = two ? "hidden" : "";
    put(this.home, `${fixed(home * 100)}%`); put(this.draw, `${fixed(draw * 100)}%`); put(this.away, `${fixed(away * 100)}%`);
    put(this.names[0], roster.short(0)); put(this.names[2], roster.short(1));
    this.bar.set(value);
    const now = stored.end_us;
    if (!this.past.length || now >= this.past.at(-1)[0] + (this.lasting ? 1 : 5e6)) this.past.push([now, value]);
    // what is worked out on events stands until the next one
    const end = this.lasting ? Math.max(now, now_us ?? now) : now;
    const points = [...this.past, [end, value]], from = points[0][0], span = Math.max(end - from, 60e6);
    const x = (t) => fixed(((t - from) / span) * W, 1);
    const area = (low, high) => "M" + points.map(([t, v]) => `${x(t)},${fixed(62 * low(v), 1)}`).join("L") + "L" + points.slice().reverse().map(([t, v]) => `${x(t)},${fixed(62 * high(v), 1)}`).join("L") + "Z";
    this.areas[0].setAttribute("d", area(() => 0, (v) => v[0]));
    this.areas[1].setAttribute("d", area((v) => v[0], (v) => v[0] + v[1]));
    this.areas[2].setAttribute("d", area((v) => v[0] + v[1], () => 1));
  }
}

/** Home, draw and away from the value of a sport: three probabilities, two, or the home team's alone; null when one is missing. */
export function outcomeProbabilities(v) {
  if (typeof v === "number") return [v, 0, 1 - v];
  if (!Array.isArray(v) || !v.every((x) => typeof x === "number")) return null;
  return v.length === 3 ? v : v.length === 2 ? [v[0], 0, v[1]] : v.length === 1 ? [v[0], 0, 1 - v[0]] : null;
}

export const label = (x, y, text, anchor, fill = "#75818f", size = 12, weight = 500) => {
  const node = svg("text", { x: fixed(x, 1), y: fixed(y, 1), "text-anchor": anchor, fill, "font-size": size, "font-weight": weight, "font-family": "Barlow Condensed" });
  node.textContent = text;
  return node;
};

/** A share of two teams. */
export class Share extends Block {
  constructor(title, stat, pick = (v) => v, note = "") {
    super(title, [stat], note);
    this.pick = pick;
    this.home = el("span"); this.away = el("span"); this.bar = bar("home", "away");
    this.node.append(el("div", { class: "two" }, this.home, this.away), this.bar.node);
  }
  update(feed, roster) {
    const home = this.pick(feed.value(this.stats[0], roster.home)), away = this.pick(feed.value(this.stats[0], roster.away));
    put(this.home, typeof home === "number" ? `${fixed(home)}%` : "–"); put(this.away, typeof away === "number" ? `${fixed(away)}%` : "–");
    const sum = (home ?? 0) + (away ?? 0);
    this.bar.set(sum > 0 ? [home / sum, away / sum] : [0.5, 0.5]);
  }
}

/** Momentum of the match, in bars up (home) and down (away). */
export class Momentum extends Block {
  constructor(title = "Momentum", colours = ["var(--home)", "var(--away)"]) {
    super(title, ["game.momentum"]);
    this.colours = colours;
    this.chart = svg("svg", { viewBox: `0 0 ${W} 56`, preserveAspectRatio: "none", height: "3.3rem" });
    this.node.append(this.chart);
    this.past = [];
  }
  history(past) { this.past = (past["game.momentum"] ?? []).map(([t, values]) => [t, values[0]]); }
  ready(feed) { return feed.has("game.momentum") && (typeof feed.newestValue("game.momentum") === "number" || this.past.some(([, v]) => typeof v === "number")); }
  update(feed) {
    const stored = [...feed.values.get("game.momentum").values()].at(-1);
    if (!this.past.length || stored.end_us >= this.past.at(-1)[0] + 5e6) this.past.push([stored.end_us, stored.value]);
    else if (this.drawn === this.past.length) return;
    this.drawn = this.past.length;
    const group = Math.max(1, Math.ceil(this.past.length / 80)), bars = [];
    for (let i = 0; i < this.past.length; i += group) {
      const some = this.past.slice(i, i + group).map(([, v]) => v).filter((v) => typeof v === "number");
      bars.push(some.length ? some.reduce((a, b) => a + b, 0) / some.length : 0);
    }
    const n = Math.max(bars.length, 40), w = W / n;
    this.chart.replaceChildren(svg("line", { x1: 0, x2: W, y1: 28, y2: 28, stroke: "#3a4453", "stroke-width": 1 }),
      ...bars.map((v, i) => svg("rect", { x: fixed(i * w + 0.4, 2), width: fixed(Math.max(0.6, w - 0.8), 2), y: fixed(v > 0 ? 28 - v * 27 : 28, 2), height: fixed(Math.max(0.5, Math.abs(v) * 27), 2), fill: this.colours[v > 0 ? 0 : 1] })));
  }
}

/** One card for each of ``rows``: the subject with the highest value. A row is [stats in order of preference, text(value)]. */
export class Leaders extends Block {
  constructor(rows, title = "Players") {
    super(title, rows.flatMap(([stats]) => stats));
    this.rows = rows;
    this.cards = el("div", { class: "leaders" });
    this.node.append(this.cards);
    this.key = "";
  }
  update(feed, roster) {
    const shown = this.rows.map(([stats, text]) => [best(feed, stats.find((s) => feed.has(s))), text]).filter(([found]) => found);
    const key = JSON.stringify(shown.map(([found]) => [found.id, fixed(found.value, 2)]));
    if (key === this.key) return;
    this.key = key;
    this.cards.replaceChildren(...shown.map(([found, text]) =>
      el("div", roster.teamStyle(found.id, "leader"), el("div", { class: "shirt" }, String(roster.shirt(found.id))),
        el("div", { style: "min-width:0" }, el("b", { style: "display:block" }, roster.name(found.id)), el("span", {}, text(found.value))))));
  }
}

export function best(feed, stat) {
  let found = null;
  for (const [id, stored] of feed.values.get(stat) ?? []) {
    if (typeof stored.value === "number" && (!found || stored.value > found.value)) found = { id, value: stored.value };
  }
  return found;
}

/** The first few of a stat, highest (or with ``low`` lowest) first: [name, bar, value]. */
export class Ranking extends Block {
  /** ``least``: smaller values are left out; ``max_age_s``: older ones, too. */
  constructor(title, stat, { unit = "", digits = 1, most = 5, low = false, scale = 0, note = "", times = 1, max_age_s = 0, least = -Infinity } = {}) {
    super(title, [stat], note);
    Object.assign(this, { unit, digits, most, low, scale, times, max_age_s, least });
    this.list = el("div", { class: "ranking" });
    this.node.append(this.list);
  }
  /** [subject, {value, at}] of all subjects. */
  entries(feed) { return [...(feed.values.get(this.stats[0]) ?? [])]; }
  counting(feed) { return this.entries(feed).filter(([, k]) => typeof k.value === "number" && k.value >= this.least && (!this.max_age_s || performance.now() - k.at < this.max_age_s * 1000)); }
  ready(feed) { return this.counting(feed).length > 0; }
  update(feed, roster) {
    const all = this.counting(feed);
    all.sort(([, a], [, b]) => (this.low ? a.value - b.value : b.value - a.value));
    const shown = all.slice(0, this.most), top = this.scale || Math.max(...shown.map(([, k]) => k.value), 1e-9);
    const key = shown.map(([id, k]) => `${id}${fixed(k.value * this.times, this.digits)}`).join();
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...shown.flatMap(([id, k]) => [
      el("b", roster.teamStyle(id), el("i", { class: "dot" }), String(roster.shirt(id)) ? el("small", {}, String(roster.shirt(id))) : null, roster.name(id)),
      el("div", roster.teamStyle(id, "track"), el("i", { style: `width:${Math.min(100, Math.max(1, (k.value / top) * 100))}%` })),
      el("em", {}, fixed(k.value * this.times, this.digits), this.unit ? el("small", {}, this.unit) : null),
    ]));
  }
}

/** Figures in a grid, each the newest value of a stat: [stat, caption, digits, unit, pick(value) or undefined]. */
export class Figures extends Block {
  constructor(title, rows, { lasting = false, subjectOf = "" } = {}) {
    super(title, rows.map(([stat]) => stat));
    Object.assign(this, { rows, lasting, subjectOf });
    this.grid = el("div", { class: "figures" });
    this.node.append(this.grid);
    this.cells = new Map();
  }
  update(feed, roster) {
    for (const row of this.rows) {
      const [stat, caption, digits, unit = "", pick = (v) => v] = row;
      if (!feed.has(stat)) continue;
      if (!this.cells.has(row)) {
        const value = el("b"), cell = el("div", {}, el("div", {}, value, unit ? el("small", {}, unit) : null), el("span", {}, caption));
        this.cells.set(row, value);
        this.grid.append(cell);
      }
      const v = pick(feed.newest(stat).value);
      this.cells.get(row).className = typeof v === "string" ? "words" : "";
      put(this.cells.get(row), typeof v === "number" ? fixed(v, digits) : v === null || v === undefined || v === "" ? "–" : String(v));
    }
    if (this.subjectOf && feed.has(this.subjectOf)) put(this.note, roster.name(feed.newest(this.subjectOf).subject));
  }
}

/** Two columns of team figures. */
export class Rows extends Block {
  constructor(rows) {
    super("Teams", rows.map(([stat]) => stat));
    this.rows = rows;
    this.grid = el("div", { class: "rows" });
    this.node.append(this.grid);
    this.cells = new Map();
  }
  update(feed, roster) {
    for (const [stat, caption, digits, unit = ""] of this.rows) {
      if (!feed.has(stat)) continue;
      if (!this.cells.has(stat)) {
        const cells = [el("b"), el("span", {}, caption), el("b")];
        this.cells.set(stat, cells);
        this.grid.append(...cells);
      }
      const [home, , away] = this.cells.get(stat);
      const write = (v) => (typeof v === "number" ? fixed(v, digits) + unit : "–");
      put(home, write(feed.value(stat, roster.home))); put(away, write(feed.value(stat, roster.away)));
    }
  }
}

