/* What baseball's lower third shows: a batted ball with its hit probability, a steal with its probability, a catch. */

import { EventCard, reasons } from "../../cards.js";
import { fixed } from "../../dom.js";
import { percent } from "../../widgets.js";

const num = (v, digits, unit, words) => typeof v === "number" && [fixed(v, digits), unit, words];

function batted(card) {
  const v = card.values, hit = v.hit_probability, barrel = v.barrel === 1;
  const tag = barrel ? "BARREL" : v.hard_hit === 1 ? "HARD HIT" : "";
  return {
    value: percent(hit), label: "Hit probability", tag, strong: barrel, gauge: hit ?? 0, provisional: card.quality === "provisional",
    facts: [num(v.exit_velocity, 1, "mph", "exit velocity"), num(v.launch_angle, 0, "°", "launch angle"), num(v.projected_distance, 0, "ft", "distance"), num(v.spray, 0, "°", "spray")],
    why: reasons(card.model),
  };
}

function steal(card) {
  const v = card.values, probability = v.steal_probability_at_release, outcome = { safe: "SAFE", out: "OUT" }[card.event?.outcome];
  return {
    value: percent(probability), label: "Steal probability", tag: outcome, strong: outcome === "SAFE", gauge: probability ?? 0, provisional: card.quality === "provisional",
    facts: [num(v.lead, 1, "ft", "lead"), num(v.secondary_lead, 1, "ft", "at release"), num(v.sprint_speed, 1, "ft/s", "sprint speed")],
    why: reasons(card.model),
  };
}

function fielded(card) {
  const v = card.values, caught = card.event?.outcome === "caught";
  return {
    value: percent(v.catch_probability), label: "Catch probability", tag: caught ? "CAUGHT" : "", strong: caught && v.catch_probability < 0.5, gauge: v.catch_probability ?? 0,
    facts: [num(v.jump, 1, "ft", "jump"), num(v.route_efficiency, 0, "%", "route efficiency")], why: reasons(card.model),
  };
}

export const topics = ["stats.mlb.batted_ball.*", "stats.mlb.runner.*", "stats.mlb.fielder.*", "events.mlb.*"];
export const kinds = () => [
  new EventCard({ kind: "batted", prefix: ["mlb.batted_ball."], main: "mlb.batted_ball.hit_probability", event: "batted_ball", render: batted }),
  new EventCard({ kind: "steal", prefix: ["mlb.runner."], main: "mlb.runner.steal_probability_at_release", event: "steal", rank: 0, within_s: 8, render: steal }),
  new EventCard({ kind: "catch", prefix: ["mlb.fielder."], main: "mlb.fielder.catch_probability", event: "fielded", wanted: (c) => c.main < 0.9, render: fielded }),
];
