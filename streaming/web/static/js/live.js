/* The live page: puts the feed, the pitch, the lower third and the panel together. */

import { $, getJson, minutes, put } from "./dom.js";
import { dress, teamColours } from "./colours.js";
import { Cast, chooseGame, Feed } from "./feed.js";
import { LowerThird } from "./lower-third.js";
import { Momentum, People, Rows, Share, Shots, WinProbability, XGoalsRace } from "./panels.js";
import { Pitch } from "./pitch.js";
import { Playback } from "./playback.js";

/** a value older than this is shown in grey */
const STALE_S = 3;
const TOPICS = [
  "positions.soccer", "stats.soccer.shot.*", "stats.soccer.team.*", "stats.soccer.match.*", "stats.soccer.player.top_speed",
  "stats.soccer.player.mean_pressure", "stats.soccer.player.pressure", "stats.game.momentum", "stats.game.story",
  "events.soccer.shot", "events.soccer.own_goal",
];

const playback = new Playback();
const pitch = new Pitch($("canvas"));
const lower = new LowerThird($("lower"));
const shots = new Map();
const race = new XGoalsRace(shots), win = new WinProbability(), momentum = new Momentum();
const blocks = [
  win, race,
  new Share("Possession", "soccer.team.possession"),
  new Share("Pitch control", "soccer.team.pitch_control", (v) => (Array.isArray(v) ? v[0] : v)),
  momentum, new People(),
  new Rows([
    ["soccer.team.pressing", "PPDA", 1], ["soccer.team.line_height", "line height", 0, " m"], ["soccer.team.width", "width", 0, " m"],
    ["soccer.team.compactness", "compactness", 0, " m"], ["soccer.team.ball_recovery_time", "ball recovery", 1, " s"], ["soccer.team.shot_efficiency", "goals − xGoals", 2],
  ]),
  new Shots(shots),
];
$("panel").append(...blocks.map((b) => b.node));

let cast = null, score = [null, null], connection = "connecting";

const notice = (head, text) => {
  $("notice").hidden = !head;
  $("notice").children[0].textContent = head ?? "";
  $("notice").children[1].textContent = text ?? "";
};

for (const chip of $("chips").children) {
  chip.addEventListener("click", () => {
    const on = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", on);
    pitch.layers[chip.dataset.layer] = on;
  });
}

const feed = new Feed(await chooseGame((head, text) => notice(head, text)), TOPICS);
notice(null);

feed.addEventListener("game", ({ detail: record }) => {
  cast = new Cast(record);
  const colours = teamColours(record);
  dress(document.documentElement, colours);
  pitch.setGame(cast, colours);
  lower.setGame(cast);
  const [home, away] = record.teams;
  put($("home-short"), home.short || home.name); put($("away-short"), away.short || away.name);
  document.title = `${record.title || `${home.name} v ${away.name}`} · Touchline`;
});
feed.addEventListener("positions", ({ detail }) => playback.take(detail));
feed.addEventListener("state", ({ detail }) => { connection = detail; });
feed.addEventListener("gap", () => { load(); });
feed.addEventListener("stats", ({ detail: message }) => {
  if (!cast) return;
  keepShots(message);
  lower.take(message);
  for (const update of message.updates ?? []) if (update.stat === "game.story") tell(update.value);
});
lower.addEventListener("shown", ({ detail }) => {
  const shot = detail.kind === "shot" ? shots.get(detail.shot.id) : null;
  if (shot) strike(shot);
});

/** Mark the shot on the pitch: from where it was struck to the goal that its team attacks in that period. */
function strike(shot) {
  if (typeof shot.x !== "number" && playback.head !== null) { // nobody reported the event itself: take the shooter's place
    const i = playback.ids.indexOf(shot.who), xyz = playback.at((shot.t_us - playback.t0_us) / 1e6);
    if (i >= 0 && Number.isFinite(xyz[3 * i])) [shot.x, shot.y] = [xyz[3 * i], xyz[3 * i + 1]];
  }
  if (typeof shot.x !== "number") return;
  const period = (feed.record.periods ?? []).filter((p) => p.start_us <= shot.t_us).at(-1);
  const home = period ? period.home_attacks ?? 1 : 0; // left out on the wire when it is +1
  const attack = home ? (shot.side === 1 ? -home : home) : Math.sign(shot.x) || 1;
  pitch.shotNow = { x: shot.x, y: shot.y, attack, at: performance.now() };
}

