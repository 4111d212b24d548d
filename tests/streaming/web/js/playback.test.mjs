import assert from "node:assert/strict";
import { test } from "node:test";

import { JS } from "./browser_stub.mjs";

const { Playback } = await import(`${JS}playback.js`);

const T0_US = 1_700_000_000_000_000;
/** Positions of one player who moves 1 m/s along x, from ``from`` to ``to`` s, at 10 Hz. */
function positions(from, to, more = {}) {
  const t = [];
  for (let k = Math.round(from * 10); k <= Math.round(to * 10); k++) t.push(k / 10);
  return { ids: ["a"], period: 1, t_us: t.map((s) => T0_US + Math.round(s * 1e6)), xyz_m: t.map((s) => [s, 0, 0]), ...more };
}
/** A playback that received ``seconds`` of positions, each 0.2 s of it ``rate`` times faster than real time; now is the last arrival. */
function played(seconds, rate = 1) {
  const playback = new Playback();
  let now = 50;
  for (let s = 0; s < seconds; s = Math.round((s + 0.2) * 10) / 10) {
    now = 50 + s / rate;
    playback.receive(positions(s, Math.round((s + 0.1) * 10) / 10), now);
    playback.advance(now);
  }
  return { playback, now };
}
const close = (a, b, by) => assert.ok(Math.abs(a - b) <= by, `${a} is not within ${by} of ${b}`);

test("at interpolates between two positions", () => {
  const playback = new Playback();
  playback.receive(positions(0, 1), 0);
  close(playback.at(0.25)[0], 0.25, 1e-9);
  assert.equal(playback.at(0.5)[0], 0.5);
});

test("at holds the last position after the newest and the first before the oldest", () => {
  const playback = new Playback();
  playback.receive(positions(0, 1), 0);
  assert.deepEqual([playback.at(5)[0], playback.at(-5)[0]], [1, 0]);
});

test("at is NaN where a position is missing, and takes the nearer neighbour where one is", () => {
  const playback = new Playback();
  playback.receive({ ids: ["a"], period: 1, t_us: [T0_US, T0_US + 100_000, T0_US + 200_000, T0_US + 300_000], xyz_m: [[1, 2, null], [null, null, null], [null, null, null], [3, 4, 0]] }, 0);
  assert.deepEqual([...playback.at(0.15)], [NaN, NaN, NaN]);
  assert.deepEqual([...playback.at(0.04)].slice(0, 2), [1, 2]);
  assert.ok(Number.isNaN(playback.at(0.22)[0]));
  assert.equal(playback.at(0.28)[0], 3);
});

test("at does not interpolate over a gap of more than a second", () => {
  const playback = new Playback();
  playback.receive({ ids: ["a"], period: 1, t_us: [T0_US, T0_US + 3_000_000], xyz_m: [[0, 0, 0], [30, 0, 0]] }, 0);
  assert.equal(playback.at(1.5)[0], 0);
});

test("receive leaves out positions that are duplicates or late", () => {
  const playback = new Playback();
  playback.receive(positions(0, 1), 0);
  playback.receive(positions(0.5, 1.2), 0.2);
  assert.equal(playback.t.length, 13);
  assert.ok(playback.t.every((t, i) => i === 0 || t > playback.t[i - 1]));
});

test("receive starts anew with other players", () => {
  const playback = new Playback();
  playback.receive(positions(0, 1), 0);
  playback.receive({ ids: ["a", "b"], period: 2, t_us: [T0_US + 9_000_000], xyz_m: [[1, 1, 1, 2, 2, 2]] }, 1);
  assert.deepEqual([playback.t, playback.ids, playback.period, playback.t0_us], [[0], ["a", "b"], 2, T0_US + 9_000_000]);
});

test("receive starts anew when time goes back by more than ten seconds", () => {
  const playback = new Playback();
  playback.receive(positions(20, 21), 0);
  playback.receive(positions(0, 1), 1);
  assert.ok(playback.t.length < 11, String(playback.t.length));
});

test("receive keeps only the last seconds", () => {
  const { playback } = played(30);
  assert.ok(playback.t.at(-1) - playback.t[0] <= 4.3);
  assert.ok(playback.t.length <= 44);
});

test("rate is the speed of a replay", () => {
  close(played(20, 1).playback.rate, 1, 0.02);
  close(played(80, 8).playback.rate, 8, 0.2);
});

test("advance stays behind the newest position, and moves at the rate", () => {
  const { playback, now } = played(10);
  const first = playback.head;
  assert.ok(first < playback.t.at(-1));
  for (let k = 1; k <= 10; k++) {
    playback.receive(positions(9.9 + 0.1 * k, 9.9 + 0.1 * k), now + 0.1 * k);
    playback.advance(now + 0.1 * k);
  }
  close(playback.head - first, 1, 0.26);
  assert.equal(playback.now_us, playback.t0_us + playback.head * 1e6);
});

test("advance never passes the newest position while the feed is quiet", () => {
  const { playback, now } = played(10);
  for (let k = 1; k < 100; k++) assert.ok(playback.advance(now + 0.05 * k) <= playback.t.at(-1));
  assert.equal(playback.head, playback.t.at(-1));
  close(playback.quiet(now + 5), 5, 1e-9);
});

test("advance jumps where the feed jumped", () => {
  const { playback, now } = played(5);
  playback.receive(positions(100, 100.5), now + 0.2);
  assert.ok(playback.advance(now + 0.2) > 50);
});

test("advance is null without positions", () => {
  const playback = new Playback();
  assert.deepEqual([playback.advance(1), playback.now_us, playback.quiet(1)], [null, null, Infinity]);
  assert.deepEqual([...playback.at(0)], []);
});
