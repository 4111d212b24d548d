/* The page of a sport that has no module of its own: positions, and its stats as a table. */

import { Block, Momentum } from "./blocks.js";
import { ScoreBug } from "./score-bug.js";
import { el, fixed, minutes, put } from "./dom.js";
import { Field } from "./field.js";

/** A field with the size of the game record; it grows when a player leaves it. */
class Ground extends Field {
  constructor(canvas) { super(canvas, [-20, -12, 20, 12], { margin: 3 }); }
  setGame(roster, colours) {
    const { length_m: length, width_m: width } = roster.record;
    if (length && width) this.bounds = [-length / 2, -width / 2, length / 2, width / 2];
    super.setGame(roster, colours);
  }
  drawGround(c) {
    const [x0, y0, x1, y1] = this.bounds;
    c.fillStyle = "#161d27"; c.beginPath(); c.roundRect(...this.box(x0 - 2, y0 - 2, x1 + 2, y1 + 2), 6); c.fill();
    c.strokeStyle = "#ffffff30"; c.lineWidth = 1.5 * this.ratio; c.strokeRect(...this.box(x0, y0, x1, y1));
  }
  drawFrame(players, ball, t) {
    const seen = [...players, ball].filter((p) => Number.isFinite(p.x)), [x0, y0, x1, y1] = this.bounds;
    const out = seen.filter((p) => p.x < x0 || p.x > x1 || p.y < y0 || p.y > y1);
    if (out.length) {
      this.bounds = [Math.min(x0, ...out.map((p) => p.x)), Math.min(y0, ...out.map((p) => p.y)), Math.max(x1, ...out.map((p) => p.x)), Math.max(y1, ...out.map((p) => p.y))];
      this.redraw();
    }
    if (this.layers.trails) this.drawTrails(t);
    for (const p of players) this.player(p, this.radius, false);
    if (this.layers.names) for (const p of players) this.label(p, this.radius, false);
    this.ball(ball);
  }
}

/** Every stat with a value: that of the match or of each team, or the highest and whose it is. */
class Table extends Block {
  constructor(sport) {
    super("Stats", []);
    this.always = true;
    this.lasting = true;
    this.sport = sport;
    this.rows = el("div", { class: "table" });
    this.node.append(this.rows);
    this.cells = new Map();
  }
  update(feed, roster) {
    for (const [stat, subjects] of feed.values) {
      if (stat === "game.story" || stat === "game.highlight") continue;
      if (!this.cells.has(stat)) {
        const value = el("b"), leader = el("small");
        this.cells.set(stat, [value, leader]);
        this.rows.append(el("div", {}, el("span", {}, stat.replace(`${this.sport}.`, "")), value, leader));
      }
      const [value, leader] = this.cells.get(stat);
      const numbers = [...subjects].filter(([, k]) => typeof k.value === "number");
      const [id, stored] = numbers.length ? numbers.reduce((a, b) => (b[1].value > a[1].value ? b : a)) : [...subjects].at(-1);
      const unit = /^(0\.\.1|-1\.\.1|count|label|bool|text|object)/.test(stored.unit) ? "" : ` ${stored.unit}`;
      put(value, written(stored.value) + (stored.value === null ? "" : unit));
      put(leader, subjects.size > 1 ? `${roster.name(id)}, most of ${subjects.size}` : id === "match" ? "" : roster.name(id));
    }
    put(this.note, this.cells.size ? `${this.cells.size} stats` : "none yet");
  }
}

const written = (v) => (v === null ? "–" : Array.isArray(v) ? v.slice(0, 4).map(written).join(", ") + (v.length > 4 ? ", …" : "") : typeof v === "number" ? fixed(v, Math.abs(v) < 10 ? 2 : 1) : (typeof v === "object" ? JSON.stringify(v) : String(v)).slice(0, 60));

export const genericSport = (sport) => ({
  topics: [`positions.${sport}`, `stats.${sport}.#`, "stats.game.momentum", "stats.game.story"],
  lowerThirds: { topics: [`stats.${sport}.#`], kinds: () => [] },
  livePage(page) {
    return {
      field: new Ground(page.canvas),
      layers: [["trails", "Trails"], ["names", "Names"]],
      bug: new ScoreBug(page.bug, {
        score: () => null,
        clock(now, periods) {
          const current = periods.filter((p) => p.start_us <= now).at(-1);
          return current ? [minutes((now - current.start_us) / 1e6), `period ${current.number}`] : ["00:00", "not begun"];
        },
      }),
      blocks: [new Momentum(), new Table(sport)],
    };
  },
});
