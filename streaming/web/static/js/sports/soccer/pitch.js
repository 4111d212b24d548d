/* The pitch: grass and lines, then players, ball, trails and layers on every picture. */

import { Field } from "../../field.js";
import { controlField, GRID } from "./control.js";

const TAU = Math.PI * 2;

export class Pitch extends Field {
  constructor(canvas) {
    super(canvas, [-52.5, -34, 52.5, 34]);
    this.layers = { control: false, shape: false, trails: true, names: false, shots: true };
    this.marks = []; // shots: {x, y, side, xgoals, goal, t}
    this.shotNow = null;
    this.heat = document.createElement("canvas");
    [this.heat.width, this.heat.height] = GRID;
    this.heatAt = 0;
  }

  get length() { return this.bounds[2] - this.bounds[0]; }
  get width() { return this.bounds[3] - this.bounds[1]; }

  setGame(roster, colours) {
    const length = roster.record.length_m ?? 105, width = roster.record.width_m ?? 68;
    this.bounds = [-length / 2, -width / 2, length / 2, width / 2];
    super.setGame(roster, colours);
  }

  drawGround(c) {
    const { k, length: L, width: W, margin: M } = this;
    const box = (x0, y0, x1, y1) => this.box(x0, y0, x1, y1);
    const [mx, my] = [this.x(0), this.y(0)];
    c.beginPath(); c.roundRect(...box(-L / 2 - M, -W / 2 - M, L / 2 + M, W / 2 + M), 0.6 * k); c.clip();
    const grass = c.createRadialGradient(mx, my, 5 * k, mx, my, 68 * k);
    grass.addColorStop(0, "#1d4a38"); grass.addColorStop(0.6, "#173c2e"); grass.addColorStop(1, "#0f2a21");
    c.fillStyle = grass; c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const stripes = 20;
    c.fillStyle = "#ffffff07";
    for (let i = 0; i < stripes; i += 2) c.fillRect(...box(-L / 2 + (i * L) / stripes, -W / 2 - M, -L / 2 + ((i + 1) * L) / stripes, W / 2 + M));
    c.strokeStyle = "#eaf4ee9e"; c.lineWidth = Math.max(1.2, 0.13 * k); c.lineJoin = "round";
    const circle = (x, y, r, a = 0, b = TAU) => { c.beginPath(); c.arc(this.x(x), this.y(y), r * k, a, b); c.stroke(); };
    const spot = (x, y) => { c.beginPath(); c.arc(this.x(x), this.y(y), 0.26 * k, 0, TAU); c.fillStyle = "#eaf4eebb"; c.fill(); };
    c.strokeRect(...box(-L / 2, -W / 2, L / 2, W / 2));
    c.beginPath(); c.moveTo(this.x(0), this.y(-W / 2)); c.lineTo(this.x(0), this.y(W / 2)); c.stroke();
    circle(0, 0, 9.15); spot(0, 0);
    for (const s of [-1, 1]) {
      const g = (s * L) / 2, at = (d) => g - s * d;
      const area = (depth, half) => c.strokeRect(...box(Math.min(g, at(depth)), -half, Math.max(g, at(depth)), half));
      area(16.5, 20.16); area(5.5, 9.16); spot(at(11), 0);
      const a = Math.acos(5.5 / 9.15);
      circle(at(11), 0, 9.15, s > 0 ? Math.PI - a : -a, s > 0 ? Math.PI + a : a);
      c.save(); c.fillStyle = "#ffffff14"; c.fillRect(...box(Math.min(g, g + s * 1.9), -3.66, Math.max(g, g + s * 1.9), 3.66));
      c.lineWidth *= 1.5; c.strokeRect(...box(Math.min(g, g + s * 1.9), -3.66, Math.max(g, g + s * 1.9), 3.66)); c.restore();
      for (const w of [-1, 1]) {
        const from = s > 0 ? (w > 0 ? 0.5 : 1) : w > 0 ? 0 : 1.5;
        circle(g, (w * W) / 2, 1, from * Math.PI, (from + 0.5) * Math.PI);
      }
    }
  }

  drawFrame(players, ball, t) {
    if (this.layers.control) this.#control(players, ball);
    if (this.layers.shape) this.#shape(players);
    if (this.layers.shots) this.#shots();
    if (this.layers.trails) this.drawTrails(t);
    const carrier = this.carrier(players, ball), r = this.radius;
    for (const p of players) this.player(p, r, p === carrier);
    if (this.layers.names) for (const p of players) if (p !== carrier) this.label(p, r, false);
    if (carrier) this.label(carrier, r, true);
    this.ball(ball);
    this.#strike();
  }

