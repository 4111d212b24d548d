/* Puts one graphic on air: opens the feed of a game, hands messages to it, and shows and hides it. A graphic has

   node                           what is shown
   receive(message, feed, roster) optional: called with each message of stats
   on(feed, roster)               whether it belongs on air now
   update(feed, roster)           write what is shown; called before it is shown and five times a second

   A graphic leaves the air when its game has been silent for ``SILENT_S`` (?silent=), whatever ``on`` returns. */

import { el } from "../dom.js";
import { onPlayState, openFeed, parameter } from "./overlay.js";

const SILENT_S = 15;

export async function mount(name, sport, topics, make) {
  const { feed, entry } = await openFeed(sport);
  const view = await make({ feed, entry, seconds: (byDefault) => Number(parameter("seconds")) || byDefault });
  if (!view) return; // this game has nothing of the kind
  feed.topics = typeof topics === "function" ? await topics(entry) : topics;
  const root = el("div", { class: `graphic ${name}` }, view.node);
  const silent = (Number(parameter("silent")) || SILENT_S) * 1000;
  let roster = null, on = false, allowed = true;
  onPlayState((yes, still) => { allowed = yes; refresh(still); });
  feed.addEventListener("roster", ({ detail }) => { roster = detail; });
  feed.addEventListener("stats", ({ detail }) => { if (roster) { view.receive?.(detail, feed, roster); refresh(); } });
  function refresh(still = false) {
    if (!roster) return;
    const wanted = allowed && performance.now() - feed.lastMessage < silent && view.on(feed, roster);
    if (wanted) view.update(feed, roster);
    if (wanted === on) return;
    on = wanted;
    root.classList.toggle("leaving", !on);
    root.classList.toggle("still", still);
    if (on) document.body.replaceChildren(root);
    else if (still) root.remove();
    else setTimeout(() => { if (!on) root.remove(); }, 450);
  }
  setInterval(() => refresh(), 200);
  await document.fonts.ready;
  feed.open();
  window.touchline = { feed, view };
}

/** Is the value that is stored of a stat younger than ``s`` seconds, and of a window that was measured? */
export const fresh = (stored, s) => stored !== null && stored !== undefined && stored.quality !== "stale" && stored.quality !== "unavailable" && performance.now() - stored.at < s * 1000;

/** The latest value of a stat of events, and when it arrived, unless it was there when the page was opened. */
export class LatestEvent {
  constructor(stat) { this.stat = stat; this.at = -Infinity; this.update = null; }
  receive(message) {
    for (const u of message.updates ?? []) {
      if (u.stat !== this.stat || !u.event || u.value === null) continue;
      const again = this.update?.event === u.event;
      this.update = u;
      if (!message.snapshot && !again) this.at = performance.now();
    }
  }
  within(s) { return performance.now() - this.at < s * 1000; }
}