/* What the page must know of the past: every shot, and how the match-wide values have been. */
async function load() {
  const at = `/api/games/${encodeURIComponent(feed.game)}`;
  const [moments, events, history] = await Promise.all([
    getJson(`${at}/moments?stat=soccer.shot.xgoals`), getJson(`${at}/events?type=shot`), getJson(`${at}/history?stat=soccer.match.*,game.momentum`),
  ]);
  keepShots({ updates: moments.updates, events });
  win.history(history);
  momentum.history(history);
}

function keepShots(message) {
  for (const update of message.updates ?? []) {
    if (update.stat !== "soccer.shot.xgoals" || !update.event) continue;
    const shot = shots.get(update.event) ?? {};
    Object.assign(shot, { t_us: update.window_us[1], side: cast?.side(update.subject) ?? -1, who: update.subject, xgoals: update.value });
    shots.set(update.event, shot);
  }
  for (const event of message.events ?? []) {
    if (event.type !== "shot") continue;
    if (event.deleted) { shots.delete(event.id); continue; }
    const shot = shots.get(event.id) ?? {};
    Object.assign(shot, { x: event.x_m, y: event.y_m, goal: event.outcome === "goal", outcome: event.outcome, t_us: shot.t_us ?? event.t_us, who: shot.who ?? event.player });
    shots.set(event.id, shot);
    const now = lower.now;
    if (now?.kind === "shot" && now.shot.id === event.id && !pitch.shotNow) strike(shot);
  }
  for (const shot of shots.values()) if (cast && (shot.side ?? -1) < 0 && shot.who) shot.side = cast.side(shot.who);
  pitch.marks = [...shots.values()].filter((s) => typeof s.x === "number");
}

/* One sentence in the viewer's language. */
function tell(value) {
  if (typeof value !== "string") return;
  let told = value;
  try {
    const languages = JSON.parse(value);
    told = languages[navigator.language.slice(0, 2)] ?? languages.en ?? Object.values(languages)[0];
  } catch { /* plain text is fine */ }
  put($("story"), told);
  $("story").classList.remove("told");
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => $("story").classList.add("told"), 20000);
}

function readScore() {
  const value = feed.only("soccer.match.score");
  const now = Array.isArray(value) ? value : feed.record && shots.size ? [0, 1].map((s) => [...shots.values()].filter((x) => x.goal && x.side === s).length) : [0, 0];
  [$("home-goals"), $("away-goals")].forEach((node, i) => {
    const goals = now[i];
    if (goals === score[i]) return;
    if (score[i] !== null && goals > score[i]) { node.classList.remove("scored"); void node.offsetWidth; node.classList.add("scored"); }
    score[i] = goals;
    put(node, goals === null || goals === undefined ? "–" : String(Math.round(goals)));
  });
}

/* Minutes as the sport counts them: the second half begins at 45, unless the halves of this match are shorter. */
const NOMINAL_MIN = { 1: 0, 2: 45, 3: 90, 4: 105, 5: 120 };
function clock() {
  const now = playback.now_us, periods = feed.record?.periods ?? [];
  if (now === null || !periods.length) return;
  const current = periods.filter((p) => p.start_us <= now).at(-1);
  if (!current) { put($("clock"), "00:00"); put($("period"), "kick-off soon"); return; }
  const short = periods[0].end_us && periods[0].end_us - periods[0].start_us < 40 * 60e6;
  const before = short
    ? periods.filter((p) => p.number < current.number && p.end_us).reduce((s, p) => s + Math.round((p.end_us - p.start_us) / 60e6) * 60, 0)
    : (NOMINAL_MIN[current.number] ?? 0) * 60;
  const over = current.end_us && now > current.end_us + 1e6;
  const played = Math.min(now, current.end_us ?? Infinity) - current.start_us;
  put($("clock"), minutes(before + played / 1e6));
  const last = current.number === periods.at(-1).number && periods.length > 1;
  put($("period"), over ? (last ? "full time" : "half time") : ["", "1st half", "2nd half", "extra time", "extra time", "penalties"][current.number] ?? "");
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
  const now = ms / 1000, quiet = playback.quiet(now);
  const t = playback.advance(now);
  if (t !== null) pitch.draw(playback.ids, playback.at(t), t, quiet > STALE_S || connection === "down");
  else pitch.draw([], [], 0, true);
  if (ms - slow > 200) {
    slow = ms;
    clock(); state(quiet); readScore();
    race.now_us = playback.now_us;
    if (cast) for (const block of blocks) block.refresh(feed, cast, STALE_S);
  }
  requestAnimationFrame(picture);
}

feed.open();
load().catch((error) => console.warn(error));
document.fonts.ready.then(() => requestAnimationFrame(picture));
window.touchline = { feed, playback, pitch, lower, shots }; // for the curious
