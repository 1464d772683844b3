// Elements and text. Nothing in this page is ever parsed as markup: all text goes through textContent.

const HIDDEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\u{e0000}-\u{e007f}\ud800-\udfff]/gu;

/** What stands for a hidden character: \x1b, \u202e; a byte that was no UTF-8 (a lone \udcXX) as \xXX. */
function escaped(character) {
  const code = character.codePointAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return "\\x" + (code - 0xdc00).toString(16);
  const hex = code.toString(16);
  if (code > 0xffff) return `\\u{${hex}}`;
  return code < 0x100 ? "\\x" + hex.padStart(2, "0") : "\\u" + hex.padStart(4, "0");
}

/** Text for places that take no elements (titles, labels). */
function plain(text) {
  return String(text ?? "").replace(HIDDEN, escaped);
}

/** A node that shows text, with controls, overrides of direction and lone surrogates as visible marks. */
function visible(text) {
  const whole = String(text ?? "").replaceAll("\r\n", "\n");
  if (whole.search(HIDDEN) < 0) return document.createTextNode(whole);
  const nodes = document.createDocumentFragment();
  let from = 0;
  for (const found of whole.matchAll(HIDDEN)) {
    nodes.append(whole.slice(from, found.index), el("span", { class: "hidden-character" }, escaped(found[0])));
    from = found.index + found[0].length;
  }
  nodes.append(whole.slice(from));
  return nodes;
}

/** An element; attributes that are null or false are left out, functions become listeners. */
function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child != null && child !== false) element.append(child instanceof Node ? child : visible(child));
  }
  return element;
}

const NONE = "–";
const count = new Intl.NumberFormat("en-US").format;

const ratio = (value) => (value == null ? NONE : value.toFixed(2));
const number = (value) => (value == null ? NONE : count(value));

function compact(value) {
  if (value == null) return NONE;
  if (value < 10000) return count(value);
  return value < 1e6 ? `${Math.round(value / 1000)}k` : `${(value / 1e6).toFixed(1)}M`;
}

function usd(value) {
  if (value == null) return NONE;
  return "$" + (value === 0 || value >= 1 ? value.toFixed(2) : value.toPrecision(2));
}

function duration(seconds) {
  if (seconds == null) return NONE;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** snake_case codes as words. */
const words = (code) => plain(code).replaceAll("_", " ");
const plural = (amount, noun) => `${count(amount)} ${noun}${amount === 1 ? "" : "s"}`;
