/* Every stat that this installation computes, and every graphic that can be put on air. */

import { $, el, getJson, put } from "./dom.js";

const UNITS = { m2: "m²", "m/s2": "m/s²", "0..1": "0–1", "-1..1": "−1–1" };
let all = {}, overlays = [];

function show() {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let n = 0;
  const shown = overlays.filter((g) => words.every((w) => `${g.title} ${g.description} ${g.sports.join(" ")} ${g.stats.join(" ")}`.toLowerCase().includes(w)));
  $("graphics-card").hidden = shown.length === 0;
  $("graphics").replaceChildren(el("tr", {}, ...["graphic", "sports", "what it shows", "address", "parameters"].map((h) => el("th", {}, h))),
    ...shown.map((g) => el("tr", {}, el("td", {}, g.title), el("td", {}, g.sports.join(", ") || "any"), el("td", { class: "def" }, g.description), el("td", {}, el("a", { href: g.url, target: "_blank" }, g.url)),
      el("td", { class: "empty" }, g.parameters.map((p) => `${p}=`).join(" ")))));
  $("sports").replaceChildren(...Object.entries(all).map(([sport, stats]) => {
    const found = stats.filter((s) => words.every((w) => `${s.id} ${s.unit} ${s.definition} ${s.air} ${s.model ?? ""} ${s.kind}`.toLowerCase().includes(w)));
    n += found.length;
    return el("section", { class: "card", hidden: found.length === 0, style: "margin-bottom:1rem" },
      el("h2", {}, sport, el("small", {}, `${found.length} of ${stats.length}`)),
      el("table", { class: "catalogue" },
        el("tr", {}, ...["stat", "unit", "definition", "when", "on air", "topic"].map((h) => el("th", {}, h))),
        ...found.map((s) => el("tr", {},
          el("td", {}, s.id), el("td", {}, UNITS[s.unit] ?? s.unit),
          el("td", { class: "def" }, s.definition, s.components.length ? ` (${s.components.join(", ")})` : "", s.source ? el("div", { class: "empty" }, s.source) : null),
          el("td", {}, el("span", { class: "tag" }, s.kind === "event" ? s.on.length > 3 ? "events" : s.on.join(", ") : `${s.every_s} s`), s.model ? el("span", { class: "tag model" }, "model") : null),
          el("td", {}, s.air || ""), el("td", { class: "empty" }, s.topic)))));
  }));
  put($("count"), `${n} stats`);
}

$("filter").addEventListener("input", show);
getJson("/api/graphics").then((found) => { overlays = found; show(); }, (error) => console.warn(error));
getJson("/api/catalogue").then((found) => { all = found; show(); }, (error) => put($("count"), String(error.message)));
