/* The operator page: once a second, latencies and counts of the chosen game's operator and of the gateway, beside their budgets. */

import { showScaleOut } from "./scale-out.js";
import { $, el, fixed, getJson, put } from "./dom.js";
import { showModels } from "./models.js";
import { count, head, us, usUnit } from "./format.js";

/** a window's budget, microseconds: median and 99th percentile */
const BUDGETS = {
  "": { p50: 300, p99: 1000 }, kafka: { p50: 20_000, p99: 50_000 },
  "flink, thread": { p50: 20_000, p99: 50_000 }, "flink, process": { p50: 100_000, p99: 250_000 },
};
let BUDGET = BUDGETS[""];
/** the budget of where an operator runs: through a broker the way there counts as well */
const budgetOf = (runner) => BUDGETS[Object.keys(BUDGETS).find((where) => where && runner?.startsWith(where)) ?? ""];
let chosen = new URLSearchParams(location.search).get("game");
let previous = null;

function figure(title, value, unit, text, state = "") {
  return el("section", { class: "card" }, el("h2", {}, title), el("div", { class: `figure ${state}` }, value, unit ? el("small", {}, unit) : null), el("p", {}, text));
}

function histogram(node, latency, bounds, budget) {
  const worst = Math.max(1, ...latency.counts);
  const used = latency.counts.map((n, i) => [n, i]).filter(([n]) => n > 0).map(([, i]) => i);
  const from = Math.max(0, Math.min(...used, 4) - 1), to = Math.min(bounds.length, Math.max(...used, 6) + 1);
  if (!latency.count) { node.replaceChildren(el("p", { class: "empty" }, "nothing yet")); return; }
  const bars = [];
  for (let i = from; i <= to; i++) {
    const bound = bounds[i], n = latency.counts[i];
    const text = bound === undefined ? `> ${us(bounds.at(-1))}${usUnit(bounds.at(-1))}` : bound < 1000 ? `${bound}µs` : `${bound / 1000}ms`;
    bars.push(el("div", { class: (bound ?? Infinity) > budget ? "late" : "" },
      el("b", {}, n ? (n / latency.count >= 0.001 ? `${((100 * n) / latency.count).toFixed(n / latency.count > 0.1 ? 0 : 1)}%` : "<0.1%") : ""),
      el("i", { style: `height:${n ? Math.max(1.5, (n / worst) * 100) : 0}%` }), el("span", {}, text)));
  }
  node.replaceChildren(...bars);
}

/** more steps than this are shown in groups side by side instead of one long table */
const MANY = 40;

/** All steps by the first word of their names, in the order in which they run, each group with its sum. */
function groups(rows) {
  const found = new Map();
  for (const r of rows) {
    const [group, ...rest] = r.name.split(".");
    if (!found.has(group)) found.set(group, []);
    found.get(group).push({ ...r, short: rest.join(".") || group });
  }
  return [...found].map(([name, steps]) => ({ name, steps, share: steps.reduce((a, r) => a + r.share, 0) }));
}

function flow(rows) {
  const all = groups(rows), top = Math.max(...rows.map((r) => r.share), 1e-9);
  return all.map((g) => el("section", {}, el("h3", {}, g.name, el("small", {}, `${g.steps.length} step${g.steps.length === 1 ? "" : "s"}`), el("b", {}, us(g.share))),
    ...g.steps.map((r) => el("div", { title: `${r.name}: mean ${us(r.mean)} ${usUnit(r.mean)}, latest ${us(r.last_us)} ${usUnit(r.last_us)}, ${count(r.calls)} calls` },
      el("span", {}, r.short), el("i", {}, el("u", { style: `width:${(r.share / top) * 100}%` })), el("b", {}, us(r.share)), el("small", {}, `${us(r.max_us)}${r.max_us >= 9950 ? " " + usUnit(r.max_us) : ""}`)))));
}

