/* The side panel: one small class per block, each with the stats it stands on, so that a block without its stats does not appear and
   one whose values stopped coming turns grey. */

import { el, fixed, put, svg } from "./dom.js";

const W = 320; // drawing width of the charts; they scale

class Block {
  constructor(title, stats, note = "") {
    this.stats = stats;
    this.note = el("small", {}, note);
    this.node = el("section", { class: "block", hidden: true }, el("header", {}, el("h2", {}, title), this.note));
  }
  /** Called a few times a second. ``stale``: seconds after which a value is old. */
  refresh(feed, cast, stale) {
    const here = this.stats.some((s) => feed.has(s)) || this.always === true;
    this.node.hidden = !here;
    if (!here) return;
    this.node.classList.toggle("old", feed.age(...this.stats) > stale);
    this.update(feed, cast);
  }
}

const bar = (...sides) => {
  const parts = sides.map((s) => el("i", { class: s }));
  return { node: el("div", { class: "bar" }, ...parts), set: (shares) => shares.forEach((v, i) => (parts[i].style.width = `${v * 100}%`)) };
};

/** Chances of home, draw and away as they moved through the match. */
export class WinProbability extends Block {
  constructor() {
    super("Win probability", ["soccer.match.win_probability"]);
    this.home = el("b"); this.draw = el("b"); this.away = el("b");
    this.names = [el("small"), el("small", {}, "draw"), el("small")];
    this.bar = bar("home", "draw", "away");
    this.chart = svg("svg", { viewBox: `0 0 ${W} 62`, preserveAspectRatio: "none", height: "3.4rem" });
    this.areas = ["var(--home)", "#3b4655", "var(--away)"].map((fill) => this.chart.appendChild(svg("path", { fill, opacity: 0.75 })));
    this.node.append(
      el("div", { class: "three" }, el("div", {}, this.home, this.names[0]), el("span", {}, this.draw, this.names[1]), el("div", {}, this.names[2], this.away)),
      this.bar.node, el("div", { style: "height:.5rem" }), this.chart);
    this.past = [];
  }
  history(past) { this.past = (past["soccer.match.win_probability"] ?? []).map(([t, values]) => [t, values[0]]).filter(([, v]) => complete(v)); }
  update(feed, cast) {
    const value = feed.only("soccer.match.win_probability");
    if (!complete(value)) return;
    const [home, draw, away] = value;
    put(this.home, `${fixed(home * 100)}%`); put(this.draw, `${fixed(draw * 100)}%`); put(this.away, `${fixed(away * 100)}%`);
    put(this.names[0], cast.record.teams[0].short || cast.record.teams[0].name); put(this.names[2], cast.record.teams[1].short || cast.record.teams[1].name);
    this.bar.set(value);
    const now = [...feed.values.get("soccer.match.win_probability").values()].at(-1).end_us;
    if (!this.past.length || now >= this.past.at(-1)[0] + 5e6) this.past.push([now, value]);
    const points = [...this.past, [now, value]], from = points[0][0], span = Math.max(now - from, 60e6);
    const x = (t) => fixed(((t - from) / span) * W, 1);
    const area = (low, high) => "M" + points.map(([t, v]) => `${x(t)},${fixed(62 * low(v), 1)}`).join("L") + "L" + points.slice().reverse().map(([t, v]) => `${x(t)},${fixed(62 * high(v), 1)}`).join("L") + "Z";
    this.areas[0].setAttribute("d", area(() => 0, (v) => v[0]));
    this.areas[1].setAttribute("d", area((v) => v[0], (v) => v[0] + v[1]));
    this.areas[2].setAttribute("d", area((v) => v[0] + v[1], () => 1));
  }
}

const complete = (v) => Array.isArray(v) && v.length === 3 && v.every((x) => typeof x === "number");

