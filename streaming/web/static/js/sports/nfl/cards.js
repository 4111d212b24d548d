/* What American football's lower third shows: a pass, a run, a new top speed. */

import { EventCard, reasons, TopSpeed } from "../../cards.js";
import { fixed } from "../../dom.js";
import { percent } from "../../widgets.js";

const OUTCOMES = { pass_outcome_caught: "COMPLETE", pass_outcome_touchdown: "TOUCHDOWN", pass_outcome_incomplete: "INCOMPLETE", pass_outcome_interception: "INTERCEPTED" };
const num = (v, digits, unit, words) => typeof v === "number" && [fixed(v, digits), unit, words];

function pass(card, roster) {
  const v = card.values, tag = OUTCOMES[card.event?.type], probability = v.completion_probability_at_arrival, player = card.player ?? card.event?.attrs?.target;
  return {
    value: percent(probability), label: "Completion probability", tag, strong: tag === "COMPLETE" || tag === "TOUCHDOWN", gauge: probability ?? 0,
    name: player ? roster.name(player) : "Pass", team: player ? roster.team(player) : "", number: player ? String(roster.shirt(player)) : "", styledAs: player,
    provisional: card.quality === "provisional",
    facts: [num(v.air_yards, 1, "yd", "air yards"), num(v.air_distance, 1, "yd", "air distance"), num(v.separation_at_arrival ?? v.separation, 1, "yd", "separation"), num(v.time_to_throw, 2, "s", "to throw"), num(v.expected_yac, 1, "yd", "expected YAC")],
    why: reasons(card.model),
  };
}

function run(card) {
  const v = card.values, expected = v.expected_yards, gained = card.event?.attrs?.gained_yd, over = v.yards_over_expected;
  return {
    value: fixed(expected, 1), label: "Expected yards", gauge: typeof expected === "number" ? expected / 15 : 0, provisional: card.quality === "provisional",
    facts: [num(gained, 0, "yd", "gained"), typeof over === "number" && [`${over > 0 ? "+" : ""}${fixed(over, 1)}`, "yd", "over expected"], num(v.time_behind_los, 2, "s", "behind the line"), num(v.yards_before_close, 1, "yd", "before contact")],
    why: reasons(card.model),
  };
}

export const topics = ["stats.nfl.pass.*", "stats.nfl.rusher.*", "stats.nfl.receiver.*", "stats.nfl.passer.*", "stats.nfl.player.top_speed", "events.nfl.*"];
export const kinds = () => [
  new EventCard({ kind: "pass", prefix: ["nfl.pass.", "nfl.passer.", "nfl.receiver."], main: "nfl.pass.completion_probability_at_arrival", by: "nfl.receiver.separation_at_arrival", event: Object.keys(OUTCOMES), within_s: 8, render: pass }),
  new EventCard({ kind: "run", prefix: ["nfl.rusher."], main: "nfl.rusher.expected_yards", event: ["tackle", "out_of_bounds", "touchdown"], within_s: 12, render: run }),
  new TopSpeed("nfl.player.top_speed", "mph", 18, [10, 24], "Fastest of the game"),
];
