/* The lower third: a shot with its xGoals and why, or a new top speed of the match. One at a time, newest wins the queue. */

import { el, fixed, getJson } from "./dom.js";

const SHOT = "soccer.shot.";
const OUTCOMES = { goal: "GOAL", saved: "SAVED", off_target: "OFF TARGET", blocked: "BLOCKED", post: "POST" };

let labels = {};
/** The words that a model's features go by, when the gateway knows them. */
getJson("/api/models").then((models) => { labels = models.xgoals?.features ?? {}; }, () => {});

const SHARE = /^(share|part|chance|openness|pressure on)/;
/** A feature and what it was: "distance to goal 14 m", "no header", "3 opponents within 3 m". */
function reason(name, value) {
  const text = words(name), unit = labels[name]?.unit;
  if (value === null || value === undefined) return text;
  if (unit === "m") return `${text} ${fixed(value, value < 10 ? 1 : 0)} m`;
  if (unit === "rad") return `${text} ${fixed(value * 180 / Math.PI, 0)}°`;
  if (unit === "count") return `${fixed(value, 0) === "0" ? "no" : fixed(value, 0)} ${text}`;
  if (SHARE.test(text)) return `${text} ${fixed(value * 100, 0)} %`;
  return value ? text : `no ${text}`;
}
/** A feature as words: its label, or else its name without the unit. */
const words = (name) => labels[name]?.label || name.replace(/_(m|s|rad|mps|deg)$/, "").replaceAll("_", " ");

export class LowerThird extends EventTarget {
  /* shows graphics in ``root``; tells "shown" and "gone" */
  constructor(root, seconds = 8) {
    super();
    this.root = root;
    this.seconds = seconds;
    this.queue = [];
    this.now = null;
    this.shots = new Map(); // event id -> {id, player, values, model, quality, outcome}
    this.best = null; // {player, value} fastest so far
    this.lastSpeed = -Infinity;
    this.outcomes = new Map();
  }

  setGame(cast) { this.cast = cast; }

  /** A message of stats: remember everything, show what is new. */
  take(message) {
    for (const event of message.events ?? []) {
      if (event.type !== "shot") continue;
      this.outcomes.set(event.id, event.deleted ? "" : event.outcome ?? "");
      if (this.now?.shot?.id === event.id) this.#fill(this.now);
    }
    const touched = new Set();
    for (const update of message.updates ?? []) {
      if (update.stat.startsWith(SHOT) && update.event) {
        const shot = this.shots.get(update.event) ?? { id: update.event, values: {}, seen: message.snapshot === true };
        shot.player = update.subject;
        shot.values[update.stat.slice(SHOT.length)] = update.value;
        if (update.stat === SHOT + "xgoals") { shot.model = update.model ?? shot.model; shot.quality = update.quality; shot.t_us = update.window_us[1]; }
        this.shots.set(update.event, shot);
        touched.add(shot);
      } else if (update.stat === "soccer.player.top_speed") this.#speed(update, message.snapshot === true);
    }
    for (const shot of touched) {
      if (this.now?.shot === shot) this.#fill(this.now);
      else if (!shot.seen && typeof shot.values.xgoals === "number") { shot.seen = true; this.#push({ kind: "shot", shot }); }
    }
  }

  #speed(update, snapshot) {
    const value = update.value;
    if (typeof value !== "number") return;
    const first = this.best === null;
    if (!first && value <= this.best.value + 0.05) return;
    const previous = this.best;
    this.best = { player: update.subject, value };
    this.bestSince ??= performance.now();
    const settled = performance.now() - this.bestSince > 20000;
    const same = this.now?.kind === "speed" && this.now.player === update.subject;
    if (same) { this.now.value = value; this.#fill(this.now); return; }
    const waiting = this.queue.find((g) => g.kind === "speed");
    if (waiting) { Object.assign(waiting, { player: update.subject, value, previous }); return; }
    if (snapshot || first || !settled || value < 29 || performance.now() - this.lastSpeed < 30000) return;
    this.lastSpeed = performance.now();
    this.#push({ kind: "speed", player: update.subject, value, previous });
  }

  #push(graphic) {
    if (graphic.kind === "shot" && this.now?.kind === "speed") this.#leave(0);
    this.queue.push(graphic);
    while (this.queue.length > 2) this.queue.shift();
    if (!this.now) this.#next();
  }

