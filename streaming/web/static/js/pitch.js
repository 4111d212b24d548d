/* The pitch: grass and lines once on a buffer, then players, ball, trails and layers on every picture. */

import { controlField, GRID } from "./control.js";

const TAU = Math.PI * 2;

export class Pitch {
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.layers = { control: false, shape: false, trails: true, names: false, shots: true };
    this.length = 105; this.width = 68;
    this.marks = []; // shots: {x, y, side, xgoals, goal, t}
    this.shotNow = null;
    this.trails = new Map();
    this.heat = document.createElement("canvas");
    [this.heat.width, this.heat.height] = GRID;
    this.heatAt = 0;
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    this.resize();
  }

  setGame(cast, colours) {
    this.cast = cast;
    this.colours = colours;
    this.length = cast.record.length_m ?? 105;
    this.width = cast.record.width_m ?? 68;
    this.resize();
  }

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(box.width * this.ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * this.ratio));
    const margin = 2.6; // metres of grass around the lines
    this.k = Math.min(this.canvas.width / (this.length + 2 * margin), this.canvas.height / (this.width + 2 * margin));
    this.cx = this.canvas.width / 2;
    this.cy = this.canvas.height / 2;
    this.margin = margin;
    this.#ground();
  }

  x(m) { return this.cx + m * this.k; }
  y(m) { return this.cy - m * this.k; } // y is to the left when looking along +x: up on the screen

  #ground() {
    const ground = (this.groundCanvas = document.createElement("canvas"));
    ground.width = this.canvas.width; ground.height = this.canvas.height;
    const c = ground.getContext("2d"), { k, length: L, width: W, margin: M } = this;
    const box = (x0, y0, x1, y1) => [this.x(x0), this.y(y1), (x1 - x0) * k, (y1 - y0) * k];
    c.beginPath(); c.roundRect(...box(-L / 2 - M, -W / 2 - M, L / 2 + M, W / 2 + M), 0.6 * k); c.clip();
    const grass = c.createRadialGradient(this.cx, this.cy, 5 * k, this.cx, this.cy, 68 * k);
    grass.addColorStop(0, "#1d4a38"); grass.addColorStop(0.6, "#173c2e"); grass.addColorStop(1, "#0f2a21");
    c.fillStyle = grass; c.fillRect(0, 0, ground.width, ground.height);
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

  /** One picture. ``xyz`` as Playback.at gives it; ``t`` seconds of event time; ``faded`` when the feed is quiet. */
  draw(ids, xyz, t, faded) {
    const c = this.ctx, k = this.k;
    c.globalAlpha = 1;
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.drawImage(this.groundCanvas, 0, 0);
    if (!this.cast || !ids.length) return;
    const people = [], ball = { x: NaN, y: NaN, z: 0 };
    ids.forEach((id, i) => {
      const x = xyz[3 * i], y = xyz[3 * i + 1];
      if (Number.isNaN(x)) return;
      const person = this.cast.people.get(id);
      if (person?.role === "ball") Object.assign(ball, { x, y, z: Number.isNaN(xyz[3 * i + 2]) ? 0 : xyz[3 * i + 2] });
      else people.push({ id, x, y, side: this.cast.side(id), person });
    });
    this.#remember(people, ball, t);
    c.globalAlpha = faded ? 0.4 : 1;
    if (this.layers.control) this.#control(people, ball);
    if (this.layers.shape) this.#shape(people);
    if (this.layers.shots) this.#shots(t);
    if (this.layers.trails) this.#trails(t);
    const carrier = this.#carrier(people, ball);
    const r = Math.max(1.05 * k, 7.5 * this.ratio);
    for (const p of people) this.#player(p, r, p === carrier);
    if (this.layers.names) for (const p of people) if (p !== carrier) this.#label(p, r, false);
    if (carrier) this.#label(carrier, r, true);
    if (!Number.isNaN(ball.x)) this.#ball(ball);
    this.#strike(t);
  }

  #remember(people, ball, t) {
    for (const p of [...people, { id: "ball", ...ball, side: 2 }]) {
      if (Number.isNaN(p.x)) continue;
      let trail = this.trails.get(p.id);
      if (!trail) this.trails.set(p.id, (trail = { side: p.side, points: [] }));
      const points = trail.points, last = points.at(-1);
      if (last && t < last[0]) points.length = 0;
      if (!last || t - last[0] > 0.06) points.push([t, p.x, p.y]);
      while (points.length && t - points[0][0] > (p.side === 2 ? 1.1 : 2.2)) points.shift();
      p.v = velocity(points);
    }
  }

  #carrier(people, ball) {
    let best = null, near = 1.6;
    if (!(ball.z < 2)) return null;
    for (const p of people) {
      const d = Math.hypot(p.x - ball.x, p.y - ball.y);
      if (d < near) { near = d; best = p; }
    }
    return best;
  }

  #player(p, r, carrier) {
    const c = this.ctx, x = this.x(p.x), y = this.y(p.y), team = this.colours[p.side];
    c.beginPath(); c.ellipse(x + r * 0.12, y + r * 0.34, r * 1.02, r * 0.82, 0, 0, TAU); c.fillStyle = "#0005"; c.fill();
    if (carrier) { c.beginPath(); c.arc(x, y, r * 1.42, 0, TAU); c.strokeStyle = "#ffc043"; c.lineWidth = r * 0.16; c.stroke(); }
    if (p.v && Math.hypot(...p.v) > 2) {
      const speed = Math.hypot(...p.v), reach = r * (1.15 + Math.min(0.75, speed / 11));
      const a = Math.atan2(-p.v[1], p.v[0]);
      c.beginPath(); c.moveTo(x + Math.cos(a) * reach, y + Math.sin(a) * reach);
      c.arc(x, y, r * 1.02, a + 0.5, a - 0.5, true); c.closePath(); c.fillStyle = team?.fill ?? "#888"; c.fill();
    }
    c.beginPath(); c.arc(x, y, r, 0, TAU); c.fillStyle = team?.fill ?? "#8a94a0"; c.fill();
    c.lineWidth = r * 0.11; c.strokeStyle = "#ffffffc8"; c.stroke();
    if (p.person?.role === "keeper") { c.lineWidth = r * 0.2; c.strokeStyle = team?.ink ?? "#fff"; c.beginPath(); c.arc(x, y, r * 0.86, 0, TAU); c.stroke(); }
    const shirt = p.person?.shirt;
    if (shirt !== undefined && shirt !== null) {
      c.fillStyle = team?.ink ?? "#fff"; c.font = `700 ${r * (shirt > 9 ? 1.18 : 1.3)}px "Barlow Condensed"`;
      c.textAlign = "center"; c.textBaseline = "alphabetic"; c.fillText(String(shirt), x, y + r * 0.44);
    }
  }

  #label(p, r, strong) {
    const c = this.ctx, name = p.person?.name; if (!name) return;
    const short = name.split(" ").at(-1);
    c.font = `600 ${r * 1.06}px "Barlow Condensed"`; c.textAlign = "center"; c.textBaseline = "alphabetic";
    const x = this.x(p.x), y = this.y(p.y) + r * 2.45, w = c.measureText(short).width / 2 + r * 0.35;
    if (strong) { c.fillStyle = "#0a0d12d9"; c.beginPath(); c.roundRect(x - w, y - r * 0.98, 2 * w, r * 1.3, r * 0.14); c.fill(); }
    c.fillStyle = strong ? "#fff" : "#ffffffb0"; c.fillText(short, x, y);
  }

  #ball(ball) {
    const c = this.ctx, r = Math.max(0.52 * this.k, 3.6 * this.ratio), z = Math.max(0, ball.z);
    const x = this.x(ball.x), y = this.y(ball.y), lift = Math.min(z, 12) * this.k * 0.55;
    c.beginPath(); c.ellipse(x, y + r * 0.35, r * (1 + z * 0.05), r * 0.62, 0, 0, TAU);
    c.fillStyle = `rgba(0,0,0,${0.55 / (1 + z * 0.25)})`; c.fill();
    const big = r * (1 + Math.min(z, 12) * 0.045);
    c.beginPath(); c.arc(x, y - lift, big, 0, TAU); c.fillStyle = "#fff"; c.fill();
    c.lineWidth = big * 0.22; c.strokeStyle = "#1c242e"; c.stroke();
  }

  #trails(t) {
    const c = this.ctx; c.lineCap = "round";
    for (const { side, points } of this.trails.values()) {
      const rgb = side === 2 ? [255, 255, 255] : this.colours[side]?.rgb ?? [150, 150, 150];
      for (let i = 1; i < points.length; i++) {
        const age = (t - points[i][0]) / (side === 2 ? 1.1 : 2.2);
        c.strokeStyle = `rgba(${rgb.map(Math.round)},${(1 - age) * (side === 2 ? 0.5 : 0.3)})`;
        c.lineWidth = this.k * (side === 2 ? 0.3 : 0.4) * (1 - age * 0.6);
        c.beginPath(); c.moveTo(this.x(points[i - 1][1]), this.y(points[i - 1][2])); c.lineTo(this.x(points[i][1]), this.y(points[i][2])); c.stroke();
      }
    }
  }

  #control(people, ball) {
    const now = performance.now();
    if (now - this.heatAt > 180) {
      this.heatAt = now;
      const share = controlField(people, ball, this.length, this.width), [n, m] = GRID;
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

  #shape(people) {
    const c = this.ctx;
    for (const side of [0, 1]) {
      const hull = convex(people.filter((p) => p.side === side && p.person?.role !== "keeper"));
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

function velocity(points) {
  const n = points.length; if (n < 4) return [0, 0];
  const a = points[Math.max(0, n - 6)], b = points[n - 1], dt = b[0] - a[0];
  return dt > 0 ? [(b[1] - a[1]) / dt, (b[2] - a[2]) / dt] : [0, 0];
}

function convex(people) {
  const p = people.slice().sort((a, b) => a.x - b.x || a.y - b.y);
  const cross = (o, a, b) => (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
  const half = (points) => points.reduce((h, q) => { while (h.length > 1 && cross(h.at(-2), h.at(-1), q) <= 0) h.pop(); h.push(q); return h; }, []);
  return p.length < 3 ? p : [...half(p).slice(0, -1), ...half(p.reverse()).slice(0, -1)];
}
