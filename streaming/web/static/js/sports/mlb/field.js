/* The diamond, seen from behind home plate: the wire's x runs to second base and is drawn upwards. A runner's lead is measured on the
   base path and written beside it. */

import { Field } from "../../field.js";
import { fixed } from "../../dom.js";
import { percent } from "../../widgets.js";

export const FT = 0.3048, BASE = 90 * FT;
const R = BASE / Math.SQRT2;
/** home, first, second, third as drawn: x to the right, y away from home */
export const BAGS = [[0, 0], [R, R], [0, 2 * R], [-R, R]];
const LINE = 330 * FT, CENTRE = 400 * FT, GRASS = 95 * FT, RUBBER = 60.5 * FT;

const WHOLE = [-74, -7, 74, 124], INFIELD = [-40, -5, 40, 54];

/** Lead along the path from a bag to the next one, m, and how far off it: of a place as drawn. */
export function along(bag, p) {
  const [ax, ay] = BAGS[bag], [bx, by] = BAGS[(bag + 1) % 4], ux = (bx - ax) / BASE, uy = (by - ay) / BASE;
  return [(p.x - ax) * ux + (p.y - ay) * uy, Math.abs((p.x - ax) * uy - (p.y - ay) * ux)];
}

export class Diamond extends Field {
  constructor(canvas) {
    super(canvas, WHOLE, { margin: 2, size: 1.25, least: 6.5 });
    this.layers = { trails: true, names: false, lead: true, close: true };
    this.wide = performance.now();
  }
  orient(x, y) { return [-y, x]; }

  drawGround(c) {
    const at = (x, y) => [this.x(x), this.y(y)], k = this.k;
    const fence = () => { for (let i = 0; i <= 60; i++) { const a = -Math.PI / 4 + (i / 60) * (Math.PI / 2), r = LINE + (CENTRE - LINE) * Math.cos(2 * a); c.lineTo(...at(r * Math.sin(a), r * Math.cos(a))); } };
    const circle = (x, y, r) => { c.beginPath(); c.arc(...at(x, y), r * k, 0, Math.PI * 2); c.fill(); };
    c.lineJoin = "round";
    const grass = c.createRadialGradient(...at(0, 40), 8 * k, ...at(0, 40), 95 * k);
    grass.addColorStop(0, "#215039"); grass.addColorStop(1, "#123124");
    c.beginPath(); c.moveTo(...at(0, -6)); c.lineTo(...at(-LINE * Math.SQRT1_2 - 5, LINE * Math.SQRT1_2 - 2)); fence(); c.lineTo(...at(LINE * Math.SQRT1_2 + 5, LINE * Math.SQRT1_2 - 2)); c.closePath();
    c.fillStyle = grass; c.fill(); c.strokeStyle = "#ffffff40"; c.lineWidth = Math.max(2, 0.5 * k); c.stroke();
    c.save(); c.beginPath(); c.moveTo(...at(0, -4)); c.lineTo(...at(-82, 78)); c.lineTo(...at(0, 140)); c.lineTo(...at(82, 78)); c.closePath(); c.clip();
    c.fillStyle = "#6b4b33"; circle(0, RUBBER, GRASS); c.restore(); // the skin of the infield, cut off behind the lines
    c.fillStyle = grass; c.beginPath(); const inner = 1.6; BAGS.forEach(([x, y], i) => { const p = [x * 0.9, R + (y - R) * 0.9]; i ? c.lineTo(...at(...p)) : c.moveTo(...at(...p)); }); c.closePath(); c.fill();
    c.fillStyle = "#6b4b33"; circle(0, 0, 3.96); circle(0, RUBBER, 2.74); for (const [x, y] of BAGS.slice(1)) circle(x * 0.97, R + (y - R) * 0.97, inner * 1.6);
    c.strokeStyle = "#eaf4eed0"; c.lineWidth = Math.max(1.4, 0.16 * k);
    for (const s of [-1, 1]) { c.beginPath(); c.moveTo(...at(0, 0)); c.lineTo(...at(s * LINE * Math.SQRT1_2, LINE * Math.SQRT1_2)); c.stroke(); }
    c.fillStyle = "#f3f6fa";
    for (const [x, y] of BAGS.slice(1)) { c.save(); c.translate(...at(x, y)); c.rotate(Math.PI / 4); const s = Math.max(0.55 * k, 5 * this.ratio); c.fillRect(-s / 2, -s / 2, s, s); c.restore(); }
    c.fillRect(...this.box(-0.45, RUBBER - 0.12, 0.45, RUBBER + 0.12));
    c.save(); c.translate(...at(0, 0.2)); const s = Math.max(0.5 * k, 4 * this.ratio); c.beginPath(); c.moveTo(-s / 2, -s / 2); c.lineTo(s / 2, -s / 2); c.lineTo(s / 2, 0); c.lineTo(0, s / 2); c.lineTo(-s / 2, 0); c.closePath(); c.fill(); c.restore();
  }

