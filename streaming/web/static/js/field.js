/* The field of any sport on a canvas: scale and zoom, the ground once on a buffer, then players, ball and trails on every frame. A
   sport extends it: ``bounds`` is what is visible, ``drawGround`` draws the lines, ``drawFrame`` what moves. */

const TAU = Math.PI * 2;
/** seconds of trail behind a player and behind the ball */
const TRAIL_S = { player: 2.2, ball: 1.1 };
const MAX_ZOOM = 8;

export class Field {
  /** ``bounds``: metres [x0, y0, x1, y1] that must be visible, with ``margin`` metres around; ``size``: metres of a player's disc, ``least``
      pixels; ``left``: share of the width that something else covers. ``drawGround`` is called before a subclass has fields of its own. */
  constructor(canvas, bounds, { margin = 2.6, size = 1.05, least = 7.5, left = 0 } = {}) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.bounds = bounds;
    Object.assign(this, { margin, size, least, left });
    this.layers = { trails: true, names: false };
    this.trails = new Map();
    this.colours = [];
    this.zoom = 1; this.pan = [0, 0]; // metres of the view's centre from the centre of the bounds
    new ResizeObserver(() => this.resize()).observe(canvas.parentElement);
    this.#bindPointer();
    this.resize();
  }

  setGame(roster, colours) {
    this.roster = roster;
    this.colours = colours;
    this.resize();
  }

  resize() {
    const box = this.canvas.parentElement.getBoundingClientRect();
    this.ratio = Math.min(2, devicePixelRatio || 1);
    this.canvas.width = Math.max(1, Math.round(box.width * this.ratio));
    this.canvas.height = Math.max(1, Math.round(box.height * this.ratio));
    this.redraw();
  }

  /** Work out the scale and draw the ground for it. */
  redraw() {
    const [x0, y0, x1, y1] = this.bounds, M = this.margin;
    this.fit = Math.min((this.canvas.width * (1 - this.left)) / (x1 - x0 + 2 * M), this.canvas.height / (y1 - y0 + 2 * M));
    this.k = this.fit * this.zoom;
    this.cx = (this.canvas.width * (1 + this.left)) / 2 - ((x0 + x1) / 2 + this.pan[0]) * this.k;
    this.cy = this.canvas.height / 2 + ((y0 + y1) / 2 + this.pan[1]) * this.k;
    const buffer = (this.groundCanvas = document.createElement("canvas"));
    buffer.width = this.canvas.width; buffer.height = this.canvas.height;
    this.drawGround(buffer.getContext("2d"));
  }

  x(m) { return this.cx + m * this.k; }
  y(m) { return this.cy - m * this.k; } // y is to the left when looking along +x: up on the screen
  /** Corner, width and height in pixels of a box in metres. */
  box(x0, y0, x1, y1) { return [this.x(x0), this.y(y1), (x1 - x0) * this.k, (y1 - y0) * this.k]; }

  /* The wheel zooms about the pointer, dragging moves, a double click shows everything again. */
  #bindPointer() {
    const c = this.canvas, px = (e) => [e.offsetX * this.ratio, e.offsetY * this.ratio];
    c.addEventListener("wheel", (e) => {
      e.preventDefault();
      const [x, y] = px(e), mx = (x - this.cx) / this.k, my = (this.cy - y) / this.k;
      this.zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * Math.exp(-e.deltaY * 0.0015)));
      const k = this.fit * this.zoom, [x0, y0, x1, y1] = this.bounds;
      this.pan = this.zoom === 1 ? [0, 0] : [mx - (x - (c.width * (1 + this.left)) / 2) / k - (x0 + x1) / 2, my + (y - c.height / 2) / k - (y0 + y1) / 2];
      this.redraw();
    }, { passive: false });
    let last = null;
    c.addEventListener("pointerdown", (e) => { if (this.zoom > 1) { last = px(e); c.setPointerCapture(e.pointerId); } });
    c.addEventListener("pointermove", (e) => {
      if (!last) return;
      const now = px(e);
      this.pan = [this.pan[0] - (now[0] - last[0]) / this.k, this.pan[1] + (now[1] - last[1]) / this.k];
      last = now;
      this.redraw();
    });
    c.addEventListener("pointerup", () => { last = null; });
    c.addEventListener("dblclick", () => { this.zoom = 1; this.pan = [0, 0]; this.redraw(); });
  }

  drawGround() {}
  drawFrame() {}
  /** Where a position of the wire is drawn: a sport whose field is upright turns it. */
  orient(x, y) { return [x, y]; }

  /** One frame. ``xyz`` as Playback.at gives it; ``t`` seconds of event time; ``faded`` when the feed is quiet. */
  draw(ids, xyz, t, faded) {
    const c = this.ctx;
    c.globalAlpha = 1;
    c.clearRect(0, 0, this.canvas.width, this.canvas.height);
    c.drawImage(this.groundCanvas, 0, 0);
    if (!this.roster || !ids.length) return;
    const players = [], ball = { x: NaN, y: NaN, z: 0 };
    ids.forEach((id, i) => {
      if (Number.isNaN(xyz[3 * i])) return;
      const [x, y] = this.orient(xyz[3 * i], xyz[3 * i + 1]);
      const entity = this.roster.entities.get(id);
      if (entity?.role === "ball") Object.assign(ball, { x, y, z: Number.isNaN(xyz[3 * i + 2]) ? 0 : xyz[3 * i + 2] });
      else players.push({ id, x, y, side: this.roster.side(id), entity });
    });
    this.#updateTrails(players, ball, t);
    c.globalAlpha = faded ? 0.4 : 1;
    this.drawFrame(players, ball, t);
  }

  /** Radius of a player's disc in pixels. */
  get radius() { return Math.max(this.size * this.k, this.least * this.ratio); }

  #updateTrails(players, ball, t) {
    for (const p of [...players, { id: "ball", ...ball, side: "ball" }]) {
      if (Number.isNaN(p.x)) continue;
      let trail = this.trails.get(p.id);
      if (!trail) this.trails.set(p.id, (trail = { side: p.side, points: [] }));
      const points = trail.points, last = points.at(-1);
      if (last && t < last[0]) points.length = 0;
      if (!last || t - last[0] > 0.06) points.push([t, p.x, p.y]);
      while (points.length && t - points[0][0] > (p.side === "ball" ? TRAIL_S.ball : TRAIL_S.player)) points.shift();
      p.v = velocity(points);
    }
  }

  /** The ball carrier: the nearest player within ``reach`` metres while it is low. */
  carrier(players, ball, reach = 1.6) {
    let best = null, near = reach;
    if (!(ball.z < 2)) return null;
    for (const p of players) {
      const d = Math.hypot(p.x - ball.x, p.y - ball.y);
      if (d < near) { near = d; best = p; }
    }
    return best;
  }

  player(p, r, strong) {
    const c = this.ctx, x = this.x(p.x), y = this.y(p.y), team = this.colours[p.side];
    c.beginPath(); c.ellipse(x + r * 0.12, y + r * 0.34, r * 1.02, r * 0.82, 0, 0, TAU); c.fillStyle = "#0005"; c.fill();
    if (strong) { c.beginPath(); c.arc(x, y, r * 1.42, 0, TAU); c.strokeStyle = "#ffc043"; c.lineWidth = r * 0.16; c.stroke(); }
    if (p.v && Math.hypot(...p.v) > 2) {
      const speed = Math.hypot(...p.v), reach = r * (1.15 + Math.min(0.75, speed / 11));
      const a = Math.atan2(-p.v[1], p.v[0]);
      c.beginPath(); c.moveTo(x + Math.cos(a) * reach, y + Math.sin(a) * reach);
      c.arc(x, y, r * 1.02, a + 0.5, a - 0.5, true); c.closePath(); c.fillStyle = team?.fill ?? "#888"; c.fill();
    }
    c.beginPath(); c.arc(x, y, r, 0, TAU); c.fillStyle = team?.fill ?? "#8a94a0"; c.fill();
    c.lineWidth = r * 0.11; c.strokeStyle = "#ffffffc8"; c.stroke();
    if (p.entity?.role === "keeper") { c.lineWidth = r * 0.2; c.strokeStyle = team?.ink ?? "#fff"; c.beginPath(); c.arc(x, y, r * 0.86, 0, TAU); c.stroke(); }
    const shirt = p.entity?.shirt;
    if (shirt !== undefined && shirt !== null) {
      c.fillStyle = team?.ink ?? "#fff"; c.font = `700 ${r * (shirt > 9 ? 1.18 : 1.3)}px "Barlow Condensed"`;
      c.textAlign = "center"; c.textBaseline = "alphabetic"; c.fillText(String(shirt), x, y + r * 0.44);
    }
  }

  label(p, r, strong, text = "") {
    const c = this.ctx, name = p.entity?.name;
    const short = text || (name ? name.split(" ").at(-1) : "");
    if (!short) return;
    c.font = `600 ${r * 1.06}px "Barlow Condensed"`; c.textAlign = "center"; c.textBaseline = "alphabetic";
    const x = this.x(p.x), y = this.y(p.y) + r * 2.45, w = c.measureText(short).width / 2 + r * 0.35;
    if (strong) { c.fillStyle = "#0a0d12d9"; c.beginPath(); c.roundRect(x - w, y - r * 0.98, 2 * w, r * 1.3, r * 0.14); c.fill(); }
    c.fillStyle = strong ? "#fff" : "#ffffffb0"; c.fillText(short, x, y);
  }

  ball(ball, size = 0.52) {
    if (Number.isNaN(ball.x)) return;
    const c = this.ctx, r = Math.max(size * this.k, 3.6 * this.ratio), z = Math.max(0, ball.z);
    const x = this.x(ball.x), y = this.y(ball.y), lift = Math.min(z, 12) * this.k * 0.55;
    c.beginPath(); c.ellipse(x, y + r * 0.35, r * (1 + z * 0.05), r * 0.62, 0, 0, TAU);
    c.fillStyle = `rgba(0,0,0,${0.55 / (1 + z * 0.25)})`; c.fill();
    const big = r * (1 + Math.min(z, 12) * 0.045);
    c.beginPath(); c.arc(x, y - lift, big, 0, TAU); c.fillStyle = this.ballColour ?? "#fff"; c.fill();
    c.lineWidth = big * 0.22; c.strokeStyle = "#1c242e"; c.stroke();
  }

  drawTrails(t) {
    const c = this.ctx; c.lineCap = "round";
    for (const { side, points } of this.trails.values()) {
      const ball = side === "ball", rgb = ball ? [255, 255, 255] : this.colours[side]?.rgb ?? [150, 150, 150];
      for (let i = 1; i < points.length; i++) {
        const age = (t - points[i][0]) / (ball ? TRAIL_S.ball : TRAIL_S.player);
        c.strokeStyle = `rgba(${rgb.map(Math.round)},${(1 - age) * (ball ? 0.5 : 0.3)})`;
        c.lineWidth = this.k * this.size * (ball ? 0.29 : 0.38) * (1 - age * 0.6);
        c.beginPath(); c.moveTo(this.x(points[i - 1][1]), this.y(points[i - 1][2])); c.lineTo(this.x(points[i][1]), this.y(points[i][2])); c.stroke();
      }
    }
  }

  /** Text on the field: ``size`` in pixels of the canvas. */
  drawText(c, text, x, y, size, fill, align = "center", weight = 600) {
    c.font = `${weight} ${size}px "Barlow Condensed"`; c.textAlign = align; c.textBaseline = "alphabetic";
    c.fillStyle = fill; c.fillText(text, x, y);
  }
}

function velocity(points) {
  const n = points.length; if (n < 4) return [0, 0];
  const a = points[Math.max(0, n - 6)], b = points[n - 1], dt = b[0] - a[0];
  return dt > 0 ? [(b[1] - a[1]) / dt, (b[2] - a[2]) / dt] : [0, 0];
}
