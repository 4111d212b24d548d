/* The live page of any game: puts the feed, the field, the lower third and the panel together. What differs between sports is in the
   module of the game's sport (sports.js). */

import { $, el, getJson, put } from "./dom.js";
import { applySideColours } from "./colours.js";
import { Roster, chooseGame, Feed, gameChooser } from "./feed.js";
import { LowerThird } from "./lower-third.js";
import { Playback } from "./playback.js";
import { sportModule } from "./sports.js";

/** a value older than this is shown in grey */
const STALE_S = 3;

const notice = (head, text) => {
  $("notice").hidden = !head;
  $("notice").children[0].textContent = head ?? "";
  $("notice").children[1].textContent = text ?? "";
};

const entry = await chooseGame((head, text) => notice(head, text));
const sport = await sportModule(entry.sport).catch((error) => { notice(`The page of ${entry.sport} does not load`, String(error.message)); throw error; });
notice(null);
gameChooser($("game"), entry.game);

let roster = null, connection = "connecting";
const playback = new Playback();
const feed = new Feed(entry, sport.topics);
const lower = new LowerThird($("lower"), sport.lowerThirds.kinds());
const { field, layers, bug, blocks, ...extras } = sport.livePage({ canvas: $("canvas"), bug: $("bug"), feed, playback, lower, roster: () => roster });
$("panel").append(...blocks.map((b) => b.node));

for (const [layer, words] of layers) {
  const chip = el("button", { class: "chip", "data-layer": layer, "aria-pressed": String(field.layers[layer] === true) }, words);
  chip.addEventListener("click", () => {
    const on = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", on);
    field.layers[layer] = on;
    field.redraw();
  });
  $("chips").append(chip);
}

feed.addEventListener("game", ({ detail: record }) => {
  roster = new Roster(record);
  applySideColours(document.documentElement, roster.colours);
  field.setGame(roster, roster.colours);
  lower.setGame(roster);
  bug.setGame(roster);
  document.title = `${record.title || `${roster.name(roster.home)} v ${roster.name(roster.away)}`} · Touchline`;
});
feed.addEventListener("positions", ({ detail }) => playback.receive(detail));
feed.addEventListener("state", ({ detail }) => { connection = detail; });
feed.addEventListener("gap", () => { load(); });
feed.addEventListener("stats", ({ detail: message }) => {
  if (!roster) return;
  extras.receive?.(message);
  lower.receive(message);
  for (const update of message.updates ?? []) if (update.stat === "game.story") showStory(update);
});
lower.addEventListener("shown", ({ detail }) => extras.shown?.(detail));

/* Load the past: what the sport needs, and the values of the game so far. */
async function load() {
  const at = `/api/games/${encodeURIComponent(feed.game)}`;
  const past = blocks.filter((b) => b.history).map((b) => b.stats[0]).concat("none"); // an empty list would request everything
  const [history, moments] = await Promise.all([
    getJson(`${at}/history?stat=${past.join(",")}`), getJson(`${at}/moments?stat=${past.join(",")}`), extras.load?.(at),
  ]);
  for (const block of blocks) if (block.history) block.history(history, moments.updates);
}

/* A story's sentence in a language, else in English: from its value, or from JSON text, which is what older recordings hold. */
function sentence(value, language) {
  let story = value;
  if (typeof value === "string") {
    try { story = JSON.parse(value); } catch { return ""; }
  }
  const text = story?.[language] ?? story?.en;
  return typeof text === "string" ? text : "";
}

/* One sentence in the viewer's language; one that is withdrawn disappears at once. */
function showStory({ event, value }) {
  const text = sentence(value, navigator.language.slice(0, 2));
  if (!text) {
    if (event && event === showStory.event) $("story").classList.add("faded");
    return;
  }
  showStory.event = event;
  put($("story"), text);
  $("story").classList.remove("faded");
  clearTimeout(showStory.timer);
  showStory.timer = setTimeout(() => $("story").classList.add("faded"), 20000);
}

function showState(quiet) {
  const pill = $("state");
  const [kind, text] =
    connection === "down" ? ["down", "no connection"]
    : !Number.isFinite(quiet) ? ["quiet", "waiting for positions"]
    : quiet > STALE_S ? ["quiet", `feed quiet ${quiet < 100 ? quiet.toFixed(0) + " s" : Math.floor(quiet / 60) + " min"}`]
    : ["on", playback.rate > 1.4 ? `replay ${playback.rate.toFixed(0)}×` : "live"];
  pill.className = `pill push ${kind}`;
  put(pill.children[1], text);
}

let slow = 0;
function animate(ms) {
  requestAnimationFrame(animate); // first, so that an error in a sport's module does not stop the page
  const now = ms / 1000, quiet = playback.quiet(now);
  const t = playback.advance(now);
  if (t !== null) field.draw(playback.ids, playback.at(t), t, quiet > STALE_S || connection === "down");
  else field.draw([], [], 0, true);
  if (ms - slow > 200) {
    slow = ms;
    showState(quiet);
    if (roster) {
      bug.refresh(playback.now_us, feed.record?.periods ?? []);
      for (const block of blocks) block.refresh(feed, roster, STALE_S, playback.now_us);
    }
  }
}

feed.open();
load().catch((error) => console.warn(error));
document.fonts.ready.then(() => requestAnimationFrame(animate));
window.touchline = { feed, playback, field, lower, blocks, ...extras.window }; // for the browser console and the tests
