/* Small helpers. Names are input from outside, so nothing here ever parses HTML. */

export const $ = (id) => document.getElementById(id);

/** el("b", {class: "num"}, "12", child...) */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "style") node.style.cssText = value; // the page's policy allows this, and not the attribute
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((c) => c !== null && c !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "style") node.style.cssText = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/** Write text only when it changed: layout is not free. */
export function put(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

export const fixed = (value, digits = 0) =>
  typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "–";

export const minutes = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  return `${String(Math.floor(whole / 60)).padStart(2, "0")}:${String(whole % 60).padStart(2, "0")}`;
};

/** The token in the page's address, if any: a page in another's frame gets no cookie. */
const token = new URLSearchParams(globalThis.location?.search).get("token");

/** The address with the page's token. */
export const withToken = (url) => (token ? `${url}${url.includes("?") ? "&" : "?"}${new URLSearchParams({ token })}` : url);

export async function getJson(url) {
  const response = await fetch(withToken(url));
  const body = await response.json();
  if (!response.ok) throw new Error(body.error ?? response.statusText);
  return body;
}
