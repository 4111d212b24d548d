/* Blocks and pictures of American football: completion probability while the ball flies, pressure, the fourth down. */

import { Block, Ranking } from "../../blocks.js";
import { el, fixed, put } from "../../dom.js";
import { ProbabilityBar, Choices, percent } from "../../widgets.js";

export const LIVE = "nfl.pass.completion_probability", ARRIVED = "nfl.pass.completion_probability_at_arrival";
const LIVE_MS = 1000;

/** What is known of the pass: live while the ball is in the air, then the value at arrival: {value, live, t_us, quality}; null before the first. */
export function pass(feed) {
  const live = feed.newest(LIVE), arrived = feed.newest(ARRIVED);
  if (live && typeof live.value === "number" && live.quality !== "stale" && performance.now() - live.at < LIVE_MS) return { value: live.value, live: true, t_us: live.end_us, quality: live.quality };
  return arrived && typeof arrived.value === "number" ? { value: arrived.value, live: false, t_us: arrived.end_us, quality: arrived.quality } : null;
}

/** The latest pass: live while the ball is in the air, then the value at arrival with its outcome. */
export class Completion extends Block {
  /** ``thrown()``: id of the target of the pass, or null. */
  constructor(thrown) {
    super("Completion probability", [LIVE, ARRIVED]);
    this.lasting = true;
    this.thrown = thrown;
    this.probability = new ProbabilityBar();
    this.facts = el("div", { class: "rowfacts" });
    this.node.append(this.probability.node, this.facts);
  }
  ready(feed) { return pass(feed) !== null; }
  update(feed, roster) {
    const now = pass(feed), player = this.thrown();
    put(this.note, now?.live ? "ball in the air" : "latest pass");
    this.probability.set(now?.value ?? null, player ? roster.name(player) : "");
    const facts = [["nfl.pass.air_yards", "air yards", 1, ""], ["nfl.passer.time_to_throw", "to throw", 2, " s"], ["nfl.receiver.separation_at_arrival", "separation", 1, " yd"], ["nfl.passer.cpoe", "CPOE", 1, " %"]]
      .filter(([stat]) => typeof feed.newestValue(stat) === "number").map(([stat, words, digits, unit]) => `${words} ${fixed(feed.newestValue(stat), digits)}${unit}`);
    put(this.facts, facts.join(" · "));
  }
}

export const FOURTH = "nfl.decision.fourth_down_values";
/** The output of the fourth-down model, from [go, kick, punt]: {best, values: {go, kick, punt}}, win probabilities; null when it has none. */
export function decision(found) {
  if (!Array.isArray(found)) return null;
  const values = Object.fromEntries(["go", "kick", "punt"].map((k, i) => [k, typeof found[i] === "number" ? found[i] : null]));
  const known = Object.entries(values).filter(([, v]) => v !== null);
  return known.length ? { best: known.reduce((a, b) => (b[1] > a[1] ? b : a))[0], values } : null;
}
export const WORDS = { go: "Go for it", kick: "Field goal", punt: "Punt" };

/** The three choices with their win probability and how much the best gains on each. */
export function rows({ best, values }) {
  return ["go", "kick", "punt"].map((k) => [WORDS[k], values[k], values[k] === null ? "–" : percent(values[k], 1), k === best]);
}

export class Decision extends Block {
  constructor() {
    super("Decision guide", [FOURTH]);
    this.lasting = true;
    this.choices = new Choices();
    this.node.append(this.choices.node);
  }
  update(feed) {
    const found = decision(feed.newestValue(FOURTH));
    if (!found) return;
    put(this.note, "latest fourth down · win probability");
    this.choices.set(rows(found));
  }
}

/** The best of each player of a stat that every play has anew, of the whole game. */
export class Best extends Ranking {
  constructor(title, stat, options) { super(title, stat, options); this.lasting = true; this.best = new Map(); }
  history(past, moments) { for (const u of moments) if (u.stat === this.stats[0]) this.#receive(u.subject, u.value); }
  stored(feed) {
    for (const [id, stored] of super.stored(feed)) this.#receive(id, stored.value);
    return [...this.best].map(([id, value]) => [id, { value }]);
  }
  #receive(id, value) { if (typeof value === "number" && !(value <= this.best.get(id))) this.best.set(id, value); }
}

/** The defenders with the highest pressure probability of the play, in per cent. */
export class Pressure extends Ranking {
  constructor() { super("Pressure", "nfl.defender.pressure_probability", { unit: "%", digits: 0, most: 4, scale: 1, times: 100, max_age_s: 20, note: "to beat the block" }); }
}
