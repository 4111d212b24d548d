/* Only the lower third of a game, on nothing: for the browser source of a vision mixer. ?game=...&sport=...&seconds=8 */

import { $ } from "../dom.js";
import { LowerThird } from "../lower-third.js";
import { sportModule } from "../sports.js";
import { onPlayState, openFeed, parameter } from "./overlay.js";

const { feed, entry } = await openFeed(parameter("sport"));
const { lowerThirds } = await sportModule(entry.sport);
const lower = new LowerThird($("lower"), lowerThirds.kinds(), Number(parameter("seconds")) || 8);
onPlayState((yes) => { $("lower").hidden = !yes; });
feed.topics = lowerThirds.topics;
feed.addEventListener("roster", ({ detail }) => lower.setGame(detail));
feed.addEventListener("stats", ({ detail }) => lower.receive(detail));
feed.open();
