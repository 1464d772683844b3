// Patches line by line, beside each other where there are two.

const SIGNS = { a: "+", d: "−", c: " ", h: "", n: "" };

/** `sides` as the task's block holds them, each with a `title`; `counts` are empty where nothing is paired. */
function patchesElement(sides, counts) {
  const isPaired = counts.gold != null && sides.length === 2;
  const grid = el("div", { class: sides.length > 1 ? "sides several" : "sides" }, sides.map((side) => sideElement(side, isPaired)));
  if (isPaired) {
    grid.addEventListener("mouseover", (event) => showPair(grid, event.target.closest?.(".line")?.dataset.pair));
    grid.addEventListener("mouseleave", () => showPair(grid, null));
  }
  return grid;
}

function showPair(grid, pair) {
  for (const line of grid.querySelectorAll(".paired")) line.classList.remove("paired");
  if (pair > 0) for (const line of grid.querySelectorAll(`[data-pair="${CSS.escape(pair)}"]`)) line.classList.add("paired");
}

function sideElement(side, isPaired) {
  const files = side.files.map((file) => fileElement(file, isPaired));
  if (!files.length) files.push(el("p", { class: "soft" }, "No change."));
  return el("section", { class: "side" },
    side.title && el("h4", null, side.title),
    files,
    side.cut > 0 && el("p", { class: "soft" }, `${plural(side.cut, "more line")} are not shown here.`));
}

function fileElement(file, isPaired) {
  return el("div", { class: "file" },
    el("div", { class: "path" }, file.path, file.note && el("span", { class: "tag" }, file.note)),
    el("div", { class: "code", tabindex: 0, role: "group", "aria-label": `Patch of ${plain(file.path)}` },
      el("div", { class: "lines" }, file.rows.map((row) => lineElement(row, isPaired)))));
}

function lineElement([kind, text, pair], isPaired) {
  const changes = kind === "a" || kind === "d";
  const meaning = !isPaired || !changes ? null : pair > 0 ? "matched" : pair === 0 ? "unmatched" : "uncounted";
  return el("div", { class: ["line", kind, meaning].filter(Boolean).join(" "), "data-pair": pair > 0 ? pair : null },
    el("span", { class: "match", title: meaning && MEANINGS[meaning] }, meaning === "matched" ? "=" : ""),
    el("span", { class: "sign" }, SIGNS[kind]),
    el("span", { class: "content" }, text));
}

const MEANINGS = {
  matched: "counts, and the other patch has it too",
  unmatched: "counts, and the other patch does not have it",
  uncounted: "does not count: blank, or beside the source",
};

/** What the marks mean. They follow the texts of the patches; the recall is measured on the tree, and may see another diff. */
function legend({ gold, candidate, matched }, recall) {
  const differs = recall != null && gold > 0 && Math.abs(matched / gold - recall) > 0.005;
  return el("p", { class: "legend" },
    el("span", { class: "key matched" }, "="), ` in both: ${matched} of the ${plural(gold, "line")} of rollout 1 that count`,
    el("span", { class: "soft" }, ` · rollout 2 has ${candidate} · point at a line to see its like`),
    differs && el("span", { class: "soft" }, ` · the recall of ${ratio(recall)} was measured on the tree, where the diff is another`));
}
