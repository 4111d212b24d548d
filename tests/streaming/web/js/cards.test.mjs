import assert from "node:assert/strict";
import { test } from "node:test";

import { JS, RECORD, stubClock, stubFetch, update } from "./browser_stub.mjs";

const clock = stubClock();
globalThis.location = { protocol: "http:", host: "x", search: "" };
stubFetch({ "/api/models": { xgoals: { features: {
  distance_m: { unit: "m", label: "distance to goal" }, angle_rad: { unit: "rad", label: "angle" }, near: { unit: "count", label: "opponents within 3 m" },
  header: { unit: "bool", label: "header" }, openness: { unit: "0..1", label: "openness of the goal" }, speed_mps: { unit: "m/s", label: "ball speed" },
} } } });

const { EventCard, reason, reasons, TopSpeed } = await import(`${JS}cards.js`);
const { Roster } = await import(`${JS}feed.js`);
const { kinds: nflKinds } = await import(`${JS}sports/nfl/cards.js`);
const { kinds: soccerKinds } = await import(`${JS}sports/soccer/cards.js`);
await new Promise((resolve) => setImmediate(resolve)); // the labels have been read
const roster = new Roster(RECORD);

/** A lower third that shows a card at once and keeps the others waiting. */
class FakeLower {
  constructor() { this.now = null; this.queue = []; this.refreshed = []; this.dropped = []; }
  push(card) { if (this.now) this.queue.push(card); else this.now = card; }
  refresh(card) { this.refreshed.push(card); }
  drop(card) { this.dropped.push(card); if (this.now === card) this.now = null; }
  get cards() { return [this.now, ...this.queue].filter(Boolean); }
}
const XG = "soccer.shot.xgoals";
const shot = (value, more = {}) => update(XG, "h9", value, 5_000_000, { event: "s1", ...more });
const shotCard = () => soccerKinds()[0];

test("reason writes a feature in its unit", () => {
  const cases = [["distance_m", 14.4, "distance to goal 14 m"], ["distance_m", 4.25, "distance to goal 4.3 m"], ["angle_rad", Math.PI / 6, "angle 30°"], ["near", 0, "no opponents within 3 m"],
    ["near", 3, "3 opponents within 3 m"], ["header", 1, "header"], ["header", 0, "no header"], ["openness", 0.4, "openness of the goal 40 %"], ["speed_mps", 12.34, "ball speed 12 m/s"],
    ["distance_m", null, "distance to goal"], ["some_other_m", 1, "some other"]];
  for (const [name, value, text] of cases) assert.equal(reason(name, value), text);
});

test("reasons are the strongest few, with their direction", () => {
  const attributions = [["distance_m", 0.8, 10], ["header", -0.5, 0], ["near", 0.01, 2]];
  assert.deepEqual(reasons({ attributions }), [["distance to goal 10 m", true], ["no header", false]]);
  assert.deepEqual(reasons({ attributions }, 1), [["distance to goal 10 m", true]]);
  assert.deepEqual(reasons(undefined), []);
});

test("EventCard shows a shot when its main value is there, with all values of the event", () => {
  const kind = shotCard(), lower = new FakeLower();
  kind.receive({ updates: [update("soccer.shot.distance", "h9", 11, 5_000_000, { event: "s1" })] }, lower);
  assert.equal(lower.now, null, "not without its main value");
  kind.receive({ updates: [shot(0.31, { quality: "provisional" })] }, lower);
  const content = lower.now.render(roster);
  assert.deepEqual([content.value, content.label, content.provisional, content.facts.filter(Boolean)], ["0.31", "xGoals", true, [["11.0", "m", "distance"]]]);
});

test("EventCard refreshes its card in place when the final value is another", () => {
  const kind = shotCard(), lower = new FakeLower();
  kind.receive({ updates: [shot(0.31, { quality: "provisional" })] }, lower);
  kind.receive({ updates: [shot(0.35)] }, lower);
  assert.equal(lower.cards.length, 1);
  assert.deepEqual(lower.refreshed, [lower.now]);
  assert.deepEqual([lower.now.render(roster).value, lower.now.render(roster).provisional], ["0.35", false]);
});

test("EventCard shows nothing of a snapshot, and nothing that is missing", () => {
  for (const message of [{ snapshot: true, updates: [shot(0.31)] }, { updates: [shot(null)] }, { updates: [shot(null, { quality: "unavailable" })] }]) {
    const lower = new FakeLower();
    shotCard().receive(message, lower);
    assert.deepEqual(lower.cards, []);
  }
});

test("EventCard takes a card off the air when its value becomes unavailable", () => {
  const kind = shotCard(), lower = new FakeLower();
  kind.receive({ updates: [shot(0.31)] }, lower);
  const card = lower.now;
  kind.receive({ updates: [shot(null, { quality: "unavailable", reason: "drift" })] }, lower);
  assert.deepEqual(lower.dropped, [card]);
  assert.equal(card.main, null);
});

