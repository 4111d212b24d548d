/* Only the lower third of a game, on nothing: for the browser source of a vision mixer. ?game=...&sport=...&seconds=8 */

import { $ } from "../dom.js";
import { LowerThird } from "../lower-third.js";
import { sportModule } from "../sports.js";
import { obey, open, parameter } from "./overlay.js";

const { feed, entry } = await open(parameter("sport"));
const { thirds } = await sportModule(entry.sport);
const lower = new LowerThird($("lower"), thirds.kinds(), Number(parameter("seconds")) || 8);
obey((yes) => { $("lower").hidden = !yes; });
feed.topics = thirds.topics;
feed.addEventListener("cast", ({ detail }) => lower.setGame(detail));
feed.addEventListener("stats", ({ detail }) => lower.take(detail));
feed.open();
