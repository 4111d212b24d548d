/* The scale-out card of the operator page: how far everybody is behind the broker, how the Flink jobs do, where each game runs. */

import { $, el, put } from "./dom.js";
import { count, plural } from "./words.js";

/** records of a partition that wait: from here on it is worth a look, and from here on it is trouble */
const WAITING = { look: 10, trouble: 100 };
/** seconds since a running job's newest checkpoint, or since an operator on the air said how it does */
const CHECKPOINT_S = { look: 5, trouble: 30 };
const HEALTH_S = { look: 3, trouble: 10 };
const SHOWN = 8;

const judge = (v, { look, trouble }) => (v >= trouble ? "over" : v >= look ? "look" : "well");
const bytes = (n) => (n < 1000 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB` : `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`);
const ms = (us) => (typeof us !== "number" ? "–" : us < 9950 ? `${(us / 1000).toFixed(1)} ms` : us < 999500 ? `${(us / 1000).toFixed(0)} ms` : `${(us / 1e6).toFixed(1)} s`);
const ago = (s) => (typeof s !== "number" ? "never" : s < 10 ? `${Math.max(0, s).toFixed(1)} s` : s < 120 ? `${s.toFixed(0)} s` : s < 7200 ? `${(s / 60).toFixed(0)} min` : `${(s / 3600).toFixed(0)} h`);

function facts(rows) {
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value, state]) => [el("dt", {}, name), el("dd", { class: state ?? "" }, value)]));
}

function part(title, note, ...children) {
  return el("div", {}, el("h3", {}, title, el("small", {}, note)), ...children);
}

function trouble(problem) { return problem ? el("p", { class: "trouble" }, problem) : null; }

function lanes(partitions) {
  const top = Math.max(WAITING.trouble, ...partitions.map((p) => p.lag));
  return el("div", { class: partitions.some((p) => p.lag) ? "lanes" : "lanes idle" }, ...partitions.map((p) => el("div", { class: p.committed === null && p.lag ? "look" : judge(p.lag, WAITING), title: `partition ${p.partition}: ${plural(p.lag, "record")} waiting` },
    el("b", {}, p.lag ? count(p.lag) : ""), el("i", { style: `height:${p.lag ? Math.max(6, (p.lag / top) * 100) : 3}%` }), el("span", {}, String(p.partition)))));
}

function broker(kafka, gateway) {
  const groups = kafka.groups.map((g) => el("div", { class: "group" },
    facts([[el("span", {}, g.group, el("small", {}, g.group.endsWith("flink") ? "committed with each checkpoint" : plural(g.members, "process", "processes"))),
      plural(g.lag, "record"), judge(g.lag, WAITING)]]),
    lanes(g.partitions)));
  const behind = Object.values(gateway.lag).reduce((a, n) => a + n, 0);
  return part("Behind the broker", kafka.problem ? "" : kafka.where.replace("kafka://", ""),
    trouble(kafka.problem), trouble(gateway.problem === kafka.problem ? "" : gateway.problem),
    ...(groups.length ? groups : [el("p", { class: "empty" }, "No operator has committed anything yet.")]),
    facts([
      ["this gateway", gateway.caught_up ? plural(behind, "message") : "reading the past", gateway.caught_up ? judge(behind, WAITING) : "look"],
      ["published to here", `${ms(gateway.delay_p50_us)}, 99 % ${ms(gateway.delay_p99_us)}`],
      ...(gateway.unreadable ? [["not readable", plural(gateway.unreadable, "message"), "over"]] : []),
    ]));
}

function job(j) {
  const on = j.state === "RUNNING", c = j.checkpoint;
  return el("div", { class: "group" }, facts([
    [j.name, j.state.toLowerCase(), on ? "well" : /FAIL|CANCEL/.test(j.state) ? "over" : "look"],
    ["last checkpoint", c ? `${ago(c.age_s)} ago` : "none yet", on ? judge(c?.age_s ?? 0, CHECKPOINT_S) : ""],
    ["took", c ? `${ms(c.duration_ms * 1000)}, ${bytes(c.size_bytes)}` : "–"],
    ["failed", `${count(j.failed)} of ${count(j.failed + j.completed)}`, j.failed ? "look" : ""],
    ["restarts", j.restarts === null ? "–" : count(j.restarts), j.restarts ? "look" : ""],
  ]));
}

function flink(told) {
  const c = told.problem ? null : told.cluster;
  return part("Flink", c ? `${plural(c.taskmanagers, "TaskManager")}, ${c.slots_free} of ${c.slots} slots free` : "",
    trouble(told.problem), ...(c ? (c.jobs.length ? c.jobs.map(job) : [el("p", { class: "empty" }, "No job.")]) : []));
}

function runners(games, chosen) {
  const told = Object.entries(games).filter(([, g]) => g.told_s !== null).sort(([, a], [, b]) => a.told_s - b.told_s);
  const shown = told.slice(0, SHOWN);
  const rows = shown.map(([name, g]) => {
    const live = g.quiet_s < HEALTH_S.look || name === chosen;
    return el("tr", {}, el("td", {}, g.title || name, el("small", {}, `${name}, ${g.runner || "runner unknown"}`)), el("td", { class: `n ${live ? judge(g.told_s, HEALTH_S) : "off"}` }, `${ago(g.told_s)} ago`));
  });
  return part("Where games run", told.length > SHOWN ? `the newest ${SHOWN} of ${count(told.length)}` : plural(told.length, "game"),
    rows.length ? el("table", { class: "runners" }, ...rows) : el("p", { class: "empty" }, "No operator has said how it does."));
}

/** Show the card when there is a cluster behind the gateway; there is none in a demo or a replay. */
export function showCluster(all, chosen) {
  const card = $("cluster"), told = all.cluster;
  card.hidden = !told;
  if (!told) return;
  put($("cluster-age"), told.kafka.age_s === null ? "" : `asked ${ago(told.kafka.age_s)} ago`);
  $("cluster-parts").replaceChildren(broker(told.kafka, told.gateway), ...(told.flink ? [flink(told.flink)] : []), runners(all.games, chosen));
}
