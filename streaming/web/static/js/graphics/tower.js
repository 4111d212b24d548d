/* The timing tower of a race. ?game=...&mode=interval|gap&rows=20 */

import { Race } from "../sports/f1/state.js";
import { Tower } from "../sports/f1/tower.js";
import { getJson } from "../dom.js";
import { parameter } from "./overlay.js";
import { mount } from "./mount.js";

await mount("full", "f1", ["stats.f1.car.position", "stats.f1.car.gap", "stats.f1.car.interval", "events.f1.*"], async ({ feed }) => {
  const race = new Race();
  race.receive(await getJson(`/api/games/${encodeURIComponent(feed.game)}/events?type=lights_out,start,track_status,tyres,pit_entry,pit_exit,retirement,finish`));
  const tower = new Tower(race, { mode: parameter("mode") === "gap" ? "gap" : "interval", rows: Math.min(40, Math.max(3, Number(parameter("rows")) || 20)) });
  return {
    node: tower.node,
    receive(message) { race.receive(message.events); },
    on(now, roster) { tower.update(now, roster); return !tower.node.hidden; },
    update() {},
  };
});
