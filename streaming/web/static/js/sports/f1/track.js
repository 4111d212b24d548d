/* The circuit, drawn from where the cars have driven: no map is needed. Until one car has closed a lap, what has been seen of it; then
   that lap, stored for the next time the page is opened. */

import { Field } from "../../field.js";
import { code } from "./tower.js";

const STEP_M = 12, CLOSE_M = 25, LEAST_LAP_M = 1500, LEAST_M = 400;

export class Circuit extends Field {
  constructor(canvas, race) {
    super(canvas, [-600, -400, 600, 400], { margin: 80, size: 11, least: 9, left: 0.2 });
    this.race = race;
    this.layers = { names: true, trails: false, battle: true };
    this.lap = null; // [[x, y], ...] of a whole lap
    this.paths = new Map(); // car -> {points, length}
    this.chosen = null;
  }

  setGame(roster, colours) {
    this.key = `touchline.circuit.${roster.record.game}`;
    try { this.lap = JSON.parse(sessionStorage.getItem(this.key)); } catch { this.lap = null; }
    if (this.lap) this.#fitTo(this.lap);
    super.setGame(roster, colours);
  }

  #fitTo(points) {
    const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    this.bounds = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
    const size = Math.max(LEAST_M, this.bounds[2] - this.bounds[0], this.bounds[3] - this.bounds[1]);
    this.margin = size * 0.06; this.size = size * 0.011;
  }

  drawGround(c) {
    const lines = this.lap ? [[...this.lap, this.lap[0]]] : [...(this.paths?.values() ?? [])].map((p) => p.points);
    c.lineJoin = c.lineCap = "round";
    const strokes = [["#46505e", 0.032], ["#2a3340", 0.024]];
    const size = Math.max(this.bounds[2] - this.bounds[0], this.bounds[3] - this.bounds[1]);
    for (const [colour, width] of strokes) {
      c.strokeStyle = colour; c.lineWidth = Math.max(4, size * width * this.k);
      for (const line of lines) { c.beginPath(); this.#smooth(c, line); c.stroke(); }
    }
  }

  /** A line through the middles of its pieces, bent at its points: a replay at speed gives few of them. */
  #smooth(c, line) {
    const at = (i) => [this.x(line[i][0]), this.y(line[i][1])];
    c.moveTo(...at(0));
    for (let i = 1; i < line.length - 1; i++) { const [x, y] = at(i), [u, v] = at(i + 1); c.quadraticCurveTo(x, y, (x + u) / 2, (y + v) / 2); }
    if (line.length > 1) c.lineTo(...at(line.length - 1));
  }

  #trace(players) {
    let changed = false;
    const seen = this.seen ??= [Infinity, Infinity, -Infinity, -Infinity], grown = seen.slice();
    for (const p of players) {
      let path = this.paths.get(p.id);
      if (!path) this.paths.set(p.id, (path = { points: [[p.x, p.y]], length: 0 }));
      grown[0] = Math.min(grown[0], p.x); grown[1] = Math.min(grown[1], p.y); grown[2] = Math.max(grown[2], p.x); grown[3] = Math.max(grown[3], p.y);
      const last = path.points.at(-1), moved = Math.hypot(p.x - last[0], p.y - last[1]);
      if (moved < STEP_M) continue;
      if (moved > 40 * STEP_M) { path.points = [[p.x, p.y]]; path.length = 0; continue; } // a hole in its data: begin again
      path.points.push([p.x, p.y]); path.length += moved; changed = true;
      const [first, second] = path.points;
      if (path.length < LEAST_LAP_M || Math.hypot(p.x - first[0], p.y - first[1]) > CLOSE_M) continue;
      const ahead = (second[0] - first[0]) * (p.x - last[0]) + (second[1] - first[1]) * (p.y - last[1]);
      if (ahead <= 0) continue; // it passed by in the other direction: the track crosses itself or runs beside itself
      this.lap = path.points;
      this.paths.clear();
      this.#fitTo(this.lap);
      try { sessionStorage.setItem(this.key, JSON.stringify(this.lap.map((q) => q.map(Math.round)))); } catch { /* no room: it is drawn anew next time */ }
      this.redraw();
      return;
    }
    changed ||= grown.some((v, i) => v !== seen[i]);
    this.seen = grown;
    if (changed && (!this.drawn || performance.now() - this.drawn > 500)) { this.drawn = performance.now(); this.#fitTo([grown.slice(0, 2), grown.slice(2)]); this.redraw(); }
  }

  drawFrame(players, ball, t) {
    if (!this.lap) this.#trace(players);
    if (this.layers.trails) this.drawTrails(t);
    const c = this.ctx, r = Math.min(this.radius, 15 * this.ratio), fights = this.layers.battle ? this.fightsNow?.() ?? [] : [];
    const rank = (p) => this.placeNow?.(p.id) ?? 99;
    for (const p of players.slice().sort((a, b) => rank(b) - rank(a))) { // the leader on top
      if (this.race.out.has(p.id)) continue;
      const x = this.x(p.x), y = this.y(p.y), team = this.colours[p.side], strong = p.id === this.chosen || fights.includes(p.id);
      if (strong) { c.beginPath(); c.arc(x, y, r * 1.5, 0, Math.PI * 2); c.strokeStyle = p.id === this.chosen ? "#fff" : "#ffc043"; c.lineWidth = r * 0.18; c.stroke(); }
      c.beginPath(); c.arc(x, y, r, 0, Math.PI * 2); c.fillStyle = team?.fill ?? "#8a94a0"; c.fill(); c.lineWidth = r * 0.13; c.strokeStyle = "#ffffffd0"; c.stroke();
      if (this.layers.names) this.drawText(c, code(p.entity, p.id), x, y + r * 0.36, r * 0.98, team?.ink ?? "#fff", "center", 700);
    }
  }
}
