/* Completion probability: live while the ball is in the air, then its outcome. ?game=...&seconds=7 */

import { el, fixed, put } from "../dom.js";
import { ARRIVED, pass } from "../sports/nfl/blocks.js";
import { ProbabilityBar } from "../widgets.js";
import { LatestEvent, mount } from "./mount.js";

const OUTCOMES = { pass_outcome_caught: "COMPLETE", pass_outcome_touchdown: "TOUCHDOWN", pass_outcome_incomplete: "INCOMPLETE", pass_outcome_interception: "INTERCEPTED" };
const FACTS = [["nfl.pass.air_yards", "air yards", 1, "yd"], ["nfl.passer.time_to_throw", "time to throw", 2, "s"], ["nfl.receiver.separation_at_arrival", "separation", 1, "yd"]];

class Completion {
  constructor(seconds) {
    this.seconds = seconds;
    this.final = new LatestEvent(ARRIVED);
    this.probability = new ProbabilityBar();
    this.number = el("div", { class: "number" }); this.name = el("b"); this.team = el("span"); this.tag = el("em", { hidden: true });
    this.facts = el("div", { class: "facts" });
    this.node = el("section", { class: "plate", role: "status" }, el("header", {}, "Completion probability", this.tag),
      el("div", { class: "head" }, this.number, el("div", { class: "identity" }, this.name, this.team)), this.probability.node, this.facts);
    this.target = null; this.live = -Infinity; this.outcome = "";
  }
  receive(message, feed) {
    this.final.receive(message);
    for (const event of message.events ?? []) {
      if (message.snapshot || event.deleted) continue;
      if (event.type === "ball_snap") { this.outcome = ""; this.target = null; }
      if (event.type === "pass_forward" && typeof event.attrs?.target === "string") this.target = event.attrs.target;
      if (OUTCOMES[event.type]) this.outcome = OUTCOMES[event.type];
    }
    for (const u of message.updates ?? []) if (u.stat === "nfl.receiver.separation_at_arrival" && u.event === this.final.update?.event) this.target = u.subject;
    if (!message.snapshot && pass(feed)?.live) this.live = performance.now();
  }
  on() { return performance.now() - this.live < 2500 || this.final.within(this.seconds); }
  update(feed, roster) {
    const stored = pass(feed);
    if (!stored) return;
    const { live } = stored, player = this.target;
    this.node.className = player ? roster.teamStyle(player, `plate${live ? " live" : ""}`).class : `plate is-none${live ? " live" : ""}`;
    put(this.number, player ? String(roster.shirt(player)) : ""); put(this.name, player ? roster.name(player) : "Pass"); put(this.team, player ? roster.team(player) : "");
    this.tag.hidden = !live && !this.outcome;
    put(this.tag, live ? "IN THE AIR" : this.outcome); this.tag.className = live ? "" : this.outcome === "COMPLETE" || this.outcome === "TOUCHDOWN" ? "good" : "bad";
    this.probability.set(stored.value, live ? "" : stored.quality === "provisional" ? "live" : "at arrival");
    const facts = FACTS.map(([stat, words, digits, unit]) => [feed.newest(stat), words, digits, unit]).filter(([k]) => k && typeof k.value === "number" && Math.abs(k.end_us - stored.t_us) < 8e6);
    const key = facts.map(([k]) => k.value).join();
    if (key !== this.key) { this.key = key; this.facts.replaceChildren(...facts.map(([k, words, digits, unit]) => el("div", {}, el("b", {}, fixed(k.value, digits), el("small", {}, unit)), el("span", {}, words)))); }
  }
}

await mount("right", "nfl", ["stats.nfl.pass.*", "stats.nfl.passer.time_to_throw", "stats.nfl.receiver.separation_at_arrival", "events.nfl.*"], ({ seconds }) => new Completion(seconds(7)));
