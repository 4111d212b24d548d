/* Kinds of the lower third that more than one sport has: a new top speed, and an event's value with its figures and reasons. */

import { fixed, getJson } from "./dom.js";

let labels = {};
/** The labels of the models' features, when the gateway has them. */
getJson("/api/models").then((models) => { for (const model of Object.values(models)) Object.assign(labels, model.features); }, () => {});

const SHARE = /^(share|part|chance|openness|pressure on)/;
/** A feature and what it was: "distance to goal 14 m", "no header", "3 opponents within 3 m". */
export function reason(name, value) {
  const text = words(name), unit = labels[name]?.unit;
  if (value === null || value === undefined) return text;
  if (unit === "m") return `${text} ${fixed(value, value < 10 ? 1 : 0)} m`;
  if (unit === "rad") return `${text} ${fixed((value * 180) / Math.PI, 0)}°`;
  if (unit === "count") return `${fixed(value, 0) === "0" ? "no" : fixed(value, 0)} ${text}`;
  if (SHARE.test(text)) return `${text} ${fixed(value * 100, 0)} %`;
  if (unit && unit !== "bool" && unit !== "0..1") return `${text} ${fixed(value, Math.abs(value) < 10 ? 1 : 0)} ${unit}`;
  return value ? text : `no ${text}`;
}
/** A feature as words: its label, or else its name without the unit. */
const words = (name) => labels[name]?.label || name.replace(/_(m|s|rad|mps|deg)$/, "").replaceAll("_", " ");

/** The strongest reasons of an update for a card. */
export const reasons = (model, most = 4) =>
  (model?.attributions ?? []).filter(([, c]) => Math.abs(c) > 0.02).slice(0, most).map(([name, c, v]) => [reason(name, v), c > 0]);

/** A new top speed of the game: shown once the game has run for a while, not more than twice a minute. */
export class TopSpeed {
  /** ``scale``: [low, high] of the gauge, ``least``: slower ones are no news */
  constructor(stat, unit, least, scale, words = "Fastest of the match") {
    Object.assign(this, { stat, unit, least, scale, words });
    this.best = null;
    this.last = -Infinity;
  }
  receive(message, lower) {
    for (const update of message.updates ?? []) if (update.stat === this.stat) this.#speed(update, message.snapshot === true, lower);
  }
  #speed({ value, subject }, snapshot, lower) {
    if (typeof value !== "number") return;
    const first = this.best === null;
    if (!first && value <= this.best.value + 0.05) return;
    const previous = this.best;
    this.best = { player: subject, value };
    this.since ??= performance.now();
    const settled = performance.now() - this.since > 20000;
    if (lower.now?.kind === "speed" && lower.now.subject === subject) { lower.now.speed = value; lower.refresh(lower.now); return; }
    const waiting = lower.queue.find((c) => c.kind === "speed");
    if (waiting) { Object.assign(waiting, { subject, speed: value, previous }); return; }
    if (snapshot || first || !settled || value < this.least || performance.now() - this.last < 30000) return;
    this.last = performance.now();
    lower.push(this.#card(subject, value, previous));
  }
  #card(subject, speed, previous) {
    const { unit, scale: [low, high], words: caption } = this;
    return { kind: "speed", rank: 0, subject, speed, previous, render(roster) {
      return { value: fixed(this.speed, 1), label: unit, tag: "TOP SPEED", strong: true, gauge: Math.max(0.04, (this.speed - low) / (high - low)),
        facts: [[caption, "", this.previous ? `before: ${roster.name(this.previous.player)}, ${fixed(this.previous.value, 1)} ${unit}` : ""]] };
    } };
  }
}

/** One card per event: gathers the values of all stats under ``prefix`` that belong to it, shows it when ``main`` is there. With
    ``within_s`` also values and reports of other events (of the throw, of the catch) so many seconds around it.
    ``render(card, roster)`` returns the content: ``card.values`` by the last word of the stat, ``card.event`` as it was reported. */
export class EventCard {
  constructor({ kind, prefix, main, by = "", event = [], rank = 1, within_s = 0, wanted = () => true, render }) {
    Object.assign(this, { kind, prefix, main, by, rank, wanted, render, within_us: within_s * 1e6, types: [].concat(event) });
    this.cards = new Map(); // event id -> card
    this.reported = new Map(); // event id -> event
    this.recent = new Map(); // last word of a stat -> {value, t_us}
  }
  receive(message, lower) {
    const touched = new Set();
    for (const event of message.events ?? []) {
      if (!this.types.includes(event.type)) continue;
      this.reported.set(event.id, event);
      for (const card of this.cards.values()) {
        if (card.id !== event.id && !(Math.abs(event.t_us - card.t_us) <= this.within_us)) continue;
        card.event = event.deleted ? null : event;
        touched.add(card);
      }
    }
    for (const update of message.updates ?? []) {
      const prefix = this.prefix.find((p) => update.stat.startsWith(p));
      if (!prefix) continue;
      const word = update.stat.slice(prefix.length), t_us = update.window_us[1];
      if (this.within_us && update.value !== null && update.event) this.recent.set(word, { value: update.value, t_us, player: update.stat === this.by ? update.subject : null });
      if (!update.event) continue;
      if (update.quality === "unavailable") {
        // there is no value, and nothing to show: also of what was shown before it was withheld
        const gone = this.cards.get(update.event);
        if (gone && update.stat === this.main) { gone.main = null; lower.drop(gone); }
        continue;
      }
      let card = this.cards.get(update.event);
      if (!card) {
        // a card begins with its main value, or with any value of its event when it gathers nothing else
        if (this.within_us && update.stat !== this.main) { this.#join(word, update, touched); continue; }
        this.cards.set(update.event, (card = this.#card(update, message.snapshot === true)));
      }
      card.values[word] = update.value;
      if (update.stat === this.by) card.player = update.subject; // a stat of the match whose player another one of the event names
      if (update.stat === this.main) Object.assign(card, { subject: update.subject, model: update.model ?? card.model, quality: update.quality, main: update.value, t_us });
      touched.add(card);
    }
    for (const card of touched) {
      if (lower.now === card) lower.refresh(card);
      else if (!card.seen && card.main !== undefined && card.main !== null && this.wanted(card)) { card.seen = true; lower.push(card); }
    }
    for (const stored of [this.cards, this.reported]) while (stored.size > 400) stored.delete(stored.keys().next().value);
  }
  #join(word, update, touched) {
    for (const card of this.cards.values()) {
      if (Math.abs(update.window_us[1] - card.t_us) <= this.within_us) { card.values[word] = update.value; if (update.stat === this.by) card.player = update.subject; touched.add(card); }
    }
  }
  #card(update, seen) {
    const render = this.render, t_us = update.window_us[1], values = {};
    let player;
    for (const [word, stored] of this.recent) if (t_us - stored.t_us <= this.within_us) { values[word] = stored.value; player = stored.player ?? player; }
    let event = this.reported.get(update.event);
    if (!event && this.within_us) event = [...this.reported.values()].filter((e) => !e.deleted && Math.abs(e.t_us - t_us) <= this.within_us).at(-1);
    return { kind: this.kind, rank: this.rank, id: update.event, subject: update.subject, player, values, seen, t_us, event: event?.deleted ? null : event, render(roster) { return render(this, roster); } };
  }
}
