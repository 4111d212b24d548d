/* What every graphic has in common: a game (the newest of its sport, or ?game=...), a feed, the teams' colours. */

import { applySideColours } from "../colours.js";
import { Roster, chooseGame, Feed } from "../feed.js";

export const parameter = (name) => new URLSearchParams(location.search).get(name) ?? "";

let allowed = parameter("held") !== "1", notify = () => {};

function setAllowed(yes, still = false) { allowed = yes; notify(yes, still); }

/* What a renderer calls in a page that it plays as a template (CasparCG, SPX), and what one that holds the page in a frame (OGraf)
   posts to it: stop takes the graphic off the air, play puts it on again. With ?held=1 it waits for the first play. */
window.play = () => setAllowed(true);
window.stop = () => setAllowed(false);
window.update = window.next = () => {}; // its data are those of its feed
addEventListener("message", ({ data }) => {
  if (data?.touchline === "play") setAllowed(true, data.still);
  if (data?.touchline === "stop") setAllowed(false, data.still);
});
if (parent !== window) parent.postMessage({ touchline: "ready" }, "*");

/** Call ``callback(on, still)`` with whether the graphic may be on air, now and at each change; ``still``: without animation. */
export function onPlayState(callback) {
  notify = callback;
  callback(allowed, true);
}

/** The feed of a game of ``sport`` (any when empty); not open yet. Dispatches "roster" once the game record is there. */
export async function openFeed(sport, topics = []) {
  const entry = await chooseGame(() => {}, sport);
  const feed = new Feed(entry, topics);
  feed.addEventListener("game", ({ detail }) => {
    const roster = new Roster(detail);
    applySideColours(document.documentElement, roster.colours);
    feed.dispatchEvent(new CustomEvent("roster", { detail: roster }));
  });
  return { feed, entry };
}
