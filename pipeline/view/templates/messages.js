// A trajectory: what was asked, and turn by turn what the model thought, called and saw.

const FOLD_LINES = 14;
const FOLD_CHARACTERS = 4000;

function messagesElement(body) {
  let turn = 0;
  const bad = new Set(body.malformed);
  return el("div", { class: "messages" }, body.messages.map((message, at) => {
    if (message.role === "assistant") turn += 1;
    return messageElement(message, at, turn, body.cheats[at] ?? [], bad.has(at));
  }));
}

function messageElement(message, at, turn, cheats, isBad) {
  const { role } = message;
  const content = el("div", { class: "content" }, contentOf(message, at));
  const raw = el("button", { type: "button", class: "link raw", "aria-pressed": "false", click: () => {
    const shows = raw.getAttribute("aria-pressed") === "false";
    raw.setAttribute("aria-pressed", String(shows));
    content.replaceChildren(...(shows ? [folded(JSON.stringify(message, null, 1), true)] : contentOf(message, at)));
  } }, "JSON");
  const title = role === "assistant" ? `Step ${turn}` : role === "tool" ? "Result" : role === "system" ? "System prompt"
    : turn === 0 ? "Request" : role === "user" ? "Told" : String(role);
  return el("article", { class: `message role-${plain(role)}${isBad ? " malformed" : ""}`, "aria-label": title },
    el("header", null, el("h4", null, title), isBad && el("span", { class: "tag bad" }, "malformed call"),
      cheats.map((mark) => el("span", { class: "tag bad" }, words(mark))), raw),
    content);
}

function contentOf(message) {
  const text = textOf(message.content);
  if (message.role === "system") return [folded(text, false, 3)];
  if (message.role === "tool") return resultOf(text);
  if (message.role !== "assistant") return [folded(text, false)];
  const thought = textOf(message.reasoning ?? message.reasoning_content);
  return [
    thought && el("div", { class: "thought" }, folded(thought, false)),
    text && el("div", { class: "said" }, folded(text, false)),
    ...(Array.isArray(message.tool_calls) ? message.tool_calls : []).map(callElement),
  ].filter(Boolean);
}

function textOf(content) {
  if (Array.isArray(content)) return content.map((part) => part?.text ?? "").join("\n");
  return content == null ? "" : typeof content === "string" ? content : JSON.stringify(content);
}

function callElement(call) {
  const name = call?.function?.name, given = call?.function?.arguments;
  let values = given;
  try {
    if (typeof given === "string") values = JSON.parse(given);
  } catch {
    // Shown as the model wrote it.
  }
  if (values === null || typeof values !== "object" || Array.isArray(values)) {
    return el("div", { class: "call" }, el("span", { class: "tool" }, name), folded(String(given), true));
  }
  const entries = Object.entries(values);
  if (entries.length === 1 && typeof values.command === "string") {
    return el("div", { class: "call shell" }, folded(`$ ${values.command}`, true));
  }
  return el("div", { class: "call" }, el("span", { class: "tool" }, name), entries.map(([key, value]) =>
    el("div", { class: "argument" }, el("span", { class: "soft" }, key), folded(textOf(value), true))));
}

/** A tool's result. The frames that our prompts put around an output are taken apart; any other text is shown as it is. */
function resultOf(text) {
  let frame = null;
  try {
    frame = JSON.parse(text);
  } catch {
    // Not one of ours.
  }
  if (typeof frame?.returncode !== "number") return [folded(text, true)];
  const output = frame.output ?? frame.output_head ?? "", tail = frame.tail ?? frame.output_tail;
  const note = frame.note ?? frame.exception_info;
  return [
    frame.returncode !== 0 && el("span", { class: "tag bad" }, `exit ${frame.returncode}`),
    note && el("span", { class: "tag bad" }, textOf(note)),
    output || tail ? folded(textOf(output), true) : el("p", { class: "soft" }, "No output."),
    tail && el("p", { class: "soft" }, `${number(frame.elided_chars)} characters were left out here, as the model saw it`),
    tail && folded(textOf(tail), true),
  ].filter(Boolean);
}

/** Text that may be long: its beginning, and a button for the rest. `lines`: how many stay. */
function folded(text, isCode, lines = FOLD_LINES) {
  const block = el(isCode ? "pre" : "div", { class: isCode ? null : "prose", tabindex: isCode ? 0 : null });
  const all = text.replace(/\n$/, "").split("\n");
  if (all.length <= lines + 4 && text.length <= FOLD_CHARACTERS) {
    block.append(visible(text.replace(/\n$/, "")));
    return block;
  }
  const start = all.slice(0, lines).join("\n").slice(0, FOLD_CHARACTERS);
  const button = el("button", { type: "button", class: "link unfold", "aria-expanded": "false", click: () => show(button.ariaExpanded !== "true") });
  const show = (whole) => {
    block.replaceChildren(visible(whole ? text : start));
    button.setAttribute("aria-expanded", String(whole));
    button.textContent = whole ? "Fold" : `Show all: ${plural(all.length, "line")}, ${plural(text.length, "character")}`;
    if (state.deep) highlight(document.getElementById("detail"), state.query.trim().toLowerCase());
  };
  const holder = el("div", { class: "folded" }, block, button);
  show(state.deep && state.query && text.toLowerCase().includes(state.query.trim().toLowerCase()));
  return holder;
}
