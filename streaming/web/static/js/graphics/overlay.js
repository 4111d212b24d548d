/* What every graphic has in common: a game (the newest of its sport, or ?game=...), a feed, the teams' colours. */

import { dress } from "../colours.js";
import { Cast, chooseGame, Feed } from "../feed.js";

export const parameter = (name) => new URLSearchParams(location.search).get(name) ?? "";

let allowed = parameter("held") !== "1", told = () => {};

function allow(yes, still = false) { allowed = yes; told(yes, still); }

/* What a renderer calls in a page that it plays as a template (CasparCG, SPX), and what one that holds the page in a frame (OGraf) says
   to it: stop takes the graphic off, play lets it on again. With ?held=1 it waits for the first play. */
window.play = () => allow(true);
window.stop = () => allow(false);
window.update = window.next = () => {}; // its data come by its feed
addEventListener("message", ({ data }) => {
  if (data?.touchline === "play") allow(true, data.still);
  if (data?.touchline === "stop") allow(false, data.still);
});
if (parent !== window) parent.postMessage({ touchline: "ready" }, "*");

/** Have ``turn(on, still)`` told whether the graphic may be on air, now and whenever that changes; ``still``: without animation. */
export function obey(turn) {
  told = turn;
  turn(allowed, true);
}

/** The feed of a game of ``sport`` (any when empty); not open yet. Tells "cast" when who plays is known. */
export async function open(sport, topics = []) {
  const entry = await chooseGame(() => {}, sport);
  const feed = new Feed(entry, topics);
  feed.addEventListener("game", ({ detail }) => {
    const cast = new Cast(detail);
    dress(document.documentElement, cast.colours);
    feed.dispatchEvent(new CustomEvent("cast", { detail: cast }));
  });
  return { feed, entry };
}
