/* The probability of a steal for leads of 0 to 20 feet, with the present lead marked. */

import { Block } from "../../blocks.js";
import { el, fixed, put } from "../../dom.js";
import { Curve, percent } from "../../widgets.js";
import { FT } from "./field.js";

export const CURVE = "mlb.runner.steal_probability", NOW = "mlb.runner.steal_probability_now";

/** The newest curve, whose it is, and what is read from it: {runner, curve, probability, lead_ft, live}, as it was last when the ball has
    been released; null before the first. ``lead``: the measured lead {m, runner}, in which the reading is stored. */
export function reading(feed, lead = {}) {
  const stored = feed.newest(CURVE), now = feed.newest(NOW);
  if (!stored || !Array.isArray(stored.value)) return null;
  const same = now && now.subject === stored.subject && typeof now.value === "number" && performance.now() - now.at < 1500;
  const lead_ft = lead.runner === stored.subject && typeof lead.m === "number" ? lead.m / FT : null;
  if (same) lead.held = { event: stored.update.event, probability: now.value, lead_ft: lead_ft ?? inverse(stored.value, now.value) };
  const { probability, lead_ft: read } = lead.held?.event === stored.update.event ? lead.held : { probability: null, lead_ft: null };
  return { runner: stored.subject, curve: stored.value, probability, lead_ft: read, live: Boolean(same) };
}

/** Where a rising curve has a value, in feet: for a page without positions. */
function inverse(curve, value) {
  for (let i = 1; i < curve.length; i++) {
    if (typeof curve[i - 1] === "number" && typeof curve[i] === "number" && curve[i] >= value && curve[i] > curve[i - 1]) return i - 1 + Math.max(0, (value - curve[i - 1]) / (curve[i] - curve[i - 1]));
  }
  return null;
}

export class LeadProbability extends Block {
  constructor(lead) {
    super("Lead probability", [CURVE]);
    this.lasting = true;
    this.lead = lead;
    this.curve = new Curve({ steps: [0, 5, 10, 15, 20], unit: "ft" });
    this.player = el("div", { class: "leadline" });
    this.node.append(this.player, this.curve.node);
  }
  update(feed, roster) {
    const now = reading(feed, this.lead);
    if (!now) return;
    put(this.note, now.live ? "before this pitch" : now.probability === null ? "before the pitch" : "at the release");
    put(this.player, `${roster.name(now.runner)}${now.lead_ft === null ? "" : ` · ${fixed(now.lead_ft, 1)} ft`}${now.probability === null ? "" : ` · ${percent(now.probability)}`}`);
    this.curve.set(now.curve, now.lead_ft, now.probability);
  }
}
