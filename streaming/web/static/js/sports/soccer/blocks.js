/* What only soccer's panel has: the race of xGoals, the latest shots. Both read the page's ``shots``: Map event -> {t_us, side, xgoals, goal}. */

import { Block, label, W } from "../../blocks.js";
import { el, fixed, put, svg } from "../../dom.js";

/** xGoals of each team step by step, with the goals on the line. */
export class XGoalsRace extends Block {
  constructor(shots) {
    super("xGoals race", ["soccer.team.xgoals", "soccer.shot.xgoals"]);
    this.shots = shots;
    this.lasting = true;
    this.chart = svg("svg", { viewBox: `0 0 ${W} 132` });
    this.node.append(this.chart);
  }
  update(feed, roster, now_us) {
    const now = now_us ?? 0, record = roster.record;
    const key = `${this.shots.size}|${Math.floor(now / 2e6)}|${[...this.shots.values()].filter((s) => s.goal).length}|${feed.value("soccer.team.xgoals", roster.home)}`;
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

/** The latest shots, newest first. */
export class Shots extends Block {
  constructor(shots) {
    super("Latest shots", ["soccer.shot.xgoals"]);
    this.shots = shots;
    this.lasting = true;
    this.list = el("div", { class: "shots" });
    this.node.append(this.list);
  }
  update(feed, roster) {
    const latest = [...this.shots.values()].filter((s) => typeof s.xgoals === "number").sort((a, b) => b.t_us - a.t_us).slice(0, 6);
    const key = latest.map((s) => `${s.player}${s.t_us}${s.xgoals}${s.outcome}`).join();
    if (key === this.key) return;
    this.key = key;
    this.list.replaceChildren(...latest.flatMap((s) => [
      el("i", roster.teamStyle(s.player)), el("b", {}, roster.name(s.player)),
      el("span", { class: s.goal ? "goal" : "" }, (s.outcome ?? "").replaceAll("_", " ")), el("em", {}, fixed(s.xgoals, 2)),
    ]));
  }
}
