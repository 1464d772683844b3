// The list: only the rows in sight are elements, however many there are.

const ROW_HEIGHT = 56;
const SORTS = [
  ["", "in the order made"], ["recall", "by recall or score"], ["cost", "by cost"], ["steps", "by steps"],
  ["tokens_in", "by tokens in"], ["seconds", "by time"], ["name", "by name"],
];

let listed = [];

const listElement = document.getElementById("list");
const rowsElement = document.getElementById("rows");

function applyFilters() {
  const [key, descends] = state.sort.startsWith("-") ? [state.sort.slice(1), true] : [state.sort, false];
  listed = ROLLOUTS.filter((row) => passes(row));
  if (key) listed.sort((a, b) => compared(a[key], b[key], descends) || a.n - b.n);
  else if (descends) listed.reverse();
}

/** Unknown values come last either way. */
function compared(a, b, descends) {
  if (a == null || b == null) return (a == null) - (b == null);
  const order = typeof a === "string" ? a.localeCompare(b) : a - b;
  return descends ? -order : order;
}

function renderList() {
  rowsElement.style.height = `${listed.length * ROW_HEIGHT}px`;
  renderRows();
  document.getElementById("count").textContent =
    (listed.length === ROLLOUTS.length ? plural(listed.length, "rollout") : `${count(listed.length)} of ${plural(ROLLOUTS.length, "rollout")}`) +
    (ROLLOUTS.length < INDEX.found ? ` (the first of ${count(INDEX.found)} in the files)` : "");
}

function renderRows() {
  const first = Math.max(0, Math.floor(listElement.scrollTop / ROW_HEIGHT) - 4);
  const last = Math.min(listed.length, Math.ceil((listElement.scrollTop + listElement.clientHeight) / ROW_HEIGHT) + 4);
  const rows = [];
  for (let at = first; at < last; at++) rows.push(rowElement(listed[at], at));
  if (!listed.length) rows.push(el("p", { class: "empty" }, "No rollout passes these filters."));
  rowsElement.replaceChildren(...rows);
  const chosen = listed.findIndex((row) => row.key === state.key);
  if (chosen >= first && chosen < last) listElement.setAttribute("aria-activedescendant", `row-${listed[chosen].n}`);
  else listElement.removeAttribute("aria-activedescendant");
}

function rowElement(row, at) {
  const element = el("div", { class: "row", role: "option", id: `row-${row.n}`, "aria-posinset": at + 1,
    "aria-setsize": listed.length, "aria-selected": String(row.key === state.key), click: () => open(row.key, true) },
    el("div", null, row.which && el("span", { class: "which", title: `rollout ${row.which}` }, String(row.which)),
      el("span", { class: "name", title: plain(row.name || row.key) }, row.name || row.key), tag(row)),
    el("div", null, el("span", { class: "where", title: plain(row.where) }, row.where),
      el("span", { class: "facts" }, factsOf(row).join(" · "))));
  element.style.top = `${at * ROW_HEIGHT}px`;
  return element;
}

function factsOf(row) {
  return [
    row.which === 1 && row.attempt > 0 && `try ${row.attempt + 1}`,
    !row.which && row.attempt > 0 && `attempt ${row.attempt + 1}`,
    row.recall != null && `${row.which ? "recall" : "score"} ${ratio(row.recall)}`,
    row.steps != null && plural(row.steps, "step"),
    row.cost && usd(row.cost),
  ].filter(Boolean);
}

/** What became of a rollout, in a word. */
function tag(row) {
  if (row.outcome === "kept") return el("span", { class: "tag good" }, "kept");
  if (row.outcome) return el("span", { class: row.outcome === "undecided" ? "tag" : "tag bad" }, words(row.outcome));
  const failed = row.exit && row.exit !== "submitted";
  return el("span", { class: `tag role-${plain(row.role)}` }, failed ? `${row.role}: ${words(row.exit)}` : row.role);
}

function scrollToChosen() {
  const at = listed.findIndex((row) => row.key === state.key);
  if (at < 0) return;
  const top = at * ROW_HEIGHT;
  if (top < listElement.scrollTop) listElement.scrollTop = top;
  else if (top + ROW_HEIGHT > listElement.scrollTop + listElement.clientHeight) {
    listElement.scrollTop = top + ROW_HEIGHT - listElement.clientHeight;
  }
}

/** Choose the rollout `by` places further down; the first one where none of the listed is chosen. */
function step(by) {
  const at = listed.findIndex((row) => row.key === state.key);
  const next = listed[at < 0 ? 0 : Math.min(listed.length - 1, Math.max(0, at + by))];
  if (next) open(next.key, false);
}
