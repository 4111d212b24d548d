/* What soccer's lower third shows: a shot with its xGoals and why, a new top speed. */

import { EventCard, reasons, TopSpeed } from "../../cards.js";
import { fixed } from "../../dom.js";

const OUTCOMES = { goal: "GOAL", saved: "SAVED", off_target: "OFF TARGET", blocked: "BLOCKED", post: "POST" };

function shot(card) {
  const v = card.values, outcome = OUTCOMES[card.event?.outcome];
  return {
    value: fixed(v.xgoals, 2), label: "xGoals", tag: outcome, strong: outcome === "GOAL", gauge: v.xgoals ?? 0,
    provisional: card.quality === "provisional",
    facts: [
      typeof v.distance === "number" && [fixed(v.distance, 1), "m", "distance"],
      typeof v.angle === "number" && [fixed((v.angle * 180) / Math.PI), "°", "angle"],
      typeof v.defenders_in_cone === "number" && [fixed(v.defenders_in_cone), "", "in the way"],
      typeof v.keeper_distance === "number" && [fixed(v.keeper_distance, 1), "m", "keeper"],
      typeof v.speed === "number" && [fixed(v.speed), "km/h", "shot speed"],
    ],
    why: reasons(card.model),
  };
}

export const topics = ["stats.soccer.shot.*", "stats.soccer.player.top_speed", "events.soccer.shot"];
export const kinds = () => [
  new EventCard({ kind: "shot", prefix: ["soccer.shot."], main: "soccer.shot.xgoals", event: "shot", render: shot }),
  new TopSpeed("soccer.player.top_speed", "km/h", 29, [20, 38]),
];