  #next() {
    const graphic = this.queue.shift();
    if (!graphic) return;
    this.now = graphic;
    graphic.node = this.#build(graphic);
    this.#fill(graphic);
    this.root.replaceChildren(graphic.node);
    this.dispatchEvent(new CustomEvent("shown", { detail: graphic }));
    this.timer = setTimeout(() => this.#leave(450), this.seconds * 1000);
  }

  #leave(ms) {
    clearTimeout(this.timer);
    const graphic = this.now;
    graphic?.node?.classList.add("leaving");
    setTimeout(() => {
      if (this.now !== graphic) return;
      graphic?.node?.remove();
      this.now = null;
      this.dispatchEvent(new CustomEvent("gone", { detail: graphic }));
      this.#next();
    }, ms);
  }

  #build(graphic) {
    const id = graphic.kind === "shot" ? graphic.shot.player : graphic.player;
    const gauge = el("i"), why = el("div", { class: "why", hidden: true }), facts = el("div", { class: "facts" });
    const value = el("b"), label = el("span"), team = el("span"), name = el("b");
    const node = el("section", { class: `third ${this.cast.css(id)}`, "data-kind": graphic.kind, role: "status" },
      el("div", { class: "head" },
        el("div", { class: "number" }, String(this.cast.shirt(id))),
        el("div", { class: "who" }, name, team),
        el("div", { class: "value" }, value, label)),
      el("div", { class: "below" }, el("div", { class: "gauge" }, gauge), facts, why));
    graphic.parts = { gauge, why, facts, value, label, team, name };
    return node;
  }

  #fill(graphic) {
    const { gauge, why, facts, value, label, team, name } = graphic.parts;
    const shot = graphic.shot, id = shot?.player ?? graphic.player;
    name.textContent = this.cast.name(id);
    team.replaceChildren(this.cast.team(id));
    const fact = (text, unit, caption) => el("div", {}, el("b", {}, text, unit ? el("small", {}, unit) : null), el("span", {}, caption));
    if (graphic.kind === "speed") {
      value.textContent = fixed(graphic.value, 1);
      label.textContent = "km/h";
      team.append(el("em", { class: "goal" }, "TOP SPEED"));
      const scale = (v) => `${Math.min(100, Math.max(4, ((v - 20) / 18) * 100))}%`;
      requestAnimationFrame(() => (gauge.style.width = scale(graphic.value)));
      facts.replaceChildren(fact("Fastest of the match", "", graphic.previous ? `before: ${this.cast.name(graphic.previous.player)}, ${fixed(graphic.previous.value, 1)} km/h` : ""));
      return;
    }
    const outcome = OUTCOMES[this.outcomes.get(shot.id)];
    if (outcome) team.append(el("em", { class: outcome === "GOAL" ? "goal" : "" }, outcome));
    const v = shot.values;
    value.textContent = fixed(v.xgoals, 2);
    label.textContent = "xGoals";
    graphic.node.classList.toggle("provisional", shot.quality === "provisional");
    requestAnimationFrame(() => (gauge.style.width = `${Math.min(100, (v.xgoals ?? 0) * 100)}%`));
    const shown = [
      typeof v.distance === "number" && fact(fixed(v.distance, 1), "m", "distance"),
      typeof v.angle === "number" && fact(fixed((v.angle * 180) / Math.PI), "°", "angle"),
      typeof v.defenders_in_cone === "number" && fact(fixed(v.defenders_in_cone), "", "in the way"),
      typeof v.keeper_distance === "number" && fact(fixed(v.keeper_distance, 1), "m", "keeper"),
      typeof v.speed === "number" && fact(fixed(v.speed), "km/h", "shot speed"),
    ].filter(Boolean);
    facts.replaceChildren(...shown);
    const reasons = (shot.model?.attributions ?? []).filter(([, c]) => Math.abs(c) > 0.02).slice(0, 4);
    why.hidden = reasons.length === 0;
    why.replaceChildren(...reasons.map(([f, c, v]) => el("span", { class: c > 0 ? "up" : "dn" }, reason(f, v))));
  }
}
