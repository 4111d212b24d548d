/* The models card of the operator page: predictions, input drift, calibration, latency and alerts of every version on the air. */

import { $, el, fixed, put } from "./dom.js";
import { count, head, plural, us, usUnit } from "./format.js";

/** a share as per cent; below ten with a decimal */
const percent = (v) => (typeof v !== "number" ? "–" : `${fixed(v * 100, v < 0.0995 && v > 0 ? 1 : 0)} %`);

/** of a model's alerts of one kind so many are shown: when its feed has changed, every input may drift at once */
const SHOWN = 3;
const COLUMNS = ["model", "predictions", "worst input drift", "missing", "predicted / observed", "p99 latency", "state"];

/** A cell: text, a smaller note, and its state; on a narrow page each has its heading beside it. */
function cell(column, text, note = "", state = "") {
  return el("td", { class: state, "data-name": COLUMNS[column] }, el("span", {}, text, ...(note ? [" ", el("small", {}, note)] : [])));
}

/** The feature that is furthest from training; the worst is first. */
function drift(report, state) {
  const [worst] = report.features;
  if (!worst) return cell(2, "–", report.profile ? "too few rows yet" : "no training profile on its card");
  return cell(2, `PSI ${fixed(worst.psi, 2)}`, `${worst.feature}, ${worst.drifted ? "more than" : "at most"} ${fixed(worst.limit, 2)}`, state);
}

function missing(report, state) {
  const more = report.features.map((f) => [f.missing - f.missing_in_training, f]).sort((a, b) => b[0] - a[0])[0];
  if (!more) return cell(3, "–");
  const [, f] = more;
  if (f.missing === 0) return cell(3, "none");
  return cell(3, percent(f.missing), `${f.feature}, in training ${percent(f.missing_in_training)}`, state);
}

function calibration(report, state) {
  const { said: predicted, happened: observed, standard_errors: off } = report.calibration;
  if (predicted === null) return cell(4, "–", report.unlabelled ? `${plural(report.unlabelled, "prediction")} without an outcome` : "no outcome yet");
  const sign = off < 0 ? "−" : "+";
  return cell(4, `${percent(predicted)} / ${percent(observed)}`, `${plural(report.labelled, "outcome")}, ${sign}${fixed(Math.abs(off), 1)} standard errors`, state);
}

/** The verdict: [text, state]. */
function verdict({ alerts, features, profile }) {
  if (alerts.length) return [plural(alerts.length, "alert"), "over"];
  if (features.length) return ["as in training", "well"];
  return [profile ? "too few rows" : "inputs not compared", ""];
}

function row(report) {
  const wrong = new Set(report.alerts.map((alert) => alert.kind)), over = (kind) => (wrong.has(kind) ? "over" : "");
  const { p50, p99 } = report.took_us, [state, how] = verdict(report);
  return el("tr", {}, cell(0, report.model, report.version), cell(1, count(report.predictions), report.games ? plural(report.games, "game") : ""),
    drift(report, over("input drift")), missing(report, over("missing")), calibration(report, over("calibration")),
    cell(5, typeof p99 === "number" ? `${us(p99)} ${usUnit(p99)}` : "–", typeof p50 === "number" ? `p50 ${us(p50)} ${usUnit(p50)}${report.timed === "replay" ? ", of the replay" : ""}` : "not measured", over("latency")),
    cell(6, state, "", how));
}

/** A model's alerts, the first of each kind and how many there are besides. */
function shown({ model, version, alerts }) {
  const kinds = Map.groupBy(alerts, (alert) => alert.kind);
  return [...kinds].flatMap(([kind, all]) => [
    ...all.slice(0, SHOWN).map(({ reason }) => ({ model, version, kind, reason })),
    ...(all.length > SHOWN ? [{ model, version, kind, reason: `and ${all.length - SHOWN} more of its inputs: touchline models monitor lists them` }] : []),
  ]);
}

function line({ model, version, kind, reason }) {
  return el("li", {}, el("b", {}, kind), el("span", {}, el("em", {}, model), ` ${reason}`), el("small", {}, version));
}

/** Show the card where the models are monitored, or a registry has a problem; `monitored` is null where they are not monitored. */
export function showModels(monitored, problems = []) {
  $("models-card").hidden = !monitored && !problems.length;
  if (!monitored && !problems.length) return;
  const reports = monitored ?? [];
  // those with an alert first, then by name
  const order = [...reports].sort((a, b) => (b.alerts.length > 0) - (a.alerts.length > 0) || a.model.localeCompare(b.model));
  const away = problems.map(({ registry, model, reason }) => ({ kind: "registry", model: model || registry, version: "", reason }));
  const alerts = [...away, ...order.flatMap(shown)], all = order.reduce((n, report) => n + report.alerts.length, away.length);
  put($("models-count"), order.length || all ? `${plural(order.length, "model")}, ${all ? plural(all, "alert") : "no alert"}` : "");
  $("models-card").classList.toggle("alerted", all > 0);
  // written only when it changed, so that it is read out once
  const list = $("model-alerts"), key = JSON.stringify(alerts);
  if (list.dataset.key !== key) { list.dataset.key = key; list.replaceChildren(...alerts.map(line)); }
  list.hidden = !all;
  $("models").replaceChildren(...(order.length ? [head(COLUMNS.map((name) => [name])), ...order.map(row)] : [el("tr", {}, el("td", { class: "empty" }, "No model has answered yet."))]));
}
