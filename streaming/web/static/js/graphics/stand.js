/* Puts one picture on air: opens the feed of a game, hands messages to it, and shows and hides it. A picture has

   node                        what is shown
   take(message, feed, cast)   optional: what it must notice as it comes
   on(feed, cast)              whether it belongs on air now
   update(feed, cast)          write what is shown; called before every showing and five times a second

   A picture leaves the air when nothing has come from its game for ``SILENT_S`` (?silent=), whatever it says itself. */

import { el } from "../dom.js";
import { obey, open, parameter } from "./overlay.js";

const SILENT_S = 15;

export async function stand(name, sport, topics, make) {
  const { feed, entry } = await open(sport);
  const view = await make({ feed, entry, seconds: (usual) => Number(parameter("seconds")) || usual });
  if (!view) return; // this game has nothing of the kind
  feed.topics = typeof topics === "function" ? await topics(entry) : topics;
  const root = el("div", { class: `graphic ${name}` }, view.node);
  const silent = (Number(parameter("silent")) || SILENT_S) * 1000;
  let cast = null, on = false, allowed = true;
  obey((yes, still) => { allowed = yes; turn(still); });
  feed.addEventListener("cast", ({ detail }) => { cast = detail; });
  feed.addEventListener("stats", ({ detail }) => { if (cast) { view.take?.(detail, feed, cast); turn(); } });
  function turn(still = false) {
    if (!cast) return;
    const wanted = allowed && performance.now() - feed.lastMessage < silent && view.on(feed, cast);
    if (wanted) view.update(feed, cast);
    if (wanted === on) return;
    on = wanted;
    root.classList.toggle("leaving", !on);
    root.classList.toggle("still", still);
    if (on) document.body.replaceChildren(root);
    else if (still) root.remove();
    else setTimeout(() => { if (!on) root.remove(); }, 450);
  }
  setInterval(() => turn(), 200);
  await document.fonts.ready;
  feed.open();
  window.touchline = { feed, view };
}

/** Is the value that is kept of a stat younger than ``s`` seconds, and of a window that was measured? */
export const fresh = (kept, s) => kept !== null && kept !== undefined && kept.quality !== "stale" && kept.quality !== "unavailable" && performance.now() - kept.at < s * 1000;

/** When an event's value came last that was not there when the page was opened, and of which event. */
export class Moments {
  constructor(stat) { this.stat = stat; this.at = -Infinity; this.update = null; }
  take(message) {
    for (const u of message.updates ?? []) {
      if (u.stat !== this.stat || !u.event || u.value === null) continue;
      const again = this.update?.event === u.event;
      this.update = u;
      if (!message.snapshot && !again) this.at = performance.now();
    }
  }
  within(s) { return performance.now() - this.at < s * 1000; }
}
