import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { JS, RECORD, stubClock, stubFetch, update } from "./browser_stub.mjs";

const clock = stubClock();
const sockets = [];
class FakeSocket { constructor(url) { this.url = new URL(url); sockets.push(this); } }
globalThis.WebSocket = FakeSocket;
globalThis.location = { protocol: "https:", host: "gateway:1", search: "?game=g" };
stubFetch({ "/api/catalogue/soccer": [{ id: "held", holds: true }, { id: "speed", holds: false }], "/api/games": [{ game: "new", sport: "nfl" }, { game: "g", sport: "soccer" }] });

const { chooseGame, Feed, Roster } = await import(`${JS}feed.js`);

/** A feed that is connected, its newest socket, and the events that it dispatched. */
function connected() {
  const feed = new Feed({ game: "g", sport: "soccer" }, ["stats.#", "positions.soccer"]), seen = [];
  for (const type of ["game", "stats", "positions", "gap", "state"]) feed.addEventListener(type, ({ detail }) => seen.push([type, detail]));
  feed.open();
  const socket = sockets.at(-1);
  socket.onopen();
  return { feed, seen, socket, send: (message) => socket.onmessage({ data: JSON.stringify(message) }) };
}
const stats = (seq, ...updates) => ({ kind: "stats", game: "g", seq, updates });

beforeEach(() => { sockets.length = 0; });

test("Feed subscribes to its topics of one game", () => {
  const { socket } = connected();
  assert.equal(socket.url.protocol, "wss:");
  assert.equal(socket.url.pathname, "/ws");
  assert.deepEqual(Object.fromEntries(socket.url.searchParams), { topics: "stats.#,positions.soccer", game: "g" });
});

test("Feed dispatches each kind of message", () => {
  const { seen, send } = connected();
  for (const kind of ["positions", "gap"]) send({ kind, game: "g" });
  send({ kind: "game", record: RECORD });
  send(stats(5));
  assert.deepEqual(seen.map(([type]) => type), ["state", "positions", "gap", "game", "stats"]);
  assert.deepEqual(seen[3][1], RECORD);
});

test("Feed that lost its connection resumes from the last sequence number", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { feed, seen, socket, send } = connected();
  send(stats(41));
  send(stats(42));
  const closed = socket.onclose();
  assert.equal(feed.connected, false);
  assert.deepEqual(seen.at(-1), ["state", "down"]);
  assert.equal(sockets.length, 1, "not at once");
  t.mock.timers.tick(5000);
  await closed;
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].url.searchParams.get("from"), "42");
});

test("Feed waits longer after each failure, and at most six seconds", async (t) => {
  const waits = [];
  t.mock.method(globalThis, "setTimeout", (resolve, ms) => { waits.push(ms); resolve(); });
  t.mock.method(Math, "random", () => 0.5);
  const { socket } = connected();
  for (let i = 0; i < 12; i++) await (sockets.at(-1) ?? socket).onclose();
  const reconnects = waits.slice(-12);
  assert.ok(Math.abs(reconnects[0] - 510) < 1, String(reconnects[0]));
  assert.ok(reconnects.every((ms, i) => i === 0 || ms >= reconnects[i - 1]));
  assert.equal(reconnects.at(-1), 5000);
});

test("Feed.value is that of the latest window, whatever the order", () => {
  const { feed, send } = connected();
  send(stats(1, update("speed", "h9", 7, 2_000_000)));
  send(stats(2, update("speed", "h9", 5, 1_000_000)));
  assert.equal(feed.value("speed", "h9"), 7);
  send(stats(3, update("speed", "h9", null, 3_000_000)));
  assert.equal(feed.value("speed", "h9"), null);
  assert.equal(feed.value("speed", "a1"), null);
  assert.equal(feed.has("speed"), true);
  assert.equal(feed.has("distance"), false);
});

test("Feed.newest prefers a measured value to a missing one that is newer", () => {
  const { feed, send } = connected();
  assert.equal(feed.newest("steal"), null);
  send(stats(1, update("steal", "h9", null, 3_000_000)));
  assert.equal(feed.newest("steal").value, null);
  send(stats(2, update("steal", "a1", 0.4, 2_000_000), update("steal", "h9", null, 4_000_000)));
  assert.deepEqual([feed.newest("steal").subject, feed.newest("steal").value, feed.newestValue("steal")], ["a1", 0.4, 0.4]);
});

test("Feed.age counts from the newest value that is not stale", () => {
  const { feed, send } = connected();
  assert.equal(feed.age("speed"), Infinity);
  send(stats(1, update("speed", "h9", 7, 1_000_000)));
  clock.ms += 4000;
  send(stats(2, update("speed", "h9", 7, 2_000_000, { quality: "stale" })));
  assert.equal(feed.age("speed"), Infinity, "its only value is stale");
  send(stats(3, update("speed", "a1", 7, 2_000_000)));
  clock.ms += 1500;
  assert.equal(feed.age("speed", "distance"), 1.5);
});

test("Feed.age of a stat that holds until it changes is that of the game", async () => {
  const { feed, send } = connected();
  await new Promise((resolve) => setImmediate(resolve)); // the catalogue has been read
  send(stats(1, update("held", "h9", 7, 1_000_000), update("speed", "h9", 7, 1_000_000)));
  clock.ms += 10_000;
  send(stats(2));
  clock.ms += 1000;
  assert.deepEqual([feed.age("held"), feed.age("speed")], [1, 11]);
});

test("chooseGame takes the game of the address bar, else the newest of the sport", async () => {
  assert.equal((await chooseGame()).game, "g");
  globalThis.location.search = "";
  assert.equal((await chooseGame()).game, "new");
  assert.equal((await chooseGame(undefined, "soccer")).game, "g");
  globalThis.location.search = "?game=g";
});

test("Roster names players and teams, and their sides", () => {
  const roster = new Roster(RECORD);
  assert.deepEqual(["h9", "a1", "away", "ball", "x"].map((id) => roster.side(id)), [0, 1, 1, -1, -1]);
  assert.deepEqual(["h9", "away", "x"].map((id) => roster.name(id)), ["Ferreira", "Northgate", "x"]);
  assert.deepEqual([roster.shirt("h9"), roster.shirt("x"), roster.team("a1"), roster.short(1), roster.short(2)], [9, "", "Northgate", "NOR", ""]);
});

test("Roster.teamStyle is a class of two sides, and a colour in a race", () => {
  assert.deepEqual(new Roster(RECORD).teamStyle("a1", "card"), { class: "card is-away", style: undefined });
  assert.deepEqual(new Roster(RECORD).teamStyle("ball"), { class: "is-none", style: undefined });
  const race = new Roster({ ...RECORD, teams: ["#ff0000", "#00ff00", "#0000ff"].map((colour, i) => ({ id: `t${i}`, name: `T${i}`, colour })), entities: [{ id: "car", team: "t1" }] });
  assert.equal(race.teamStyle("car", "row").style, "--team:#00ff00;--team-ink:#0b0f15");
});