  /** Close to the infield while nothing happens outside it, and the whole field a moment before the ball leaves it. */
  #aim(ball) {
    const out = Number.isFinite(ball.x) && (ball.y > INFIELD[3] - 8 || Math.abs(ball.x) > INFIELD[2] - 4);
    if (out) this.wide = performance.now();
    const bounds = this.layers.close && performance.now() - this.wide > 2500 ? INFIELD : WHOLE;
    if (bounds !== this.bounds && this.zoom === 1) { this.bounds = bounds; this.redraw(); }
  }

  drawFrame(players, ball, t) {
    this.#aim(ball);
    if (this.layers.trails) this.drawTrails(t);
    const r = this.radius, lead = this.layers.lead ? this.leadNow?.(players) : null;
    if (lead) this.#path(lead);
    for (const p of players) this.player(p, r, p === lead?.runner);
    for (const p of players) if (this.layers.names && p !== lead?.runner) this.label(p, r, false);
    if (lead) this.#words(lead, r);
    this.ball(ball, 0.5);
  }

  /** The base path from the runner's bag, lit up as far as the lead goes, with a tick every five feet. */
  #path({ bag, lead_m }) {
    const c = this.ctx, [ax, ay] = BAGS[bag], [bx, by] = BAGS[(bag + 1) % 4], ux = (bx - ax) / BASE, uy = (by - ay) / BASE;
    const at = (m) => [this.x(ax + ux * m), this.y(ay + uy * m)];
    c.save(); c.lineCap = "butt"; c.strokeStyle = "#ffffff45"; c.lineWidth = 0.22 * this.k;
    c.beginPath(); c.moveTo(...at(0)); c.lineTo(...at(BASE)); c.stroke();
    c.strokeStyle = "#ffc043"; c.lineWidth = Math.max(3, 0.5 * this.k);
    c.beginPath(); c.moveTo(...at(0)); c.lineTo(...at(lead_m)); c.stroke();
    c.strokeStyle = "#0b0f15"; c.lineWidth = Math.max(1, 0.12 * this.k);
    for (let ft = 5; ft * FT < lead_m; ft += 5) { const [x, y] = at(ft * FT); c.beginPath(); c.moveTo(x - uy * 0.4 * this.k, y - ux * 0.4 * this.k); c.lineTo(x + uy * 0.4 * this.k, y + ux * 0.4 * this.k); c.stroke(); }
    c.restore();
  }

  #words({ runner, lead_m, probability }, r) {
    const c = this.ctx, size = Math.max(2.5 * this.k, 17 * this.ratio), text = `${fixed(lead_m / FT, 1)} ft`, more = typeof probability === "number" ? percent(probability) : "";
    c.font = `700 ${size}px "Barlow Condensed"`;
    const w1 = c.measureText(text).width + size * 0.5, w2 = more ? c.measureText(more).width + size * 0.5 : 0;
    const right = runner.x > 0, x = right ? this.x(runner.x) + r * 2.2 : this.x(runner.x) - r * 2.2 - w1 - w2, y = this.y(runner.y) - size * 0.62;
    c.fillStyle = "#0a0d12e6"; c.fillRect(x, y, w1, size * 1.24);
    this.drawText(c, text, x + w1 / 2, y + size * 0.98, size, "#fff", "center", 700);
    if (more) { c.fillStyle = "#ffc043"; c.fillRect(x + w1, y, w2, size * 1.24); this.drawText(c, more, x + w1 + w2 / 2, y + size * 0.98, size, "#0b0f15", "center", 700); }
  }
}
