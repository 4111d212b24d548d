/* The lower third of any sport: one card at a time, the newest is next. The content of a card is a sport's: a *kind* receives the
   messages (``receive(message, lower)``) and pushes cards. A card has

   kind, subject      for the page and for the head (number, name and team of the subject)
   rank               a card of rank 0 leaves the air at once when one of rank 1 is pushed
   render(roster)     its content: {value, label, tag, strong, gauge, facts, why, provisional}, and where another player than the
                      subject is shown {name, team, number, styledAs: id} */

import { el } from "./dom.js";

/** letters of a name that fit in full size */
const LONG = 21;

export class LowerThird extends EventTarget {
  /* shows cards in ``root``; dispatches "shown" and "hidden" */
  constructor(root, kinds, seconds = 8) {
    super();
    this.root = root;
    this.kinds = kinds;
    this.seconds = seconds;
    this.queue = [];
    this.now = null;
  }

  setGame(roster) { this.roster = roster; }

  /** A message of stats, for each kind of card. */
  receive(message) {
    if (this.roster) for (const kind of this.kinds) kind.receive(message, this);
  }

  push(card) {
    if (this.now && (card.rank ?? 1) > (this.now.rank ?? 1)) this.#leave(0);
    this.queue.push(card);
    while (this.queue.length > 2) this.queue.shift();
    if (!this.now) this.#next();
  }

  /** A card is not to be shown any more: out of the queue, and off the air. */
  drop(card) {
    this.queue = this.queue.filter((waiting) => waiting !== card);
    if (this.now === card) this.#leave(450);
  }

  /** Render a card again when it is the one on the air. */
  refresh(card) { if (this.now === card && card.parts) this.#fill(card); }

  #next() {
    const card = this.queue.shift();
    if (!card) return;
    this.now = card;
    card.node = this.#build(card);
    this.#fill(card);
    this.root.replaceChildren(card.node);
    this.dispatchEvent(new CustomEvent("shown", { detail: card }));
    this.timer = setTimeout(() => this.#leave(450), this.seconds * 1000);
  }

  #leave(ms) {
    clearTimeout(this.timer);
    const card = this.now;
    card?.node?.classList.add("leaving");
    setTimeout(() => {
      if (this.now !== card) return;
      card?.node?.remove();
      this.now = null;
      this.dispatchEvent(new CustomEvent("hidden", { detail: card }));
      this.#next();
    }, ms);
  }

  #build(card) {
    const part = { gauge: el("i"), why: el("div", { class: "why", hidden: true }), facts: el("div", { class: "facts" }),
      value: el("b"), label: el("span"), team: el("span"), name: el("b"), number: el("div", { class: "number" }) };
    part.scale = el("div", { class: "gauge" }, part.gauge);
    card.parts = part;
    return el("section", { ...this.roster.teamStyle(card.subject, "third"), "data-kind": card.kind, role: "status" },
      el("div", { class: "head" }, part.number, el("div", { class: "identity" }, part.name, part.team), el("div", { class: "value" }, part.value, part.label)),
      el("div", { class: "below" }, part.scale, part.facts, part.why));
  }

  #fill(card) {
    const part = card.parts, content = card.render(this.roster);
    if (content.styledAs) { const style = this.roster.teamStyle(content.styledAs, "third"); card.node.className = style.class; if (style.style) card.node.style.cssText = style.style; }
    part.number.textContent = content.number ?? String(this.roster.shirt(card.subject));
    part.number.hidden = part.number.textContent === "";
    part.name.textContent = content.name ?? this.roster.name(card.subject);
    part.name.style.fontSize = part.name.textContent.length > LONG ? `${Math.max(0.6, LONG / part.name.textContent.length)}em` : "";
    part.team.replaceChildren(content.team ?? this.roster.team(card.subject));
    if (content.tag) part.team.append(el("em", { class: content.strong ? "goal" : "" }, content.tag));
    part.value.textContent = content.value;
    part.label.textContent = content.label;
    card.node.classList.toggle("provisional", content.provisional === true);
    part.scale.hidden = typeof content.gauge !== "number";
    requestAnimationFrame(() => (part.gauge.style.width = `${Math.min(1, Math.max(0, content.gauge ?? 0)) * 100}%`));
    part.facts.replaceChildren(...(content.facts ?? []).filter(Boolean).map(([text, unit, caption]) =>
      el("div", {}, el("b", {}, text, unit ? el("small", {}, unit) : null), el("span", {}, caption))));
    part.facts.hidden = !part.facts.children.length;
    const why = content.why ?? [];
    part.why.hidden = why.length === 0;
    part.why.replaceChildren(...why.map(([text, up]) => el("span", { class: up ? "up" : "dn" }, text)));
  }
}
