/* The timing tower: place, car, gap to the leader or interval to the car ahead, tyre and its age. */

import { el, fixed, put } from "../../dom.js";

/** Three letters for a driver: what the record gives as a position, or the last name's first three. */
export function code(entity, id) {
  const given = entity?.position && /^[A-Z]{3}$/.test(entity.position) ? entity.position : "";
  if (given) return given;
  const name = (entity?.name || id).split(" ").at(-1);
  return name.normalize("NFD").replace(/[^A-Za-z0-9]/g, "").slice(0, 3).toUpperCase();
}

const AGE = "f1.car.tyre_age", PLACE = "f1.car.position", GAP = "f1.car.gap", INTERVAL = "f1.car.interval";
const STALE_MS = 4000;

/** Cars in the order of the road: [{id, place, gap, interval, stale}]; by position where that is published, else by gap. */
export function order(feed, roster) {
  const value = (stat, id) => { const v = feed.values.get(stat)?.get(id)?.value; return typeof v === "number" ? v : null; };
  const cars = [...roster.entities.values()].filter((p) => p.role === "car" || p.role === "player").map((p) => {
    const gap = feed.values.get(GAP)?.get(p.id);
    return { id: p.id, place: value(PLACE, p.id), gap: value(GAP, p.id), interval: value(INTERVAL, p.id), stale: !gap || performance.now() - gap.at > STALE_MS || gap.quality === "stale" };
  });
  return cars.sort((a, b) => (a.place ?? 99) - (b.place ?? 99) || (a.gap ?? 1e9) - (b.gap ?? 1e9));
}

export class Tower {
  /** ``mode``: "gap" or "interval"; ``pick(id)``: called when a row is chosen. */
  constructor(race, { mode = "interval", pick = null, rows = 20 } = {}) {
    Object.assign(this, { race, mode, pick, most: rows });
    this.lap = el("b"); this.words = el("span");
    this.list = el("div", { class: "tower-rows" });
    this.switch = el(pick ? "button" : "small", { class: "tower-mode" }, mode);
    if (pick) this.switch.addEventListener("click", () => { this.mode = this.mode === "gap" ? "interval" : "gap"; });
    this.node = el("section", { class: "tower", hidden: true }, el("header", {}, el("div", {}, el("small", {}, "LAP"), this.lap), this.words, this.switch), this.list);
    this.rows = new Map();
    this.chosen = null;
  }

  update(feed, roster) {
    const { race } = this, cars = order(feed, roster).slice(0, this.most);
    this.node.hidden = !cars.some((c) => c.gap !== null || c.place !== null);
    if (this.node.hidden) return;
    put(this.lap, race.lap ? (race.laps ? `${Math.min(race.lap, race.laps)}/${race.laps}` : String(race.lap)) : "–");
    put(this.words, race.flag);
    this.node.dataset.status = race.over ? "finish" : race.status;
    put(this.switch, this.mode);
    cars.forEach((car, i) => {
      let row = this.rows.get(car.id);
      if (!row) {
        const cells = { place: el("b"), code: el("span", { class: "code" }), time: el("em"), tyre: el("i", { class: "tyre" }), age: el("small") };
        row = { ...cells, node: el("div", roster.teamStyle(car.id, "tower-row"), cells.place, el("i", { class: "stripe" }), cells.code, cells.time, cells.tyre, cells.age) };
        if (this.pick) row.node.addEventListener("click", () => this.pick(car.id));
        this.rows.set(car.id, row);
        put(row.code, code(roster.entities.get(car.id), car.id));
        this.list.append(row.node);
      }
      row.node.style.transform = `translateY(${i * 100}%)`;
      row.node.classList.toggle("chosen", car.id === this.chosen);
      const out = race.out.has(car.id), pit = race.inPit.get(car.id) === true, tyre = race.tyre(car.id);
      row.node.classList.toggle("out", out || car.stale);
      put(row.place, String(i + 1));
      put(row.time, out ? "OUT" : pit ? "IN PIT" : i === 0 ? (this.mode === "gap" ? "LEADER" : "INTERVAL") : car.stale ? "–" : seconds(this.mode === "gap" ? car.gap : car.interval));
      row.time.classList.toggle("near", !out && !pit && i > 0 && this.mode === "interval" && car.interval !== null && car.interval < 1);
      row.tyre.dataset.compound = tyre?.name ?? ""; put(row.tyre, tyre?.letter ?? "");
      const age = feed.value(AGE, car.id) ?? tyre?.age;
      put(row.age, typeof age === "number" ? String(Math.round(age)) : "");
    });
    this.list.style.setProperty("--cars", cars.length);
  }
}

export const seconds = (v) => (typeof v !== "number" ? "–" : v >= 60 ? `+${Math.floor(v / 60)}:${(v % 60).toFixed(3).padStart(6, "0")}` : `+${fixed(v, 3)}`);
