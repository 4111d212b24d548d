/* Blocks of a race: the telemetry of the chosen car, the battles, its corners. */

import { Block } from "../../blocks.js";
import { el, fixed, put } from "../../dom.js";
import { percent } from "../../widgets.js";
import { code, order } from "./tower.js";

/** The last of [mean, min, max, last], or a plain number. */
const last = (v) => (Array.isArray(v) ? v[3] ?? v[0] : v);

export class Telemetry extends Block {
  constructor(view) {
    super("Telemetry", ["f1.car.speed"]);
    this.view = view;
    this.bar = new Bar();
    this.node.append(this.bar.node);
  }
  update(feed, roster) {
    const id = this.view.chosen ?? order(feed, roster)[0]?.id;
    put(this.note, roster.name(id));
    this.bar.set(feed, id);
  }
}

/** Speed, gear, revolutions, throttle and brake of one car. */
export class Bar {
  constructor() {
    this.speed = el("b"); this.gear = el("b"); this.rpm = el("b");
    this.pedals = ["throttle", "brake"].map((what) => ({ what, fill: el("i"), text: el("em") }));
    this.revs = el("i");
    const figure = (node, unit) => el("div", {}, node, el("small", {}, unit));
    this.node = el("div", { class: "telemetry" }, el("div", { class: "dials" }, figure(this.speed, "km/h"), figure(this.gear, "gear"), figure(this.rpm, "rpm")),
      el("div", { class: "rail revs" }, this.revs),
      ...this.pedals.map((p) => el("div", { class: `pedal ${p.what}` }, el("span", {}, p.what), el("div", { class: "rail" }, p.fill), p.text)));
  }
  set(feed, id) {
    const v = (what) => { const x = last(feed.value(`f1.car.${what}`, id)); return typeof x === "number" ? x : null; };
    put(this.speed, fixed(v("speed"))); put(this.gear, v("gear") === null ? "–" : v("gear") < 0.5 ? "N" : fixed(v("gear"))); put(this.rpm, fixed(v("rpm")));
    this.revs.style.width = `${Math.min(100, ((v("rpm") ?? 0) / 13000) * 100)}%`;
    for (const p of this.pedals) { const x = v(p.what); p.fill.style.width = `${Math.min(100, Math.max(0, x ?? 0))}%`; put(p.text, x === null ? "–" : `${fixed(x)}%`); }
  }
}

/** Pairs within three seconds: [{behind, ahead, interval, probability, laps}], the likeliest overtake first. */
export function battles(feed, roster) {
  const cars = order(feed, roster), found = [];
  cars.forEach((car, i) => {
    const stored = feed.values.get("f1.battle.overtake_probability")?.get(car.id);
    if (i === 0 || !stored || typeof stored.value !== "number" || performance.now() - stored.at > 2500 || stored.quality === "stale") return;
    const laps = feed.value("f1.battle.laps_to_catch", car.id);
    found.push({ behind: car.id, ahead: cars[i - 1].id, place: i, interval: car.interval, probability: stored.value, laps: typeof laps === "number" ? laps : null });
  });
  return found.sort((a, b) => b.probability - a.probability);
}

export class Battles extends Block {
  constructor() {
    super("Battle forecast", ["f1.battle.overtake_probability"], "overtake probability");
    this.list = el("div", { class: "battles" });
    this.node.append(this.list);
  }
  update(feed, roster) {
    const shown = battles(feed, roster).slice(0, 4);
    const key = JSON.stringify(shown.map((b) => [b.behind, b.ahead, fixed(b.interval, 1), fixed(b.probability, 2), fixed(b.laps, 1)]));
    if (key === this.key) return;
    this.key = key;
    const car = (id) => el("b", roster.teamStyle(id, "chip-car"), code(roster.entities.get(id), id));
    this.list.replaceChildren(...(shown.length ? shown.map((b) => el("div", {},
      el("div", { class: "pair" }, car(b.behind), el("span", {}, "on"), car(b.ahead), el("small", {}, `P${b.place} · ${fixed(b.interval, 2)} s${b.laps === null ? "" : ` · ${fixed(b.laps, 1)} laps to catch`}`)),
      el("div", { class: "rail" }, el("i", { style: `width:${b.probability * 100}%` })), el("em", {}, percent(b.probability))))
      : [el("p", { class: "empty" }, "Nobody is within three seconds of the car ahead.")]));
  }
}

