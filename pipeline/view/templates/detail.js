// One rollout: facts, what came before and after it, patches, messages.

const detailElement = document.getElementById("detail");
let showing = null;

async function showDetail(row) {
  if (!row) {
    showing = null;
    const said = state.key == null ? "Choose a rollout." : `No rollout ${state.key} in this page.`;
    detailElement.replaceChildren(el("p", { class: "empty" }, said));
    return;
  }
  if (showing === row.key) return;
  showing = row.key;
  detailElement.replaceChildren(headerElement(row), el("p", { class: "soft" }, "Unpacking…"));
  try {
    const [body, task] = await Promise.all([bodyOf(row), taskOf(row)]);
    if (showing !== row.key) return;
    detailElement.replaceChildren(headerElement(row, body), storyElement(row, task), patchSection(row, body, task), messageSection(row, body));
    detailElement.scrollTop = 0;
    const query = state.deep ? state.query.trim().toLowerCase() : "";
    highlight(detailElement, query);
  } catch (error) {
    if (showing === row.key) detailElement.replaceChildren(headerElement(row), el("p", { class: "notice" }, error.message));
  }
}

function headerElement(row, body) {
  const back = el("button", { type: "button", class: "back", click: () => open(null) }, "‹ List");
  const why = body?.why || body?.detail;
  return el("header", { class: "rollout" },
    back,
    el("h2", null, row.name || row.key),
    el("p", { class: "path" }, row.where),
    el("p", { class: "tags" }, tag(row), row.exit && el("span", { class: row.exit === "submitted" ? "tag" : "tag bad" }, words(row.exit)),
      row.scripted && el("span", { class: "tag warn" }, "scripted stand-in"),
      row.cheats.map((mark) => el("span", { class: "tag bad" }, words(mark)))),
    why && el("p", { class: "why" }, why),
    el("dl", null, facts(row, body).map(([name, value, hint]) => el("div", { title: hint }, el("dt", null, name), el("dd", null, value)))));
}

function facts(row, body) {
  const cached = row.tokens_in && row.cached != null ? ` (${Math.round((100 * row.cached) / row.tokens_in)}% cached)` : "";
  return [
    row.which && ["Rollout", row.which === 2 ? "2, from the description" : `1, try ${row.attempt + 1}`],
    !row.which && row.role && ["Who", `${row.role}, attempt ${row.attempt + 1}`],
    row.recall != null && [row.which ? "Recall" : "Score", ratio(row.recall), "own metric: file by file, against the tree"],
    row.sera != null && ["Recall, sera", ratio(row.sera), "the reference's metric"],
    row.change && ["Change type", words(row.change)],
    row.language && ["Language", row.language],
    row.unit && ["Kind", row.unit],
    row.steps != null && ["Steps", number(row.steps)],
    row.tokens_in != null && ["Tokens in", compact(row.tokens_in) + cached, plural(row.tokens_in, "token")],
    row.tokens_out != null && ["Tokens out", compact(row.tokens_out), plural(row.tokens_out, "token")],
    row.cost != null && ["Cost", usd(row.cost)],
    row.seconds != null && ["Time", duration(row.seconds)],
    row.malformed != null && row.malformed > 0 && ["Malformed calls", number(row.malformed)],
    row.model && ["Model", row.model],
    INDEX.sources.length > 1 && ["From", row.source],
    body?.seed != null && ["Seed", String(body.seed)],
    ["Id", row.key],
  ].filter(Boolean);
}

/** The rollouts of the same task in their order, with what happened between them. */
function storyElement(row, task) {
  const items = [];
  for (const one of TASKS[row.task]) {
    items.push(storyItem(one, one === row));
    if (one.verdict) items.push(el("li", { class: "between" }, `self-check: ${one.verdict}`));
  }
  return el("section", { class: "story", "aria-label": "Rollouts of this task" },
    el("ol", null, items),
    task.given_up && el("p", { class: "why" }, `Description left out: ${words(task.given_up)}`),
    task.description && el("details", { open: row.which === 2 }, el("summary", null, "The description between the two"),
      el("div", { class: "prose description" }, task.description)));
}

function storyItem(one, isShown) {
  const title = one.which ? (one.which === 2 ? "Rollout 2" : `Rollout 1${one.attempt ? `, try ${one.attempt + 1}` : ""}`)
    : `${one.role}${one.attempt ? ` ${one.attempt + 1}` : ""}`;
  const note = one.which === 2 || !one.which ? (one.recall == null ? "" : `${one.which ? "recall" : "score"} ${ratio(one.recall)}`) : "";
  return el("li", null, el("button", { type: "button", "aria-current": isShown ? "true" : null, click: () => open(one.key, false) },
    el("b", null, title), " ", (one.which || one.exit !== "submitted") && tag(one), note && el("span", { class: "soft" }, ` ${note}`)));
}

function patchSection(row, body, task) {
  const isBeside = task.sides.some((side) => side.key === row.key);
  const sides = (isBeside ? task.sides : body.patch ? [{ ...body.patch, key: row.key }] : []).map((side, at) => ({ ...side, title: sideTitle(side, row, at) }));
  const isPaired = isBeside && task.counts.gold != null && sides.length === 2;
  return el("section", { class: "patches" },
    el("h3", null, sides.length > 1 ? "Patches" : "Patch"),
    isPaired && legend(task.counts, row.recall),
    sides.length ? patchesElement(sides, isBeside ? task.counts : {}) : el("p", { class: "soft" }, "None."));
}

function sideTitle(side, row, at) {
  const one = BY_KEY.get(side.key);
  if (!one) return at === 0 ? "Rollout 1" : "Rollout 2 (not in this page)";
  const here = one === row ? " (this one)" : "";
  if (one.which) return `Rollout ${one.which}${here}`;
  return `${one.role}${one.attempt ? ` ${one.attempt + 1}` : ""}: ${ratio(one.recall)}${here}`;
}

function messageSection(row, body) {
  const said = body.messages.length ? messagesElement(body) : el("p", { class: "soft" }, "This file holds no messages; open the folder of evaluate to read them.");
  return el("section", null, el("h3", null, `Messages `, el("small", null, body.messages.length ? count(body.messages.length) : "")), said);
}
