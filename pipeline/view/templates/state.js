// What is shown, kept in the address so that it can be sent to somebody: #ID&outcome=kept&recall=0.5..&sort=-recall

const state = { key: null, query: "", deep: false, sort: "", facets: new Map(), ranges: new Map() };

function readState() {
  const [first, ...rest] = location.hash.slice(1).split("&");
  const pairs = new URLSearchParams((first.includes("=") ? [first, ...rest] : rest).join("&"));
  state.key = first.includes("=") || !first ? null : decoded(first);
  state.query = pairs.get("q") ?? "";
  state.deep = pairs.get("in") === "messages";
  state.sort = pairs.get("sort") ?? "";
  state.facets = new Map(FACETS.map(({ id }) => [id, new Set(pairs.getAll(id))]).filter(([, chosen]) => chosen.size));
  state.ranges = new Map();
  for (const { id } of RANGES) {
    const [from, to] = (pairs.get(id) ?? "").split("..").map((end) => (end === "" || isNaN(end) ? null : Number(end)));
    if (from != null || to != null) state.ranges.set(id, [from, to ?? null]);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function writeState() {
  const pairs = new URLSearchParams();
  if (state.query) pairs.set("q", state.query);
  if (state.deep) pairs.set("in", "messages");
  for (const [id, chosen] of state.facets) for (const value of chosen) pairs.append(id, value);
  for (const [id, [from, to]] of state.ranges) pairs.set(id, `${from ?? ""}..${to ?? ""}`);
  if (state.sort) pairs.set("sort", state.sort);
  const parts = [state.key == null ? "" : encodeURIComponent(state.key), pairs.toString()].filter(Boolean);
  history.replaceState(null, "", "#" + parts.join("&"));
}
