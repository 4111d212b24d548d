/* Fourth down: go for it, kick or punt, with the win probability of each. ?game=...&seconds=14 */

import { el, fixed, put } from "../dom.js";
import { decision, FOURTH, rows, WORDS } from "../sports/nfl/blocks.js";
import { Play } from "../sports/nfl/state.js";
import { Choices } from "../widgets.js";
import { LatestEvent, mount } from "./mount.js";

class Guide {
  constructor(seconds) {
    this.seconds = seconds;
    this.latest = new LatestEvent(FOURTH);
    this.play = new Play();
    this.choices = new Choices();
    this.down = el("b"); this.team = el("span"); this.verdict = el("em"); this.gain = el("small");
    this.node = el("section", { class: "plate guide", role: "status" }, el("header", {}, "Decision guide", el("span", {}, "win probability")),
      el("div", { class: "head" }, el("div", { class: "identity" }, this.down, this.team)), this.choices.node, el("footer", {}, this.verdict, this.gain));
  }
  receive(message, feed, roster) {
    this.latest.receive(message);
    this.play.receive(message.events, roster, feed.record?.periods ?? []);
  }
  on() { return this.latest.within(this.seconds) && decision(this.latest.update.value) !== null; }
  update(feed, roster) {
    const found = decision(this.latest.update.value);
    if (!found) return;
    const team = this.play.team ?? (roster.sides.has(this.latest.update.subject) ? this.latest.update.subject : null);
    this.node.className = `plate guide ${team ? roster.teamStyle(team).class : "is-none"}`;
    put(this.down, this.play.words || "4th down");
    put(this.team, [team ? roster.team(team) : "", this.play.spot(roster)].filter(Boolean).join(" · "));
    this.choices.set(rows(found));
    const others = Object.entries(found.values).filter(([k, v]) => k !== found.best && v !== null).map(([, v]) => v);
    const gain = others.length ? (found.values[found.best] - Math.max(...others)) * 100 : null;
    put(this.verdict, WORDS[found.best]);
    put(this.gain, gain === null ? "" : `${gain < 1 ? "a close call" : "by"} ${gain < 1 ? "" : `${fixed(gain, 1)} points`}`.trim());
  }
}

await mount("right", "nfl", [`stats.${FOURTH}`, "events.nfl.down", "events.nfl.ball_snap"], ({ seconds }) => new Guide(seconds(14)));
