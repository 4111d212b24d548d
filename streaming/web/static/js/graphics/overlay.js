/* What every graphic has in common: a game (the newest of its sport, or ?game=...), a feed, the teams' colours. */

import { dress } from "../colours.js";
import { Cast, chooseGame, Feed } from "../feed.js";

export const parameter = (name) => new URLSearchParams(location.search).get(name) ?? "";

/** What a renderer calls in a page that it plays as a template (CasparCG, SPX): ``stop()`` takes the graphic off, ``play()`` lets it on
    again. ``turn(on)`` is told. */
export function obey(turn) {
  window.play = () => turn(true);
  window.stop = () => turn(false);
  window.update = window.next = () => {}; // its data come by its feed
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
