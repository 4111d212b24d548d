/* The module of a sport, found by its name: ``sports/<sport>.js``. A sport that has none gets the plain page. A module offers

   topics         what the live page subscribes to
   lowerThirds    {topics, kinds()}: what its lower third shows (lower-third.js)
   livePage(page) its part of the live page: {field, layers, bug, blocks} and, where needed, {load(), receive(message), shown(card)}
                  with page = {canvas, bug, feed, playback, lower, roster()} */

export async function sportModule(name) {
  const path = `./sports/${encodeURIComponent(name)}.js`;
  const there = await fetch(new URL(path, import.meta.url), { method: "HEAD" });
  if (there.ok) return import(path);
  if (there.status !== 404) throw new Error(`cannot load the page of ${name}: status ${there.status}`);
  return (await import("./generic.js")).genericSport(name);
}
