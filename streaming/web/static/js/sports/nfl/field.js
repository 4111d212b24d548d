/* The gridiron: yard lines, numbers and hash marks; the line of scrimmage, the line to gain, players, ball, the probability of the pass. */

import { Field } from "../../field.js";
import { percent } from "../../widgets.js";
import { END, LENGTH, WIDTH, YD } from "./state.js";

const HALF = LENGTH / 2, SIDE = WIDTH / 2, HASH = 3.08; // hash marks are 18.5 ft apart
const NEAR_M = 3.2;

export class Gridiron extends Field {
  constructor(canvas, play) {
    super(canvas, [-HALF - END, -SIDE, HALF + END, SIDE], { margin: 2, size: 0.86, least: 6.5 });
    this.play = play;
    this.layers = { trails: true, names: false, separation: true, pressure: true };
    this.ballColour = "#c98a4b";
    this.tags = new Map(); // id -> [text, colour] under the player
  }

  drawGround(c) {
    const { k } = this;
    c.beginPath(); c.roundRect(...this.box(-HALF - END - 1.6, -SIDE - 1.6, HALF + END + 1.6, SIDE + 1.6), 0.6 * k); c.clip();
    const grass = c.createRadialGradient(this.x(0), this.y(0), 5 * k, this.x(0), this.y(0), 62 * k);
    grass.addColorStop(0, "#1f4b35"); grass.addColorStop(1, "#122e22");
    c.fillStyle = grass; c.fillRect(0, 0, this.canvas.width, this.canvas.height);
    c.fillStyle = "#ffffff07";
    for (let yard = 0; yard < 100; yard += 20) c.fillRect(...this.box(-HALF + yard * YD, -SIDE, -HALF + (yard + 10) * YD, SIDE));
    for (const s of [-1, 1]) { // each end zone in the colour of the team that defends it
      const side = this.defends?.(s) ?? -1;
      c.save(); c.globalAlpha = 0.34; c.fillStyle = this.colours?.[side]?.fill ?? "#2b3d4f"; c.fillRect(...this.box(Math.min(s * HALF, s * (HALF + END)), -SIDE, Math.max(s * HALF, s * (HALF + END)), SIDE)); c.restore();
      const name = this.roster?.record.teams[side]?.name ?? "";
      c.save(); c.translate(this.x(s * (HALF + END / 2)), this.y(0)); c.rotate((-s * Math.PI) / 2);
      let size = 4.6 * k; c.font = `700 ${size}px "Barlow Condensed"`;
      size = Math.min(size, (size * WIDTH * 0.86 * k) / Math.max(1, c.measureText(name.toUpperCase()).width));
      this.drawText(c, name.toUpperCase(), 0, size * 0.35, size, "#ffffff66", "center", 700); c.restore();
    }
    c.strokeStyle = "#eaf4ee"; c.lineCap = "butt";
    const line = (x0, y0, x1, y1) => { c.beginPath(); c.moveTo(this.x(x0), this.y(y0)); c.lineTo(this.x(x1), this.y(y1)); c.stroke(); };
    c.globalAlpha = 0.62; c.lineWidth = Math.max(1, 0.1 * k);
    for (let yard = 5; yard < 100; yard += 5) { c.globalAlpha = yard % 10 ? 0.3 : 0.55; line(-HALF + yard * YD, -SIDE, -HALF + yard * YD, SIDE); }
    c.globalAlpha = 0.4;
    for (let yard = 1; yard < 100; yard++) if (yard % 5) for (const y of [-SIDE + 0.4, -HASH, HASH, SIDE - 0.4]) line(-HALF + yard * YD, y - 0.32, -HALF + yard * YD, y + 0.32);
    c.globalAlpha = 0.85; c.lineWidth = Math.max(1.4, 0.16 * k);
    for (const s of [-1, 1]) line(s * HALF, -SIDE, s * HALF, SIDE);
    c.strokeRect(...this.box(-HALF - END, -SIDE, HALF + END, SIDE));
    c.globalAlpha = 1;
    for (let yard = 10; yard < 100; yard += 10) {
      const words = String(yard > 50 ? 100 - yard : yard), x = this.x(-HALF + yard * YD);
      this.drawText(c, words, x, this.y(-SIDE + 8) + 0.9 * k, 2.5 * k, "#ffffff57", "center", 700);
      c.save(); c.translate(x, this.y(SIDE - 8)); c.rotate(Math.PI); this.drawText(c, words, 0, 0.9 * k, 2.5 * k, "#ffffff57", "center", 700); c.restore();
    }
  }

  /** A line across the field. */
  across(x, colour, strong) {
    const c = this.ctx;
    c.save(); c.globalAlpha *= 0.9; c.strokeStyle = colour; c.lineWidth = Math.max(2, (strong ? 0.34 : 0.28) * this.k);
    c.beginPath(); c.moveTo(this.x(x), this.y(-SIDE)); c.lineTo(this.x(x), this.y(SIDE)); c.stroke(); c.restore();
  }

  drawFrame(players, ball, t) {
    const { play } = this, r = this.radius;
    if (play?.los !== null && play) this.across(play.los, "#3f8ee5", true);
    if (play && play.line !== null) this.across(play.line, "#ffd23f", false);
    if (this.layers.trails) this.drawTrails(t);
    const carrier = this.carrier(players, ball, NEAR_M), tags = this.tagsNow?.() ?? this.tags;
    const throwTo = this.throwNow?.();
    if (throwTo) this.#flight(players, ball, throwTo);
    for (const p of players) this.player(p, r, p === carrier);
    for (const p of players) {
      const tag = tags.get(p.id);
      if (tag) this.#tag(p, r, ...tag);
      else if (this.layers.names || p === carrier) this.label(p, r, p === carrier);
    }
    this.ball(ball, 0.5);
  }

  #tag(p, r, text, colour) {
    const c = this.ctx, size = r * 1.18, x = this.x(p.x), y = this.y(p.y) - r * 1.45;
    c.font = `700 ${size}px "Barlow Condensed"`;
    const w = c.measureText(text).width / 2 + r * 0.34;
    c.fillStyle = "#0a0d12d9"; c.beginPath(); c.roundRect(x - w, y - size * 0.92, 2 * w, size * 1.16, r * 0.14); c.fill();
    c.fillStyle = colour; c.textAlign = "center"; c.fillText(text, x, y);
  }

  /** The pass in the air: a dashed line to its target, with its probability. */
  #flight(players, ball, { target, probability }) {
    const to = players.find((p) => p.id === target);
    if (Number.isNaN(ball.x)) return;
    const c = this.ctx, x = this.x(ball.x), y = this.y(ball.y) - Math.min(ball.z, 12) * this.k * 0.55, size = Math.max(2.2 * this.k, 20 * this.ratio);
    c.save();
    if (to) {
      c.strokeStyle = "#ffc043"; c.lineWidth = this.k * 0.2; c.setLineDash([this.k * 0.8, this.k * 0.6]);
      c.beginPath(); c.moveTo(x, y); c.lineTo(this.x(to.x), this.y(to.y)); c.stroke(); c.setLineDash([]);
    }
    const text = percent(probability); c.font = `700 ${size}px "Barlow Condensed"`;
    const w = c.measureText(text).width;
    c.fillStyle = "#ffc043"; c.beginPath(); c.roundRect(x - w / 2 - size * 0.25, y - size * 1.75, w + size * 0.5, size * 1.12, size * 0.1); c.fill();
    this.drawText(c, text, x, y - size * 0.88, size, "#0b0f15", "center", 700);
    c.restore();
  }
}
