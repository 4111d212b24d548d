/* Team colours of a game record, made fit for a dark pitch and distinct from each other. */

const FALLBACK = { home: "#e5483f", away: "#3f8ee5" };

function parse(hex) {
  const match = /^#?([0-9a-f]{6})$/i.exec(hex ?? "");
  if (!match) return null;
  const n = parseInt(match[1], 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

const text = (rgb) => "#" + rgb.map((v) => Math.round(v).toString(16).padStart(2, "0")).join("");

function luminance(rgb) {
  const [r, g, b] = rgb.map((v) => ((v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const blend = (rgb, white, share) => rgb.map((v, i) => v + (white[i] - v) * share);
const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

/** A colour that stands out from a dark ground. */
function brighten(rgb) {
  let out = rgb;
  for (let i = 0; i < 12 && luminance(out) < 0.11; i++) out = blend(out, [255, 255, 255], 0.12);
  return out;
}

/** A colour that is legible on another. */
const ink = (rgb) => (luminance(rgb) > 0.36 ? "#0b0f15" : "#ffffff");
const withInk = (rgb) => ({ fill: text(rgb), ink: ink(rgb), rgb });

/** Of every team of a record {fill, ink, rgb}; two teams always differ. */
export function teamColours(record) {
  const teams = record.teams.map((t, i) => brighten(parse(t.colour) ?? (record.teams.length === 2 ? parse(Object.values(FALLBACK)[i]) : [150, 160, 172])));
  if (teams.length === 2 && distance(...teams) < 110) teams[1] = luminance(teams[0]) > 0.45 ? parse("#3f8ee5") : parse("#f2f4f7");
  return teams.map(withInk);
}

export const css = (one) => `--team:${one.fill};--team-ink:${one.ink}`;

/** The colours of the two sides, for a withInk page. */
export function applySideColours(root, colours) {
  ["home", "away"].forEach((side, i) => {
    if (!colours[i]) return;
    root.style.setProperty(`--${side}`, colours[i].fill);
    root.style.setProperty(`--${side}-ink`, colours[i].ink);
  });
}
