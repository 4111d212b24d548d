/* Only the lower third, on nothing: for the browser source of a vision mixer. ?game=...&seconds=8 */

import { $ } from "./dom.js";
import { dress, teamColours } from "./colours.js";
import { Cast, chooseGame, Feed } from "./feed.js";
import { LowerThird } from "./lower-third.js";

const lower = new LowerThird($("lower"), Number(new URLSearchParams(location.search).get("seconds")) || 8);
const feed = new Feed(await chooseGame(), ["stats.soccer.shot.*", "stats.soccer.player.top_speed", "events.soccer.shot"]);
feed.addEventListener("game", ({ detail }) => { lower.setGame(new Cast(detail)); dress(document.documentElement, teamColours(detail)); });
feed.addEventListener("stats", ({ detail }) => lower.take(detail));
feed.open();
