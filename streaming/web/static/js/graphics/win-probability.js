/* The chances of both teams as a bar. ?game=...&sport=... */

import { chances, bar } from "../blocks.js";
import { el, fixed, put } from "../dom.js";
import { sportModule } from "../sports.js";
import { parameter } from "./overlay.js";
import { fresh, stand } from "./stand.js";

class WinBar {
  constructor(stat) {
    this.stat = stat;
    this.teams = [el("b"), el("b")]; this.figures = [el("em"), el("em")];
    this.draw = el("span"); this.bar = bar("home", "draw", "away");
    this.node = el("section", { class: "winbar", role: "status" },
      el("header", {}, "Win probability"),
      el("div", { class: "line" }, el("div", { class: "is-home" }, el("i"), this.teams[0], this.figures[0]), this.draw, el("div", { class: "is-away" }, this.figures[1], this.teams[1], el("i"))),
      this.bar.node);
  }
  on(feed) {
    const kept = feed.newest(this.stat);
    // worked out on events it stands until the next one, on windows it must be of now
    return kept !== null && chances(kept.value) !== null && (kept.update.event !== undefined || fresh(kept, 60));
  }
  update(feed, cast) {
    const value = chances(feed.only(this.stat));
    cast.record.teams.slice(0, 2).forEach((team, i) => { put(this.teams[i], team.name); put(this.figures[i], `${fixed(value[i * 2] * 100)}%`); });
    put(this.draw, value[1] > 0 ? `draw ${fixed(value[1] * 100)}%` : "");
    this.bar.set(value);
  }
}

await stand("foot", parameter("sport"), async (entry) => [`stats.${(await sportModule(entry.sport)).win}`],
  async ({ entry }) => { const { win } = await sportModule(entry.sport); return win ? new WinBar(win) : null; });