test("EventCard has the outcome of the reported event, before or after the value, until it is deleted", () => {
  for (const eventFirst of [true, false]) {
    const kind = shotCard(), lower = new FakeLower(), event = { id: "s1", type: "shot", t_us: 5_000_000, outcome: "goal" };
    const messages = [{ events: [event] }, { updates: [shot(0.31)] }];
    for (const message of eventFirst ? messages : messages.reverse()) kind.receive(message, lower);
    assert.deepEqual([lower.now.render(roster).tag, lower.now.render(roster).strong], ["GOAL", true]);
    kind.receive({ events: [{ ...event, deleted: true }] }, lower);
    assert.equal(lower.now.render(roster).tag, undefined);
  }
});

test("EventCard ignores events of other types and stats of other prefixes", () => {
  const kind = shotCard(), lower = new FakeLower();
  kind.receive({ events: [{ id: "s1", type: "pass", t_us: 5_000_000, outcome: "goal" }], updates: [update("soccer.player.speed", "h9", 7, 5_000_000, { event: "s1" }), shot(0.2)] }, lower);
  assert.equal(lower.now.render(roster).tag, undefined);
  assert.deepEqual(Object.keys(lower.now.values), ["xgoals"]);
});

test("EventCard of a pass gathers values of the throw and of the catch", () => {
  const kind = nflKinds()[0], lower = new FakeLower(), t = 60_000_000;
  const stat = (name, subject, value, at, event) => update(`nfl.${name}`, subject, value, at, { event });
  kind.receive({ updates: [stat("pass.air_yards", "h9", 22, t - 2e6, "throw"), stat("pass.air_yards", "h9", 3, t - 30e6, "earlier")] }, lower);
  assert.equal(lower.now, null);
  kind.receive({ updates: [stat("pass.air_yards", "h9", 22, t - 2e6, "throw"), stat("pass.completion_probability_at_arrival", "match", 0.6, t, "arrival")] }, lower);
  kind.receive({ updates: [stat("receiver.separation_at_arrival", "a1", 1.5, t + 1e6, "catch")], events: [{ id: "c", type: "pass_outcome_caught", t_us: t + 1e6 }] }, lower);
  const content = lower.now.render(roster);
  assert.deepEqual([content.value, content.tag, content.name, content.styledAs], ["60%", "COMPLETE", "Petrov", "a1"]);
  assert.deepEqual(content.facts.filter(Boolean).map(([text, , caption]) => [text, caption]), [["22.0", "air yards"], ["1.5", "separation"]]);
  kind.receive({ updates: [stat("pass.air_yards", "h9", 40, t + 20e6, "next throw")] }, lower);
  assert.equal(lower.now.values.air_yards, 22, "a later play is another one");
});

test("EventCard leaves out a card that is not wanted", () => {
  const kind = new EventCard({ kind: "catch", prefix: ["x."], main: "x.p", wanted: (card) => card.main < 0.9, render: () => ({}) }), lower = new FakeLower();
  kind.receive({ updates: [update("x.p", "h9", 0.95, 1, { event: "easy" }), update("x.p", "h9", 0.5, 1, { event: "hard" })] }, lower);
  assert.deepEqual(lower.cards.map((card) => card.id), ["hard"]);
});

test("TopSpeed shows a new top speed once the game runs, and at most twice a minute", () => {
  const kind = new TopSpeed("top", "km/h", 29, [20, 38]), lower = new FakeLower(), speed = (value, subject = "h9", more = {}) => kind.receive({ updates: [update("top", subject, value, 1)], ...more }, lower);
  speed(30);
  assert.equal(lower.now, null, "the first is no news");
  speed(31);
  assert.equal(lower.now, null, "the game has just begun");
  clock.ms += 21_000;
  speed(31.02);
  assert.equal(lower.now, null, "hardly faster");
  speed(32, "a1");
  const content = lower.now.render(roster);
  assert.deepEqual([content.value, content.tag, content.facts[0][2], content.gauge], ["32.0", "TOP SPEED", "before: Ferreira, 31.0 km/h", 12 / 18]);
  speed(32.5, "a1");
  assert.deepEqual([lower.now.speed, lower.refreshed.length], [32.5, 1], "the same player on the air: in place");
  lower.now = null;
  speed(33);
  assert.equal(lower.now, null, "not within 30 s");
  clock.ms += 31_000;
  speed(34, "h9", { snapshot: true });
  assert.equal(lower.now, null, "not from a snapshot");
  speed(35);
  assert.equal(lower.now.speed, 35);
  lower.now = null;
  clock.ms += 31_000;
  speed(null);
  assert.equal(lower.now, null);
});

test("TopSpeed that is too slow is no news", () => {
  const kind = new TopSpeed("top", "km/h", 29, [20, 38]), lower = new FakeLower();
  kind.receive({ updates: [update("top", "h9", 20, 1)] }, lower);
  clock.ms += 60_000;
  kind.receive({ updates: [update("top", "h9", 28, 2)] }, lower);
  assert.equal(lower.now, null);
});
