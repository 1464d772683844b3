// Wiring: one way in for every change, and the keys.

const query = document.getElementById("query");
const deep = document.getElementById("deep");
const sort = document.getElementById("sort");
const direction = document.getElementById("direction");

/** Something that decides what is listed has changed. */
function changed() {
  writeState();
  applyFilters();
  renderFilters(changed);
  renderList();
}

/** Show a rollout, or with null the list alone. `enter`: move into it, as on a phone. */
function open(key, enter = false) {
  state.key = key;
  document.body.classList.toggle("reading", key != null);
  writeState();
  scrollToChosen();
  renderRows();
  showDetail(BY_KEY.get(key));
  if (key == null) listElement.focus();
  else if (enter && isNarrow()) detailElement.focus();
}

const isNarrow = () => matchMedia("(max-width: 759px)").matches;

function renderControls() {
  query.value = state.query;
  deep.checked = state.deep;
  sort.replaceChildren(...SORTS.map(([id, name]) => el("option", { value: id }, name)));
  sort.value = state.sort.replace(/^-/, "");
  renderDirection();
}

function renderDirection() {
  const descends = state.sort.startsWith("-");
  direction.textContent = descends ? "↓" : "↑";
  direction.setAttribute("aria-label", descends ? "Descending; turn round" : "Ascending; turn round");
}

let wait = 0;
function queried() {
  clearTimeout(wait);
  state.query = query.value;
  state.deep = deep.checked;
  if (state.deep && state.query.trim().length >= 2) wait = setTimeout(deepSearch, 250);
  else endSearch();
  changed();
  highlight(detailElement, state.deep ? state.query.trim().toLowerCase() : "");
}

async function deepSearch() {
  await searchMessages(state.query.trim(), (done) => {
    changed();
    if (done < ROLLOUTS.length) document.getElementById("count").textContent += `, searched ${count(done)} of ${count(ROLLOUTS.length)}…`;
  });
}

function restore() {
  readState();
  renderControls();
  if (state.deep && state.query) deepSearch();
  applyFilters();
  renderFilters(changed);
  renderList();
  document.body.classList.toggle("reading", state.key != null);
  showDetail(BY_KEY.get(state.key));
  scrollToChosen();
  renderRows();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  "/": () => query.focus(),
  Enter: () => (state.key == null ? step(0) : detailElement.focus()),
  Escape: () => (document.body.classList.contains("filtering") ? toggleFilters(false) : open(null)),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (isTyping && event.key === "Escape") return listElement.focus();
  if (isTyping && event.target === query && event.key === "Enter") return step(0);
  const action = KEYS[event.key];
  if (!action || isTyping || (event.key === "Enter" && event.target.closest("button, summary, a, label, input"))) return;
  event.preventDefault();
  action();
});
listElement.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity }[event.key];
  if (!by) return;
  event.preventDefault();
  step(by);
});

listElement.addEventListener("scroll", renderRows, { passive: true });
query.addEventListener("input", queried);
deep.addEventListener("change", queried);
sort.addEventListener("change", () => {
  state.sort = sort.value && sort.value !== "name" ? `-${sort.value}` : sort.value;
  renderDirection();
  changed();
});
direction.addEventListener("click", () => {
  state.sort = state.sort.startsWith("-") ? state.sort.slice(1) : `-${state.sort}`;
  renderDirection();
  changed();
});
document.getElementById("filters-button").addEventListener("click", () => toggleFilters(!document.body.classList.contains("filtering")));
addEventListener("hashchange", restore);
addEventListener("resize", renderRows);
restore();