function steps(meters) {
  const old = previous?.meters, since = old && old.steps.length === meters.steps.length ? old : null;
  const rows = meters.steps.map((s, i) => {
    const calls = s.calls - (since?.steps[i].calls ?? 0), total = s.total_us - (since?.steps[i].total_us ?? 0);
    return { ...s, mean: calls > 0 ? total / calls : s.calls ? s.total_us / s.calls : 0, share: meters.windows ? s.total_us / meters.windows : 0 };
  });
  const sum = rows.reduce((a, r) => a + r.share, 0), top = Math.max(...rows.map((r) => r.share), 1e-9);
  put($("budget"), `${rows.length} steps, ${us(sum)} ${usUnit(sum)} of work a window; budget from close to publish ${us(BUDGET.p50)} ${usUnit(BUDGET.p50)}`);
  const many = rows.length > MANY;
  $("budget-split").classList.toggle("many", many);
  $("steps").hidden = many; $("flow").hidden = !many;
  if (many) {
    $("flow").replaceChildren(el("p", { class: "empty" }, "µs of work a window by step, and the worst call; the rest is in a step's tip"), ...flow(rows));
    return;
  }
  rows.sort((a, b) => b.share - a.share);
  $("steps").replaceChildren(head([["step"], ["µs a window", 1], [""], ["mean", 1], ["latest", 1], ["worst", 1], ["calls", 1]]),
    ...rows.map((r) => el("tr", {},
      el("td", {}, r.name), el("td", { class: "n" }, us(r.share)),
      el("td", { class: "wide" }, el("span", { class: "meter", style: `width:${(r.share / top) * 100}%` })),
      el("td", { class: "n" }, us(r.mean)), el("td", { class: "n" }, us(r.last_us)), el("td", { class: "n" }, `${us(r.max_us)}${r.max_us >= 9950 ? " " + usUnit(r.max_us) : ""}`), el("td", { class: "n" }, count(r.calls)))));
}

function show(all) {
  const names = Object.keys(all.games);
  const select = $("game");
  select.hidden = names.length < 2;
  if (select.options.length !== names.length) {
    select.replaceChildren(...names.map((g) => el("option", { value: g }, `${all.games[g].sport} · ${all.games[g].title || g}`)));
    if (chosen && names.includes(chosen)) select.value = chosen;
  }
  if (!chosen || !names.includes(chosen)) chosen = names.at(-1);
  select.value = chosen ?? "";
  const game = all.games[chosen], meters = game?.meters, gateway = all.gateway;
  BUDGET = budgetOf(game?.runner);
  const connected = (gateway.subscribers.websocket ?? 0) + (gateway.subscribers.sse ?? 0);
  const cards = [];
  const over = (v, budget) => (typeof v !== "number" ? "" : v > budget ? "over" : "well");
  const dropped = (kind) => (meters?.records ?? []).filter(([k]) => k === kind).reduce((a, [, , n]) => a + n, 0);
  if (meters) {
    const w = meters.window_latency, taken = meters.records.reduce((a, [, , n]) => a + n, 0) || 1;
    cards.push(
      figure("p50 latency", us(w.p50_us), usUnit(w.p50_us), `budget ${us(BUDGET.p50)} ${usUnit(BUDGET.p50)}`, over(w.p50_us, BUDGET.p50)),
      figure("p99 latency", us(w.p99_us), usUnit(w.p99_us), `budget ${us(BUDGET.p99)} ${usUnit(BUDGET.p99)}, worst ${us(w.max_us)} ${usUnit(w.max_us)}`, over(w.p99_us, BUDGET.p99)),
      figure("Watermark lag", fixed(meters.watermark_lag_us / 1000), "ms", "watermark behind the newest arrival"),
      figure("Late", count(dropped("late")), "", `${((100 * dropped("late")) / taken).toFixed(2)} % of records`),
      figure("Quarantined", count(dropped("quarantined") + dropped("dropped")), "", `${count(dropped("duplicate"))} duplicates besides`),
    );
  }
  cards.push(
    figure("WebSocket delivery p99", us(gateway.latency.p99_us), usUnit(gateway.latency.p99_us), "budget 10 ms", over(gateway.latency.p99_us, 10000)),
    figure("Subscribers", count(connected), "", `${gateway.subscribers.websocket ?? 0} sockets, ${gateway.subscribers.sse ?? 0} streams`),
    figure("Coalesced", count(gateway.skipped), "", `values replaced by newer ones for slow clients; ${count(gateway.shed)} blocks shed`),
  );
  $("figures").replaceChildren(...cards);
  if (meters) {
    steps(meters);
    histogram($("windows"), meters.window_latency, all.buckets_us, BUDGET.p99);
    histogram($("events"), meters.event_latency, all.buckets_us, 10000);
    put($("window-count"), `${count(meters.windows)} windows`); put($("event-count"), `${count(meters.events)} events`);
    $("records").replaceChildren(head([["outcome"], ["reason"], ["records", 1]]),
      ...meters.records.map(([kind, reason, n]) => el("tr", {}, el("td", {}, kind), el("td", {}, reason), el("td", { class: "n" }, count(n)))));
    showUnavailable(meters.unavailable ?? []);
    if (!previous || previous.windows !== meters.windows) previous = { meters, windows: meters.windows };
  } else $("steps").replaceChildren(el("tr", {}, el("td", { class: "empty" }, names.length ? "This game has no operator in this process." : "No game yet.")));
  $("dead").replaceChildren(...(all.dead.length
    ? [head([["time"], ["topic"], ["reason"], ["detail"]]), ...all.dead.slice(0, 10).map((d) => el("tr", {},
      el("td", { class: "num" }, new Date(d.arrival_us / 1000).toISOString().slice(11, 23)), el("td", {}, d.topic), el("td", {}, d.reason), el("td", {}, d.detail || `${d.records} record${d.records === 1 ? "" : "s"}`)))]
    : [el("tr", {}, el("td", { class: "empty" }, "none"))]));
  showScaleOut(all, chosen);
  showModels(all.models, all.registry);
  showGames(all);
  const quiet = game ? game.quiet_s : Infinity;
  pill(quiet > 3 ? "quiet" : "on", !game ? "no game" : quiet > 3 ? `feed quiet ${fixed(quiet)} s` : "live");
}

