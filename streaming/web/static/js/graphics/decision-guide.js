/* Fourth down: go for it, kick or punt, with the win probability of each. ?game=...&seconds=14 */

import { el, fixed, put } from "../dom.js";
import { decision, FOURTH, rows, WORDS } from "../sports/nfl/blocks.js";
import { Play } from "../sports/nfl/state.js";
import { Choices } from "../views.js";
import { Moments, stand } from "./stand.js";

class Guide {
  constructor(seconds) {
    this.seconds = seconds;
    this.moment = new Moments(FOURTH);
    this.play = new Play();
    this.choices = new Choices();
    this.down = el("b"); this.team = el("span"); this.verdict = el("em"); this.gain = el("small");
    this.node = el("section", { class: "plate guide", role: "status" }, el("header", {}, "Decision guide", el("span", {}, "win probability")),
      el("div", { class: "head" }, el("div", { class: "who" }, this.down, this.team)), this.choices.node, el("footer", {}, this.verdict, this.gain));
  }
  take(message, feed, cast) {
    this.moment.take(message);
    this.play.take(message.events, cast, feed.record?.periods ?? []);
  }
  on() { return this.moment.within(this.seconds) && decision(this.moment.update.value) !== null; }
  update(feed, cast) {
    const found = decision(this.moment.update.value);
    if (!found) return;
    const team = this.play.team ?? (cast.sides.has(this.moment.update.subject) ? this.moment.update.subject : null);
    this.node.className = `plate guide ${team ? cast.dress(team).class : "is-none"}`;
    put(this.down, this.play.words || "4th down");
    put(this.team, [team ? cast.team(team) : "", this.play.spot(cast)].filter(Boolean).join(" · "));
    this.choices.set(rows(found));
    const others = Object.entries(found.values).filter(([k, v]) => k !== found.best && v !== null).map(([, v]) => v);
    const gain = others.length ? (found.values[found.best] - Math.max(...others)) * 100 : null;
    put(this.verdict, WORDS[found.best]);
    put(this.gain, gain === null ? "" : `${gain < 1 ? "a close call" : "by"} ${gain < 1 ? "" : `${fixed(gain, 1)} points`}`.trim());
  }
}

await stand("right", "nfl", [`stats.${FOURTH}`, "events.nfl.down", "events.nfl.ball_snap"], ({ seconds }) => new Guide(seconds(14)));
