// Which rollouts are listed. Each value shows how many there would be, all other filters staying as they are.

const FACETS = [
  { id: "outcome", title: "Outcome" },
  { id: "which", title: "Rollout", name: (value) => (value === "1" ? "1: the change" : "2: redone from the description") },
  { id: "role", title: "Who" },
  { id: "exit", title: "Exit" },
  { id: "verdict", title: "Self-check" },
  { id: "language", title: "Language" },
  { id: "change", title: "Change type" },
  { id: "unit", title: "Kind" },
  { id: "marks", title: "Marks", fewest: 1 },
  { id: "model", title: "Model" },
  { id: "source", title: "From" },
];
const RANGES = [
  { id: "recall", title: "Recall or score", step: 0.1 },
  { id: "steps", title: "Steps", step: 1 },
  { id: "cost", title: "Cost in USD", step: "any" },
];
const MOST_VALUES = 8;

const valuesOf = (row, id) => (Array.isArray(row[id]) ? row[id] : row[id] == null ? [] : [String(row[id])]);

function isWithin(row, id, [from, to]) {
  return row[id] != null && (from == null || row[id] >= from) && (to == null || row[id] <= to);
}

/** Whether a rollout passes all filters but the facet `except`. */
function passes(row, except) {
  for (const [id, chosen] of state.facets) {
    if (id !== except && !valuesOf(row, id).some((value) => chosen.has(value))) return false;
  }
  for (const [id, ends] of state.ranges) if (!isWithin(row, id, ends)) return false;
  const query = state.query.trim().toLowerCase();
  return !query || row.text.includes(query) || (state.deep && hits.has(row.n));
}

function tally(id) {
  const counts = new Map();
  for (const row of ROLLOUTS) for (const value of valuesOf(row, id)) if (!counts.has(value)) counts.set(value, 0);
  for (const row of ROLLOUTS) {
    if (passes(row, id)) for (const value of valuesOf(row, id)) counts.set(value, counts.get(value) + 1);
  }
  return counts;
}

const unfolded = new Set();

function renderFilters(changed) {
  const holder = document.getElementById("filters");
  const focused = document.activeElement?.id;
  const groups = [...FACETS.map((facet) => facetGroup(facet, changed)), ...RANGES.map((range) => rangeGroup(range, changed))];
  const active = state.facets.size + state.ranges.size;
  const clear = el("button", { type: "button", class: "link", disabled: !active, click: () => {
    state.facets.clear();
    state.ranges.clear();
    changed();
  } }, "Clear all filters");
  const close = el("button", { type: "button", class: "close", click: () => toggleFilters(false) }, "Show the list");
  holder.replaceChildren(...groups.filter(Boolean), clear, close);
  if (focused) document.getElementById(focused)?.focus();
  const button = document.getElementById("filters-button");
  button.textContent = active ? `Filters (${active})` : "Filters";
}

function facetGroup(facet, changed) {
  const counts = tally(facet.id);
  const chosen = state.facets.get(facet.id) ?? new Set();
  if (counts.size < (facet.fewest ?? 2) && !chosen.size) return null;
  const values = [...new Set([...chosen, ...counts.keys()])];
  values.sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0) || a.localeCompare(b));
  const open = unfolded.has(facet.id);
  const shown = open ? values : values.filter((value, at) => at < MOST_VALUES || chosen.has(value));
  const rest = values.length - shown.length;
  return el("fieldset", null,
    el("legend", null, facet.title),
    shown.map((value) => choice(facet, value, chosen.has(value), counts.get(value) ?? 0, changed)),
    (rest > 0 || open) && values.length > MOST_VALUES && el("button", { type: "button", class: "link", id: `more-${facet.id}`, click: () => {
      if (!unfolded.delete(facet.id)) unfolded.add(facet.id);
      changed();
    } }, open ? "Fewer" : `${rest} more`));
}

function choice(facet, value, isChosen, amount, changed) {
  const toggle = () => {
    const chosen = state.facets.get(facet.id) ?? new Set();
    if (!chosen.delete(value)) chosen.add(value);
    if (chosen.size) state.facets.set(facet.id, chosen);
    else state.facets.delete(facet.id);
    changed();
  };
  const box = el("input", { type: "checkbox", change: toggle, id: `${facet.id}:${value}` });
  box.checked = isChosen;
  const name = facet.name ? facet.name(value) : facet.id === "model" || facet.id === "source" ? value : words(value);
  return el("label", { class: amount || isChosen ? null : "none" }, box, el("span", { class: "name" }, name),
    el("span", { class: "amount" }, count(amount)));
}

function rangeGroup({ id, title, step }, changed) {
  let lowest = Infinity, highest = -Infinity;
  for (const row of ROLLOUTS) {
    if (row[id] == null) continue;
    lowest = Math.min(lowest, row[id]);
    highest = Math.max(highest, row[id]);
  }
  if (!(lowest < highest) && !state.ranges.has(id)) return null;
  const ends = state.ranges.get(id) ?? [null, null];
  const end = (at, name, bound) => {
    const input = el("input", { type: "number", step, min: 0, id: `${id}-${at}`, "aria-label": `${title}, ${name}`,
      placeholder: String(id === "cost" ? Number(bound.toPrecision(2)) : bound), change: () => {
        const next = [...(state.ranges.get(id) ?? [null, null])];
        next[at] = input.value === "" ? null : Number(input.value);
        if (next.some((value) => value != null)) state.ranges.set(id, next);
        else state.ranges.delete(id);
        changed();
      } });
    input.value = ends[at] ?? "";
    return input;
  };
  return el("fieldset", { class: "range" }, el("legend", null, title),
    el("div", null, end(0, "at least", lowest), "to", end(1, "at most", highest)));
}

function toggleFilters(open) {
  document.body.classList.toggle("filtering", open);
  document.getElementById("filters-button").setAttribute("aria-expanded", String(document.body.classList.contains("filtering")));
}
