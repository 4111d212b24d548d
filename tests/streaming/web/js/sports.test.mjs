import assert from "node:assert/strict";
import { test } from "node:test";

import { JS, RECORD, stubClock, stubDocument, stubFetch, update } from "./browser_stub.mjs";

const clock = stubClock();
globalThis.location = { protocol: "http:", host: "x", search: "" };
stubDocument();
stubFetch({});
const { best, Figures, outcomeProbabilities, Ranking } = await import(`${JS}blocks.js`);
const { teamColours } = await import(`${JS}colours.js`);
const { fixed, minutes } = await import(`${JS}dom.js`);
const { Feed, Roster } = await import(`${JS}feed.js`);
const { count, plural, us, usUnit } = await import(`${JS}format.js`);
const { Race } = await import(`${JS}sports/f1/state.js`);
const { code, order, seconds } = await import(`${JS}sports/f1/tower.js`);
const { along, BAGS, BASE } = await import(`${JS}sports/mlb/field.js`);
const { State } = await import(`${JS}sports/mlb/state.js`);
const { decision, pass, rows } = await import(`${JS}sports/nfl/blocks.js`);
const { LENGTH, Play, YD } = await import(`${JS}sports/nfl/state.js`);
const { controlField, GRID } = await import(`${JS}sports/soccer/control.js`);
const roster = new Roster(RECORD);

/** A feed that has received these updates. */
function feedOf(...updates) {
  globalThis.WebSocket = class { constructor() { globalThis.socket = this; } };
  const feed = new Feed({ game: "g", sport: "x" }, []);
  feed.open();
  const receive = (...more) => globalThis.socket.onmessage({ data: JSON.stringify({ kind: "stats", game: "g", seq: 1, updates: more }) });
  receive(...updates);
  return { feed, receive };
}
globalThis.setInterval = () => 0; // a feed looks for a newer game now and then
const close = (a, b, by = 1e-9) => assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);

test("outcomeProbabilities are home, draw, away from one, two or three values", () => {
  assert.deepEqual(outcomeProbabilities([0.5, 0.3, 0.2]), [0.5, 0.3, 0.2]);
  assert.deepEqual(outcomeProbabilities([0.75, 0.25]), [0.75, 0, 0.25]);
  assert.deepEqual(outcomeProbabilities(0.75), [0.75, 0, 0.25]);
  for (const missing of [null, undefined, [], [0.5, null], "home", [1, 2, 3, 4]]) assert.equal(outcomeProbabilities(missing), null);
});

test("best is the subject with the highest measured value", () => {
  const { feed } = feedOf(update("s", "a", 2, 1), update("s", "b", null, 1), update("s", "c", 3, 1));
  assert.deepEqual(best(feed, "s"), { id: "c", value: 3 });
  assert.equal(best(feed, "none"), null);
});

test("Ranking is ready while a value is large and young enough", () => {
  const ranking = new Ranking("R", "s", { least: 2, max_age_s: 10 });
  assert.equal(ranking.ready(feedOf(update("s", "a", 1, 1)).feed), false);
  const { feed } = feedOf(update("s", "a", 5, 1));
  assert.equal(ranking.ready(feed), true);
  clock.ms += 11_000;
  assert.equal(ranking.ready(feed), false);
});

test("Figures name the subject of the stat that they are given", () => {
  const figures = new Figures("F", [["s", "speed", 1, "m/s"]], { subjectOf: "s" });
  figures.refresh(feedOf(update("s", "h9", 7.25, 1)).feed, roster, 3);
  assert.match(figures.node.textContent, /^FFerreira7\.3m\/sspeed$/);
});

test("teamColours of two teams differ even where they wear the same, and are never too dark", () => {
  const [home, away] = teamColours({ teams: [{ colour: "#101010" }, { colour: "#111111" }] });
  assert.notEqual(home.fill, away.fill);
  assert.ok(Math.hypot(...home.rgb.map((v, i) => v - away.rgb[i])) >= 110);
  assert.ok(Math.min(...home.rgb) > 60, home.fill);
  assert.deepEqual(teamColours({ teams: [{ colour: "nonsense" }, {}] }).map((c) => c.fill), ["#e5483f", "#3f8ee5"]);
  assert.equal(teamColours({ teams: [{ colour: "#ffffff" }, { colour: "#0000ff" }] })[0].ink, "#0b0f15");
});

