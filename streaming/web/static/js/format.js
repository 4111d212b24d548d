/* Format of figures and tables of the operator page. */

import { el } from "./dom.js";

/** microseconds, in the unit that ``usUnit`` names */
export const us = (v) => (typeof v !== "number" ? "–" : v < 10 ? v.toFixed(1) : v < 9950 ? v.toFixed(0) : v < 999500 ? (v / 1000).toFixed(v < 99500 ? 1 : 0) : (v / 1e6).toFixed(1));
export const usUnit = (v) => (typeof v !== "number" || v < 9950 ? "µs" : v < 999500 ? "ms" : "s");
export const count = (n) => n.toLocaleString("en-GB");
export const plural = (n, word, words = `${word}s`) => `${count(n)} ${n === 1 ? word : words}`;

/** a row of headings: [text, whether figures stand below it] */
export function head(cells) { return el("tr", {}, ...cells.map(([text, n]) => el("th", { class: n ? "n" : "" }, text))); }
