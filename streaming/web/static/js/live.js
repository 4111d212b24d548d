/* The live page of any game: puts the feed, the field, the lower third and the panel together. What differs between sports is in the
   module of the game's sport (sports.js). */

import { $, el, getJson, put } from "./dom.js";
import { dress } from "./colours.js";
import { Cast, chooseGame, Feed, gameChooser } from "./feed.js";
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

let cast = null, connection = "connecting";
const playback = new Playback();
const feed = new Feed(entry, sport.topics);
const lower = new LowerThird($("lower"), sport.thirds.kinds());
const { field, layers, bug, blocks, ...stage } = sport.stage({ canvas: $("canvas"), bug: $("bug"), feed, playback, lower, cast: () => cast });
$("panel").append(...blocks.map((b) => b.node));

for (const [layer, words] of layers) {
  const chip = el("button", { class: "chip", "data-layer": layer, "aria-pressed": String(field.layers[layer] === true) }, words);
  chip.addEventListener("click", () => {
    const on = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", on);
    field.layers[layer] = on;
    field.look();
  });
  $("chips").append(chip);
}

feed.addEventListener("game", ({ detail: record }) => {
  cast = new Cast(record);
  dress(document.documentElement, cast.colours);
  field.setGame(cast, cast.colours);
  lower.setGame(cast);
  bug.setGame(cast);
  document.title = `${record.title || `${cast.name(cast.home)} v ${cast.name(cast.away)}`} · Touchline`;
});
feed.addEventListener("positions", ({ detail }) => playback.take(detail));
feed.addEventListener("state", ({ detail }) => { connection = detail; });
feed.addEventListener("gap", () => { load(); });
feed.addEventListener("stats", ({ detail: message }) => {
  if (!cast) return;
  stage.take?.(message);
  lower.take(message);
  for (const update of message.updates ?? []) if (update.stat === "game.story") tell(update);
});
lower.addEventListener("shown", ({ detail }) => stage.shown?.(detail));

/* What the page must know of the past: what the sport asks for, and how the game-wide values have been. */
async function load() {
  const at = `/api/games/${encodeURIComponent(feed.game)}`;
  const past = blocks.filter((b) => b.history).map((b) => b.stats[0]).concat("none"); // an empty list would ask for everything
  const [history, moments] = await Promise.all([
    getJson(`${at}/history?stat=${past.join(",")}`), getJson(`${at}/moments?stat=${past.join(",")}`), stage.load?.(at),
  ]);
  for (const block of blocks) if (block.history) block.history(history, moments.updates);
}

/* A story's sentence in a language, else in English: from its value, or from JSON text, which is what older recordings hold. */
function sentence(value, language) {
  let told = value;
  if (typeof value === "string") {
    try { told = JSON.parse(value); } catch { return ""; }
  }
  const text = told?.[language] ?? told?.en;
  return typeof text === "string" ? text : "";
}

/* One sentence in the viewer's language; one that is taken back goes at once. */
function tell({ event, value }) {
  const told = sentence(value, navigator.language.slice(0, 2));
  if (!told) {
    if (event && event === tell.event) $("story").classList.add("told");
    return;
  }
  tell.event = event;
  put($("story"), told);
  $("story").classList.remove("told");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => $("story").classList.add("told"), 20000);
}

function state(quiet) {
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
function picture(ms) {
  requestAnimationFrame(picture); // first: whatever a sport's own piece does wrong, the page goes on
  const now = ms / 1000, quiet = playback.quiet(now);
  const t = playback.advance(now);
  if (t !== null) field.draw(playback.ids, playback.at(t), t, quiet > STALE_S || connection === "down");
  else field.draw([], [], 0, true);
  if (ms - slow > 200) {
    slow = ms;
    state(quiet);
    if (cast) {
      bug.refresh(playback.now_us, feed.record?.periods ?? []);
      for (const block of blocks) block.refresh(feed, cast, STALE_S, playback.now_us);
    }
  }
}

feed.open();
load().catch((error) => console.warn(error));
document.fonts.ready.then(() => requestAnimationFrame(picture));
window.touchline = { feed, playback, field, lower, blocks, ...stage.window }; // for the curious