/** xGoals of each team step by step, with the goals on the line. */
export class XGoalsRace extends Block {
  constructor(shots) {
    super("xGoals race", ["soccer.team.xgoals", "soccer.shot.xgoals"]);
    this.shots = shots; // Map event -> {t_us, side, xgoals, goal}
    this.chart = svg("svg", { viewBox: `0 0 ${W} 132` });
    this.node.append(this.chart);
  }
  refresh(feed, cast) { super.refresh(feed, cast, Infinity); }
  update(feed, cast) {
    const now = this.now_us ?? 0, record = cast.record;
    const key = `${this.shots.size}|${Math.floor(now / 2e6)}|${[...this.shots.values()].filter((s) => s.goal).length}|${feed.value("soccer.team.xgoals", cast.home)}`;
    if (key === this.drawn) return;
    this.drawn = key;
    const start = record.periods[0]?.start_us ?? record.t0_us;
    const shots = [...this.shots.values()].filter((s) => s.side >= 0 && typeof s.xgoals === "number").sort((a, b) => a.t_us - b.t_us);
    const totals = [0, 0];
    for (const s of shots) totals[s.side] += s.xgoals;
    const end = Math.max(now, shots.at(-1)?.t_us ?? 0, start + 60e6) - start;
    const top = Math.max(1, ...totals) * 1.18, left = 22, right = W - 34, low = 114;
    const x = (t) => left + ((t - start) / end) * (right - left), y = (v) => low - (v / top) * (low - 8);
    const nodes = [];
    const step = top > 4 ? 2 : top > 1.6 ? 1 : 0.5;
    for (let v = 0; v <= top; v += step) {
      nodes.push(svg("line", { x1: left, x2: right, y1: y(v), y2: y(v), stroke: "#242d3a", "stroke-width": 1 }), label(left - 5, y(v) + 4, fixed(v, step < 1 ? 1 : 0), "end"));
    }
    const gap = [1, 2, 5, 10, 15, 30].find((g) => end / 60e6 / g <= 5) ?? 30;
    for (let m = 0; m * 60e6 <= end; m += gap) nodes.push(label(x(start + m * 60e6), 129, `${m}'`, "middle"));
    const ends = [0, 1].map((side) => y(totals[side]));
    if (Math.abs(ends[0] - ends[1]) < 15) { const up = totals[0] >= totals[1] ? 0 : 1, middle = (ends[0] + ends[1]) / 2; ends[up] = middle - 8; ends[1 - up] = middle + 8; }
    for (const side of [1, 0]) {
      let sum = 0, path = `M${x(start)},${y(0)}`;
      const colour = side ? "var(--away)" : "var(--home)", dots = [];
      for (const s of shots.filter((s) => s.side === side)) {
        path += `H${fixed(x(s.t_us), 1)}`; sum += s.xgoals; path += `V${fixed(y(sum), 1)}`;
        if (s.goal) dots.push(svg("circle", { cx: x(s.t_us), cy: y(sum), r: 4.6, fill: colour, stroke: "#fff", "stroke-width": 1.6 }));
      }
      path += `H${right}`;
      nodes.push(svg("path", { d: path, fill: "none", stroke: colour, "stroke-width": 2.6, "stroke-linejoin": "round" }), ...dots,
        label(right + 5, ends[side] + 5, fixed(sum, 2), "start", colour, 16, 700));
    }
    this.chart.replaceChildren(...nodes);
    put(this.note, `${shots.filter((s) => s.side === 0).length} v ${shots.filter((s) => s.side === 1).length} shots`);
  }
}

const label = (x, y, text, anchor, fill = "#75818f", size = 12, weight = 500) => {
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
  update(feed, cast) {
    const home = this.pick(feed.value(this.stats[0], cast.home)), away = this.pick(feed.value(this.stats[0], cast.away));
    put(this.home, typeof home === "number" ? `${fixed(home)}%` : "–"); put(this.away, typeof away === "number" ? `${fixed(away)}%` : "–");
    const sum = (home ?? 0) + (away ?? 0);
    this.bar.set(sum > 0 ? [home / sum, away / sum] : [0.5, 0.5]);
  }
}

