/* The scale-out card of the operator page: consumer lag, the Flink jobs, and the runner of each game. */

import { $, el, put } from "./dom.js";
import { count, plural } from "./format.js";

/** records of a partition that wait: at which the colour warns, and at which it alarms */
const WAITING = { warn: 10, alarm: 100 };
/** seconds since a running job's newest checkpoint, or since an operator on the air reported its health */
const CHECKPOINT_S = { warn: 5, alarm: 30 };
const HEALTH_S = { warn: 3, alarm: 10 };
const SHOWN = 8;

const level = (v, { warn, alarm }) => (v >= alarm ? "over" : v >= warn ? "warn" : "well");
const bytes = (n) => (n < 1000 ? `${n} B` : n < 1e6 ? `${(n / 1e3).toFixed(n < 1e4 ? 1 : 0)} kB` : `${(n / 1e6).toFixed(n < 1e7 ? 1 : 0)} MB`);
const ms = (us) => (typeof us !== "number" ? "–" : us < 9950 ? `${(us / 1000).toFixed(1)} ms` : us < 999500 ? `${(us / 1000).toFixed(0)} ms` : `${(us / 1e6).toFixed(1)} s`);
const ago = (s) => (typeof s !== "number" ? "never" : s < 10 ? `${Math.max(0, s).toFixed(1)} s` : s < 120 ? `${s.toFixed(0)} s` : s < 7200 ? `${(s / 60).toFixed(0)} min` : `${(s / 3600).toFixed(0)} h`);

function facts(rows) {
  return el("dl", { class: "facts" }, ...rows.flatMap(([name, value, state]) => [el("dt", {}, name), el("dd", { class: state ?? "" }, value)]));
}

function part(title, note, ...children) {
  return el("div", {}, el("h3", {}, title, el("small", {}, note)), ...children);
}

function problemLine(problem) { return problem ? el("p", { class: "problem" }, problem) : null; }

function lanes(partitions) {
  const top = Math.max(WAITING.alarm, ...partitions.map((p) => p.lag));
  return el("div", { class: partitions.some((p) => p.lag) ? "lanes" : "lanes idle" }, ...partitions.map((p) => el("div", { class: p.committed === null && p.lag ? "warn" : level(p.lag, WAITING), title: `partition ${p.partition}: ${plural(p.lag, "record")} waiting` },
    el("b", {}, p.lag ? count(p.lag) : ""), el("i", { style: `height:${p.lag ? Math.max(6, (p.lag / top) * 100) : 3}%` }), el("span", {}, String(p.partition)))));
}

function broker(kafka, gateway) {
  const groups = kafka.groups.map((g) => el("div", { class: "group" },
    facts([[el("span", {}, g.group, el("small", {}, g.group.endsWith("flink") ? "committed with each checkpoint" : plural(g.members, "process", "processes"))),
      plural(g.lag, "record"), level(g.lag, WAITING)]]),
    lanes(g.partitions)));
  const behind = Object.values(gateway.lag).reduce((a, n) => a + n, 0);
  return part("Consumer lag", kafka.problem ? "" : kafka.where.replace("kafka://", ""),
    problemLine(kafka.problem), problemLine(gateway.problem === kafka.problem ? "" : gateway.problem),
    ...(groups.length ? groups : [el("p", { class: "empty" }, "No operator has committed anything yet.")]),
    facts([
      ["this gateway", gateway.caught_up ? plural(behind, "message") : "catching up", gateway.caught_up ? level(behind, WAITING) : "warn"],
      ["publish to gateway", `p50 ${ms(gateway.delay_p50_us)}, p99 ${ms(gateway.delay_p99_us)}`],
      ...(gateway.unreadable ? [["undecodable", plural(gateway.unreadable, "message"), "over"]] : []),
    ]));
}

function job(j) {
  const on = j.state === "RUNNING", c = j.checkpoint;
  return el("div", { class: "group" }, problemLine(j.problem), facts([
    [el("span", { title: j.id }, j.name, el("small", {}, j.id.slice(0, 8))), j.state.toLowerCase(), on ? "well" : /FAIL|CANCEL/.test(j.state) ? "over" : "warn"],
    ["last checkpoint", c ? `${ago(c.age_s)} ago` : "none yet", on ? level(c?.age_s ?? 0, CHECKPOINT_S) : ""],
    ["duration", c ? `${ms(c.duration_ms * 1000)}, ${bytes(c.size_bytes)}` : "–"],
    ["failed", `${count(j.failed)} of ${count(j.failed + j.completed)}`, j.failed ? "warn" : ""],
    ["restarts", j.restarts === null ? "–" : count(j.restarts), j.restarts ? "warn" : ""],
  ]));
}

function flink(report) {
  const c = report.problem ? null : report.cluster;
  return part("Flink", c ? `${plural(c.taskmanagers, "TaskManager")}, ${c.slots_free} of ${c.slots} slots free` : "",
    problemLine(report.problem), ...(c ? (c.jobs.length ? c.jobs.map(job) : [el("p", { class: "empty" }, "No job.")]) : []));
}

function runners(games, chosen) {
  const reported = Object.entries(games).filter(([, g]) => g.reported_s !== null).sort(([, a], [, b]) => a.reported_s - b.reported_s);
  const shown = reported.slice(0, SHOWN);
  const rows = shown.map(([name, g]) => {
    const live = g.quiet_s < HEALTH_S.warn || name === chosen;
    return el("tr", {}, el("td", {}, g.title || name, el("small", {}, `${name}, ${g.runner || "runner unknown"}`)), el("td", { class: `n ${live ? level(g.reported_s, HEALTH_S) : "off"}` }, `${ago(g.reported_s)} ago`));
  });
  return part("Operators by game", reported.length > SHOWN ? `the newest ${SHOWN} of ${count(reported.length)}` : plural(reported.length, "game"),
    rows.length ? el("table", { class: "runners" }, ...rows) : el("p", { class: "empty" }, "No operator has reported its health."));
}

/** Show the card when there is a cluster behind the gateway; there is none in a demo or a replay. */
export function showScaleOut(all, chosen) {
  const card = $("cluster"), report = all.cluster;
  card.hidden = !report;
  if (!report) return;
  put($("cluster-age"), report.kafka.age_s === null ? "" : `polled ${ago(report.kafka.age_s)} ago`);
  $("cluster-parts").replaceChildren(broker(report.kafka, report.gateway), ...(report.flink ? [flink(report.flink)] : []), runners(all.games, chosen));
}
