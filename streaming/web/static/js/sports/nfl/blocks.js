/* Blocks and pictures of American football: completion probability while the ball flies, pressure, the fourth down. */

import { Block, Ranking } from "../../blocks.js";
import { el, fixed, put } from "../../dom.js";
import { Chance, Choices, percent } from "../../views.js";

const PASS = "nfl.pass.completion_probability";

/** The latest pass: live while the ball is in the air, then the value at arrival with what it came to. */
export class Completion extends Block {
  constructor() {
    super("Completion probability", [PASS]);
    this.lasting = true;
    this.chance = new Chance();
    this.facts = el("div", { class: "rowfacts" });
    this.node.append(this.chance.node, this.facts);
  }
  update(feed, cast) {
    const kept = feed.newest(PASS), live = !kept.update.event && performance.now() - kept.at < 1500;
    put(this.note, live ? "ball in the air" : "latest pass");
    this.chance.set(kept.value, cast.name(kept.subject));
    const facts = [["nfl.pass.air_yards", "air yards", 1, " yd"], ["nfl.passer.time_to_throw", "to throw", 2, " s"], ["nfl.passer.cpoe", "CPOE", 1, " %"]]
      .filter(([stat]) => typeof feed.only(stat) === "number").map(([stat, words, digits, unit]) => `${words} ${fixed(feed.only(stat), digits)}${unit}`);
    put(this.facts, facts.join(" · "));
  }
}

/** What the fourth-down model says: {best, values: {go, kick, punt}}; null when there is nothing to say. Values are win probabilities. */
export function decision(value) {
  let found = value;
  if (typeof value === "string") { try { found = JSON.parse(value); } catch { return null; } }
  if (Array.isArray(found)) found = { go: found[0], kick: found[1], punt: found[2] };
  if (!found || typeof found !== "object") return null;
  const values = Object.fromEntries(["go", "kick", "punt"].map((k) => [k, typeof found[k] === "number" ? found[k] : null]));
  const known = Object.entries(values).filter(([, v]) => v !== null);
  if (!known.length) return null;
  const best = values[found.label] !== undefined && values[found.label] !== null ? found.label : known.reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return { best, values };
}
export const WORDS = { go: "Go for it", kick: "Field goal", punt: "Punt" };

/** The three choices with their win probability and how much the best gains on each. */
export function rows({ best, values }) {
  return ["go", "kick", "punt"].map((k) => [WORDS[k], values[k], values[k] === null ? "–" : percent(values[k], 1), k === best]);
}

export class Decision extends Block {
  constructor(play) {
    super("Decision guide", ["nfl.decision.fourth_down"]);
    this.lasting = true;
    this.play = play;
    this.choices = new Choices();
    this.node.append(this.choices.node);
  }
  update(feed) {
    const found = decision(feed.only("nfl.decision.fourth_down"));
    if (!found) return;
    put(this.note, "latest fourth down · win probability");
    this.choices.set(rows(found));
  }
}

/** Who gets to the passer: the highest chances of the play, in per cent. */
export class Pressure extends Ranking {
  constructor() { super("Pressure", "nfl.defender.pressure_probability", { unit: "%", digits: 0, most: 4, scale: 1, times: 100, gone_s: 20, note: "chance to press the passer" }); }
}
