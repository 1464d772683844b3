// The index, which is here at once, and the blocks, which are inflated when they are asked for.

const INDEX = JSON.parse(document.getElementById("index").textContent);

/** All rollouts in page order, each with its number `n` and a text to search in. */
const ROLLOUTS = INDEX.rows.map((values, n) => {
  const row = { n };
  INDEX.columns.forEach((column, i) => (row[column] = values[i]));
  row.text = [row.name, row.where, row.key, row.model].join("\n").toLowerCase();
  row.source = INDEX.sources[row.source];
  row.marks = [...row.cheats, ...(row.malformed ? ["malformed_calls"] : []), ...(row.scripted ? ["scripted"] : [])];
  row.cost = row.cost ?? null;
  return row;
});

const BY_KEY = new Map(ROLLOUTS.map((row) => [row.key, row]));

/** The rollouts of each task, in their order. */
const TASKS = [];
for (const row of ROLLOUTS) (TASKS[row.task] ??= []).push(row);

const parsed = new Promise((done) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done, { once: true });
  else done();
});

/** The text of a block's element. While the page still comes in, one that is not there yet is waited for. */
async function blockText(id) {
  if (!document.getElementById(id)) await parsed;
  const element = document.getElementById(id);
  if (!element) throw new Error("This page was cut off before this rollout; have it made again.");
  return element.textContent;
}

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** How every block's stream begins (see pipeline/view/pack.py), and how many bytes of it to drop. */
let beginning = null;
async function streamHead() {
  beginning ??= blockText("head").then((text) => {
    const [size, base64] = text.split(" ");
    return { size: Number(size), bytes: bytesOf(base64) };
  });
  return beginning;
}

/** The text of a block. */
async function inflate(id) {
  const [head, text] = await Promise.all([streamHead(), blockText(id)]);
  const stream = new Blob([head.bytes, bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const whole = await new Response(stream).arrayBuffer();
  return new TextDecoder().decode(new Uint8Array(whole, head.size));
}

/** What the page holds of a rollout beyond its row. */
async function bodyOf(row) {
  const [head, rest] = (await inflate(`r${row.n}`)).split("\n");
  const body = JSON.parse(head);
  body.messages = [...body.opening, ...JSON.parse(rest)];
  return body;
}

async function taskOf(row) {
  return JSON.parse(await inflate(`t${row.task}`));
}