  #control(players, ball) {
    const now = performance.now();
    if (now - this.heatAt > 180) {
      this.heatAt = now;
      const share = controlField(players, ball, this.length, this.width), [n, m] = GRID;
      const c = this.heat.getContext("2d"), image = c.createImageData(n, m);
      const [home, away] = this.colours.map((t) => t.rgb);
      for (let i = 0; i < n * m; i++) {
        const p = share[i], side = p > 0.5 ? home : away, strength = Math.abs(p - 0.5) * 2;
        image.data.set([side[0], side[1], side[2], Math.round(130 * strength ** 0.8)], 4 * i);
      }
      c.putImageData(image, 0, 0);
    }
    const c = this.ctx; c.imageSmoothingEnabled = true; c.imageSmoothingQuality = "high";
    c.save(); c.globalAlpha *= 0.85;
    c.drawImage(this.heat, this.x(-this.length / 2), this.y(this.width / 2), this.length * this.k, this.width * this.k);
    c.restore();
  }

  #shape(players) {
    const c = this.ctx;
    for (const side of [0, 1]) {
      const hull = convex(players.filter((p) => p.side === side && p.entity?.role !== "keeper"));
      if (hull.length < 3) continue;
      c.beginPath(); hull.forEach((p, i) => (i ? c.lineTo(this.x(p.x), this.y(p.y)) : c.moveTo(this.x(p.x), this.y(p.y)))); c.closePath();
      c.save(); c.globalAlpha *= 0.14; c.fillStyle = this.colours[side].fill; c.fill(); c.restore();
      c.save(); c.globalAlpha *= 0.7; c.setLineDash([this.k * 0.8, this.k * 0.6]); c.lineWidth = this.k * 0.14; c.strokeStyle = this.colours[side].fill; c.stroke(); c.restore();
    }
  }

  #shots() {
    const c = this.ctx;
    for (const shot of this.marks) {
      const r = this.k * (0.35 + 1.25 * Math.sqrt(shot.xgoals ?? 0)), x = this.x(shot.x), y = this.y(shot.y);
      c.save(); c.globalAlpha *= shot.goal ? 0.95 : 0.45; c.lineWidth = this.k * 0.15;
      c.strokeStyle = this.colours[shot.side]?.fill ?? "#999";
      c.beginPath(); c.moveTo(x, y - r); c.lineTo(x + r, y); c.lineTo(x, y + r); c.lineTo(x - r, y); c.closePath();
      if (shot.goal) { c.fillStyle = c.strokeStyle; c.fill(); c.strokeStyle = "#fff"; }
      c.stroke(); c.restore();
    }
  }

  /** The shot that is being shown: the cone to the goal it went for, and a ring that spreads. */
  #strike() {
    const s = this.shotNow; if (!s) return;
    const age = (performance.now() - s.at) / 1000; if (age > 6) { this.shotNow = null; return; }
    const c = this.ctx, fade = Math.min(1, (6 - age) / 1.5), goal = s.attack * (this.length / 2);
    c.save(); c.globalAlpha = fade * 0.2; c.fillStyle = "#ffc043";
    c.beginPath(); c.moveTo(this.x(s.x), this.y(s.y)); c.lineTo(this.x(goal), this.y(3.66)); c.lineTo(this.x(goal), this.y(-3.66)); c.closePath(); c.fill();
    c.globalAlpha = fade * 0.85; c.strokeStyle = "#ffc043"; c.lineWidth = this.k * 0.16; c.setLineDash([this.k * 0.7, this.k * 0.5]);
    c.beginPath(); c.moveTo(this.x(goal), this.y(3.66)); c.lineTo(this.x(s.x), this.y(s.y)); c.lineTo(this.x(goal), this.y(-3.66)); c.stroke();
    c.setLineDash([]); const ring = (age * 1.1) % 1;
    c.globalAlpha = fade * (1 - ring); c.beginPath(); c.arc(this.x(s.x), this.y(s.y), this.k * (0.8 + 3 * ring), 0, TAU); c.stroke();
    c.restore();
  }
}

function convex(players) {
  const p = players.slice().sort((a, b) => a.x - b.x || a.y - b.y);
  const cross = (o, a, b) => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
  const half = (points) => points.reduce((h, q) => { while (h.length > 1 && cross(h.at(-2), h.at(-1), q) <= 0) h.pop(); h.push(q); return h; }, []);
  return p.length < 3 ? p : [...half(p).slice(0, -1), ...half(p.reverse()).slice(0, -1)];
}
