/* The module of a sport, found by its name: ``sports/<sport>.js``. A sport that has none gets the plain page. A module offers

   topics        what the live page subscribes to
   thirds        {topics, kinds()}: what its lower third shows (lower-third.js)
   stage(page)   its part of the live page: {field, layers, bug, blocks} and, where it wants to, {load(), take(message), shown(card)}
                 with page = {canvas, bug, feed, playback, lower, cast()} */

export async function sportModule(name) {
  const path = `./sports/${encodeURIComponent(name)}.js`;
  const there = await fetch(new URL(path, import.meta.url), { method: "HEAD" });
  if (there.ok) return import(path);
  if (there.status !== 404) throw new Error(`the page of ${name} cannot be had: ${there.status}`);
  return (await import("./plain.js")).of(name);
}
