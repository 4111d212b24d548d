import assert from "node:assert/strict";
import { test } from "node:test";

import { JS, RECORD, stubClock, stubDocument } from "./browser_stub.mjs";

stubClock();
globalThis.location = { protocol: "http:", host: "x", search: "" };
const root = stubDocument();
const { Roster } = await import(`${JS}feed.js`);
const { LowerThird } = await import(`${JS}lower-third.js`);

/** A lower third of 8 s, what it dispatched, and a card of a name and a rank. */
function lowerThird(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const lower = new LowerThird(root, []), seen = [];
  lower.setGame(new Roster(RECORD));
  for (const type of ["shown", "hidden"]) lower.addEventListener(type, ({ detail }) => seen.push(`${type} ${detail.name}`));
  const card = (name, rank, more = {}) => ({ name, kind: "test", rank, subject: "h9", render: () => ({ value: name, label: "", ...more }) });
  return { lower, seen, card };
}
const onAir = () => root.children[0]?.textContent ?? "";

test("LowerThird shows a card for its seconds, then the next", (t) => {
  const { lower, seen, card } = lowerThird(t);
  lower.push(card("one"));
  lower.push(card("two"));
  assert.match(onAir(), /^9Ferreira.*one/);
  t.mock.timers.tick(7999);
  assert.deepEqual(seen, ["shown one"]);
  t.mock.timers.tick(1);
  t.mock.timers.tick(450);
  assert.deepEqual(seen, ["shown one", "hidden one", "shown two"]);
  assert.match(onAir(), /two/);
});

test("LowerThird keeps only the two newest of the cards that wait", (t) => {
  const { lower, card } = lowerThird(t);
  for (const name of ["one", "two", "three", "four"]) lower.push(card(name));
  assert.deepEqual(lower.queue.map((each) => each.name), ["three", "four"]);
});

test("LowerThird takes a card of rank 0 off the air for one of rank 1, and not the other way round", (t) => {
  const { lower, seen, card } = lowerThird(t);
  lower.push(card("speed", 0));
  lower.push(card("shot", 1));
  t.mock.timers.tick(0);
  assert.deepEqual(seen, ["shown speed", "hidden speed", "shown shot"]);
  lower.push(card("speed", 0));
  t.mock.timers.tick(100);
  assert.equal(lower.now.name, "shot");
});

test("LowerThird.drop removes a card from the queue, and from the air", (t) => {
  const { lower, seen, card } = lowerThird(t);
  const [one, two, three] = ["one", "two", "three"].map((name) => card(name));
  for (const each of [one, two, three]) lower.push(each);
  lower.drop(two);
  lower.drop(one);
  t.mock.timers.tick(450);
  assert.deepEqual(seen, ["shown one", "hidden one", "shown three"]);
});

test("LowerThird.refresh renders the card on the air again, and no other", (t) => {
  const { lower, card } = lowerThird(t);
  const one = card("one"), two = card("two");
  lower.push(one);
  lower.push(two);
  one.render = () => ({ value: "1.00", label: "", tag: "GOAL", strong: true });
  two.render = () => assert.fail("it is not on the air");
  lower.refresh(one);
  lower.refresh(two);
  assert.match(onAir(), /GOAL.*1\.00/);
});

test("LowerThird shows another player than the subject where the card names one", (t) => {
  const { lower, card } = lowerThird(t);
  lower.push(card("pass", 1, { styledAs: "a1", name: "Petrov", team: "Northgate", number: "1" }));
  assert.match(onAir(), /^1PetrovNorthgate/);
  assert.equal(lower.now.node.className, "third is-away");
});

test("LowerThird ignores messages until the game is known", () => {
  const messages = [], lower = new LowerThird(root, [{ receive: (message) => messages.push(message) }]);
  lower.receive("early");
  lower.setGame(new Roster(RECORD));
  lower.receive("late");
  assert.deepEqual(messages, ["late"]);
});