const CORNER = ["corner_entry_speed", "corner_apex_speed", "corner_exit_speed", "braking_point", "braking_g"];
const UNITS = ["km/h", "km/h", "km/h", "m", "g"];
/** The latest corner of the chosen car, beside the best of all cars in it. */
export class Corners extends Block {
  constructor(view, race) {
    super("Corner analysis", ["f1.car.corner_apex_speed"]);
    Object.assign(this, { view, race, lasting: true });
    this.grid = el("div", { class: "corner" });
    this.node.append(this.grid);
    this.best = new Map(); // corner -> {values, who}
    this.mine = new Map(); // car -> {corner, values}
  }
  /** Values of corners by the event they belong to. */
  receive(message) {
    const seen = new Map();
    for (const u of message.updates ?? []) {
      const i = CORNER.findIndex((c) => u.stat === `f1.car.${c}`);
      if (i < 0 || !u.event || typeof u.value !== "number") continue;
      if (!seen.has(u.event)) seen.set(u.event, { car: u.subject, values: [null, null, null, null, null] });
      seen.get(u.event).values[i] = u.value;
    }
    for (const [event, { car, values }] of seen) {
      const corner = this.race.corners.get(event) ?? null;
      this.mine.set(car, { corner, values });
      const best = this.best.get(corner);
      if (corner !== null && values[1] !== null && (!best || values[1] > best.values[1])) this.best.set(corner, { values, car });
    }
  }
  update(feed, roster) {
    const id = this.view.chosen ?? order(feed, roster)[0]?.id, mine = this.mine.get(id);
    if (!mine) { put(this.note, roster.name(id)); this.grid.replaceChildren(el("p", { class: "empty" }, "No corner of this car yet.")); return; }
    const best = this.best.get(mine.corner), key = `${id}${mine.corner}${mine.values}${best?.values}`;
    if (key === this.key) return;
    this.key = key;
    put(this.note, `${roster.name(id)}${mine.corner === null ? "" : ` · turn ${mine.corner}`}`);
    const words = ["entry", "apex", "exit", "braking point", "braking"];
    this.grid.replaceChildren(...words.map((w, i) => el("div", {}, el("span", {}, w), el("div", {}, el("b", {}, fixed(mine.values[i], i === 4 ? 1 : 0)), el("small", {}, UNITS[i])),
      best && best.car !== id ? el("small", {}, `${code(roster.entities.get(best.car), best.car)} ${fixed(best.values[i], i === 4 ? 1 : 0)}`) : el("small", {}, best ? "fastest here" : ""))));
  }
}

/** A pit stop of the chosen car: the lap that costs least, and the place in which it rejoins. */
export class Pit extends Block {
  constructor(view) {
    super("Pit strategy", ["f1.strategy.pit_window", "f1.strategy.rejoin_position"]);
    this.view = view;
    this.window = el("b"); this.place = el("b");
    const cell = (node, words) => el("div", {}, el("div", {}, node), el("span", {}, words));
    this.node.append(el("div", { class: "figures" }, cell(this.window, "best lap to stop"), cell(this.place, "rejoins now in place")));
  }
  update(feed, roster) {
    const id = this.view.chosen ?? order(feed, roster)[0]?.id, lap = feed.value("f1.strategy.pit_window", id), place = feed.value("f1.strategy.rejoin_position", id);
    put(this.note, roster.name(id));
    put(this.window, typeof lap === "number" ? fixed(lap) : "–"); put(this.place, typeof place === "number" ? `P${fixed(place)}` : "–");
  }
}