test("figures are written in the unit that fits, and a missing one as a dash", () => {
  assert.deepEqual([3.14159, 250, 12_345, 2_500_000].map((v) => us(v) + usUnit(v)), ["3.1µs", "250µs", "12.3ms", "2.5s"]);
  assert.deepEqual([us(null), fixed(NaN), fixed(undefined, 2), fixed(1.005, 1)], ["–", "–", "–", "1.0"]);
  assert.deepEqual([count(1234567), plural(1, "game"), plural(2, "process", "processes"), minutes(125.9), minutes(-3)], ["1,234,567", "1 game", "2 processes", "02:05", "00:00"]);
});

test("Play has down, distance and the line to gain of either direction", () => {
  const periods = [{ number: 1, home_attacks: 1 }, { number: 2, home_attacks: -1 }];
  const down = (team, period, more = {}) => ({ type: "down", t_us: 1, period, team, attrs: { down: 3, to_go_yd: 7, to_goal_yd: 35, ...more } });
  for (const [team, period, direction] of [["home", 1, 1], ["away", 1, -1], ["home", 2, -1]]) {
    const play = new Play();
    play.receive([down(team, period)], roster, periods);
    assert.equal(play.words, "3rd & 7");
    close(play.los, direction * (LENGTH / 2 - 35 * YD));
    close(play.line, play.los + direction * 7 * YD);
  }
});

test("Play at goal to go has no line to gain", () => {
  const play = new Play();
  play.receive([{ type: "down", t_us: 1, period: 1, team: "home", x_m: 40, attrs: { down: 1, to_go_yd: 5, to_goal_yd: 5 } }], roster, [{ number: 1 }]);
  assert.deepEqual([play.words, play.line, play.los], ["1st & Goal", null, 40]);
});

test("Play names the spot by the half of the field that it is in", () => {
  const spot = (goal) => { const play = new Play(); play.receive([{ type: "down", t_us: 1, period: 1, team: "home", attrs: { to_goal_yd: goal } }], roster, []); return play.spot(roster); };
  assert.deepEqual([65, 55, 50, 45, 35].map(spot), ["HAR 35", "HAR 45", "midfield", "NOR 45", "NOR 35"]);
  assert.equal(new Play().spot(roster), "");
});

test("Play ignores deleted and older events, and keeps the score", () => {
  const play = new Play();
  play.receive([{ type: "touchdown", t_us: 9, attrs: { home_points: 7, away_points: 0 } }, { type: "down", t_us: 9, team: "home", attrs: { down: 2, to_go_yd: 0.4 } }], roster, []);
  play.receive([{ type: "down", t_us: 5, attrs: { down: 1 } }, { type: "down", t_us: 10, deleted: true, attrs: { down: 4 } }], roster, []);
  assert.deepEqual([play.words, play.score], ["2nd & inches", [7, 0]]);
});

test("decision is the best of the choices that have a value", () => {
  assert.deepEqual(decision([0.4, 0.5, null]), { best: "kick", values: { go: 0.4, kick: 0.5, punt: null } });
  assert.deepEqual(rows(decision([0.4, 0.5, null])).map(([words, , text, chosen]) => [words, text, chosen]), [["Go for it", "40.0%", false], ["Field goal", "50.0%", true], ["Punt", "–", false]]);
  for (const missing of [null, [null, null, null], 0.5]) assert.equal(decision(missing), null);
});

test("pass is live while the ball is in the air, then the value at arrival", () => {
  const LIVE = "nfl.pass.completion_probability";
  const { feed, receive } = feedOf(update(LIVE, "match", 0.4, 1_000_000));
  assert.deepEqual([pass(feed).value, pass(feed).live], [0.4, true]);
  receive(update(`${LIVE}_at_arrival`, "match", 0.6, 2_000_000));
  clock.ms += 1500;
  assert.deepEqual([pass(feed).value, pass(feed).live], [0.6, false]);
  assert.equal(pass(feedOf(update(LIVE, "match", null, 1)).feed), null);
});