/** Stats without a value because their model is not at home in this game, each once with its reason. */
function showUnavailable(rows) {
  $("unavailable-card").hidden = !rows.length;
  put($("unavailable-count"), rows.length ? `${new Set(rows.map(([stat]) => stat)).size} stats` : "");
  $("unavailable").replaceChildren(head([["stat"], ["reason"], ["values", 1]]),
    ...rows.map(([stat, reason, n]) => el("tr", {}, el("td", {}, stat), el("td", {}, reason), el("td", { class: "n" }, count(n)))));
}

/** Every game of this gateway in a line: how its windows do; chosen by a click or the Enter key it shows its steps. */
function showGames(all) {
  const games = Object.entries(all.games);
  $("games-card").hidden = games.length < 2;
  if (games.length < 2) return;
  put($("games-count"), `${games.length} games`);
  const focused = document.activeElement?.dataset.game;
  $("games").replaceChildren(head([["game"], ["sport"], ["state"], ["windows", 1], ["p50", 1], ["p99", 1], ["steps", 1]]), ...games.slice(0, 24).map(([name, g]) => {
    const p50 = g.window_p50_us, p99 = g.window_p99_us, budget = budgetOf(g.runner), time = (v, most) => el("td", { class: `n ${typeof v === "number" && v > most ? "over" : ""}` }, typeof v === "number" ? `${us(v)} ${usUnit(v)}` : "–");
    const row = el("tr", { class: name === chosen ? "chosen" : "", tabindex: 0, "data-game": name }, el("td", {}, g.title || name), el("td", {}, g.sport), el("td", {}, g.quiet_s > 3 ? `quiet ${fixed(g.quiet_s)} s` : "live"),
      el("td", { class: "n" }, typeof g.windows === "number" ? count(g.windows) : "–"), time(p50, budget.p50), time(p99, budget.p99), el("td", { class: "n" }, g.steps ?? "–"));
    const choose = () => { chosen = name; previous = null; refresh(); };
    row.addEventListener("click", choose);
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(); });
    return row;
  }));
  // the rows are new ones every second, and the focus stays
  if (focused) [...$("games").rows].find((row) => row.dataset.game === focused)?.focus();
}

function pill(kind, text) { $("state").className = `pill ${kind}`; put($("state").children[1], text); }

$("game").addEventListener("change", (event) => { chosen = event.target.value; previous = null; });
async function refresh() {
  try { show(await getJson(chosen ? `/api/operators?game=${encodeURIComponent(chosen)}` : "/api/operators")); } catch (error) { pill("down", "no connection"); console.warn(error); }
}
async function poll() {
  await refresh();
  setTimeout(poll, 1000);
}
poll();