/** Which way the match leans, in bars up (home) and down (away). */
export class Momentum extends Block {
  constructor() {
    super("Momentum", ["game.momentum"]);
    this.chart = svg("svg", { viewBox: `0 0 ${W} 56`, preserveAspectRatio: "none", height: "3.3rem" });
    this.node.append(this.chart);
    this.past = [];
  }
  history(past) { this.past = (past["game.momentum"] ?? []).map(([t, values]) => [t, values[0]]); }
  update(feed) {
    const kept = [...feed.values.get("game.momentum").values()].at(-1);
    if (!this.past.length || kept.end_us >= this.past.at(-1)[0] + 5e6) this.past.push([kept.end_us, kept.value]);
    else if (this.drawn === this.past.length) return;
    this.drawn = this.past.length;
    const group = Math.max(1, Math.ceil(this.past.length / 80)), bars = [];
    for (let i = 0; i < this.past.length; i += group) {
      const some = this.past.slice(i, i + group).map(([, v]) => v).filter((v) => typeof v === "number");
      bars.push(some.length ? some.reduce((a, b) => a + b, 0) / some.length : 0);
    }
    const n = Math.max(bars.length, 40), w = W / n;
    this.chart.replaceChildren(svg("line", { x1: 0, x2: W, y1: 28, y2: 28, stroke: "#3a4453", "stroke-width": 1 }),
      ...bars.map((v, i) => svg("rect", { x: fixed(i * w + 0.4, 2), width: fixed(Math.max(0.6, w - 0.8), 2), y: fixed(v > 0 ? 28 - v * 27 : 28, 2), height: fixed(Math.max(0.5, Math.abs(v) * 27), 2), fill: v > 0 ? "var(--home)" : "var(--away)" })));
  }
}

/** Who is pressed most, who is fastest. */
export class People extends Block {
  constructor() {
    super("Players", ["soccer.player.mean_pressure", "soccer.player.pressure", "soccer.player.top_speed"]);
    this.cards = el("div", { class: "people" });
    this.node.append(this.cards);
    this.key = "";
  }
  update(feed, cast) {
    const pressure = feed.has("soccer.player.mean_pressure") ? "soccer.player.mean_pressure" : "soccer.player.pressure";
    const shown = [
      [best(feed, pressure), (v) => `${fixed(v * 100)}% · most pressed`],
      [best(feed, "soccer.player.top_speed"), (v) => `${fixed(v, 1)} km/h · fastest`],
    ].filter(([found]) => found);
    const key = JSON.stringify(shown.map(([found]) => [found.id, fixed(found.value, 2)]));
    if (key === this.key) return;
    this.key = key;
    this.cards.replaceChildren(...shown.map(([found, text]) =>
      el("div", { class: `person ${cast.css(found.id)}` }, el("div", { class: "shirt" }, String(cast.shirt(found.id))),
        el("div", { style: "min-width:0" }, el("b", { style: "display:block" }, cast.name(found.id)), el("span", {}, text(found.value))))));
  }
}

function best(feed, stat) {
  let found = null;
  for (const [id, kept] of feed.values.get(stat) ?? []) {
    if (typeof kept.value === "number" && (!found || kept.value > found.value)) found = { id, value: kept.value };
  }
  return found;
}

/** The latest shots, newest first. */
export class Shots extends Block {
  constructor(shots) {
    super("Latest shots", ["soccer.shot.xgoals"]);
    this.shots = shots;
    this.list = el("div", { class: "shots" });
    this.node.append(this.list);
  }
  refresh(feed, cast) { super.refresh(feed, cast, Infinity); }
  update(feed, cast) {
    const latest = [...this.shots.values()].filter((s) => typeof s.xgoals === "number").sort((a, b) => b.t_us - a.t_us).slice(0, 6);
    const key = latest.map((s) => `${s.who}${s.t_us}${s.xgoals}${s.outcome}`).join();
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...latest.flatMap((s) => [
      el("i", { class: cast.css(s.who) }), el("b", {}, cast.name(s.who)),
      el("span", { class: s.goal ? "goal" : "" }, (s.outcome ?? "").replaceAll("_", " ")), el("em", {}, fixed(s.xgoals, 2)),
    ]));
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
  update(feed, cast) {
    for (const [stat, caption, digits, unit = ""] of this.rows) {
      if (!feed.has(stat)) continue;
      if (!this.cells.has(stat)) {
        const cells = [el("b"), el("span", {}, caption), el("b")];
        this.cells.set(stat, cells);
        this.grid.append(...cells);
      }
      const [home, , away] = this.cells.get(stat);
      const write = (v) => (typeof v === "number" ? fixed(v, digits) + unit : "–");
      put(home, write(feed.value(stat, cast.home))); put(away, write(feed.value(stat, cast.away)));
    }
  }
}