test("Race follows laps, tyres, stops, flags and retirements", () => {
  const race = new Race(), event = (type, player, attrs = {}, t_us = 1) => ({ id: `${type}${player}`, type, player, attrs, t_us });
  assert.equal(race.words, "formation");
  race.receive([event("start", null, { laps: 50 }), event("loop", "c1", { lap: 3 }), event("tyres", "c1", { compound: "soft", age_laps: 2 }), event("loop", "c1", { lap: 8 }), event("loop", "c1", { lap: 7 })]);
  assert.deepEqual(race.tyre("c1"), { letter: "S", name: "soft", age: 7 });
  assert.deepEqual([race.laps, race.lap, race.tyre("c2"), race.words], [50, 8, null, "green flag"]);
  race.receive([event("pit_entry", "c1"), event("track_status", null, { status: "safety_car" }, 9), event("track_status", null, { status: "clear" }, 5), event("retirement", "c2")]);
  assert.deepEqual([race.inPit.get("c1"), race.words, race.out.has("c2")], [true, "safety car", true]);
  race.receive([event("pit_exit", "c1"), event("finish", null)]);
  assert.deepEqual([race.inPit.get("c1"), race.stops.get("c1"), race.words], [false, 1, "finish"]);
});

test("order is by position, and by gap where positions are missing", () => {
  const race = new Roster({ ...RECORD, entities: ["a", "b", "c"].map((id) => ({ id, name: id, role: "car" })) });
  const gaps = [update("f1.car.gap", "a", 9, 1), update("f1.car.gap", "b", 0, 1)];
  assert.deepEqual(order(feedOf(...gaps).feed, race).map((car) => car.id), ["b", "a", "c"]);
  const { feed } = feedOf(...gaps, update("f1.car.position", "c", 1, 1), update("f1.car.position", "a", 2, 1), update("f1.car.position", "b", 3, 1));
  assert.deepEqual(order(feed, race).map((car) => [car.id, car.place, car.stale]), [["c", 1, true], ["a", 2, false], ["b", 3, false]]);
});

test("code is three letters of a driver, seconds a gap as broadcasts write it", () => {
  assert.deepEqual([code({ position: "VER", name: "Max" }, "x"), code({ name: "Sergio Pérez" }, "x"), code(undefined, "car-7")], ["VER", "PER", "CAR"]);
  assert.deepEqual([seconds(3.1), seconds(61.25), seconds(null)], ["+3.100", "+1:01.250", "–"]);
});

test("State counts balls and strikes, and starts each play anew", () => {
  const state = new State(), pitch = (outcome, t_us) => ({ type: "pitch", outcome, t_us });
  state.receive([{ type: "half_start", t_us: 1, period: 2, attrs: { half: "bottom", outs: 1, first: true, home_runs: 3, away_runs: 2 } }]);
  state.receive(["ball", "foul", "foul", "foul", "swinging_strike"].map((outcome, i) => pitch(outcome, 2 + i)));
  assert.deepEqual([state.balls, state.strikes, state.outs, state.first, state.score, state.words], [1, 3, 1, true, [3, 2], "bottom 2"]);
  state.receive([{ type: "play", t_us: 20, attrs: { outs: 2 } }, pitch("ball", 10)]);
  assert.deepEqual([state.balls, state.strikes, state.outs], [0, 0, 2]);
  state.receive([{ type: "game_end", t_us: 30 }]);
  assert.equal(state.words, "final");
  assert.equal(new State().words, "first pitch soon");
});

test("along is the lead on the base path and the distance from it", () => {
  const [[x1, y1], [x2, y2]] = [BAGS[1], BAGS[2]], share = 0.25;
  const [lead, off] = along(1, { x: x1 + (x2 - x1) * share, y: y1 + (y2 - y1) * share });
  close(lead, BASE * share);
  close(off, 0);
  close(along(1, { x: x1, y: y1 + 3 })[1], 3 * Math.SQRT1_2);
});

test("controlField is a half between two equal players and tends to the side of the nearer one", () => {
  const players = [{ side: 0, x: -10, y: 0 }, { side: 1, x: 10, y: 0 }, { side: -1, x: 0, y: 0 }], [n, m] = GRID, share = controlField(players, null, 105, 68);
  assert.equal(share.length, n * m);
  const row = [...share.slice((m / 2) * n, (m / 2 + 1) * n)];
  close(row[n / 2 - 1] + row[n / 2], 1, 1e-6);
  assert.ok(row[5] > 0.9 && row[n - 6] < 0.1);
  const moving = controlField([{ ...players[0], v: [8, 0] }, players[1]], null, 105, 68);
  assert.ok(moving[(m / 2) * n + n / 2] > share[(m / 2) * n + n / 2], "a player who runs there gets there first");
});
