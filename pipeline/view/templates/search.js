// Search in the messages: every block is inflated and looked through, a slice of time at a time.

let hits = new Set();
let searched = { query: "", at: 0 };
const ABREAST = 8;

/** Texts to look for: as JSON writes them, and as JSON writes them within the arguments of a call. */
function needles(query) {
  const once = JSON.stringify(query.toLowerCase()).slice(1, -1);
  const twice = JSON.stringify(once).slice(1, -1);
  return once === twice ? [once] : [once, twice];
}

/** Fill `hits`, calling `progress` as they come; a later call ends this one. */
async function searchMessages(query, progress) {
  hits = new Set();
  const mine = (searched = { query, at: 0 });
  const wanted = needles(query);
  let pause = performance.now() + 30;
  for (let from = 0; from < ROLLOUTS.length && searched === mine; from += ABREAST) {
    await Promise.all(ROLLOUTS.slice(from, from + ABREAST).map(async (row) => {
      const text = await inflate(`r${row.n}`);
      const messages = text.slice(text.indexOf("\n") + 1).toLowerCase();
      if (searched === mine && wanted.some((needle) => messages.includes(needle))) hits.add(row.n);
    }));
    mine.at = Math.min(ROLLOUTS.length, from + ABREAST);
    if (performance.now() > pause && searched === mine) {
      progress(mine.at);
      await new Promise((next) => setTimeout(next));
      pause = performance.now() + 200;
    }
  }
  if (searched === mine) progress(ROLLOUTS.length);
}

function endSearch() {
  hits = new Set();
  searched = { query: "", at: 0 };
}

/** Colour the places of `query` below `root`; no element is changed for it. */
function highlight(root, query) {
  if (!globalThis.Highlight) return;
  CSS.highlights.delete("hit");
  if (!query) return;
  const ranges = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node && ranges.length < 2000; node = texts.nextNode()) {
    const text = node.data.toLowerCase();
    for (let at = text.indexOf(query); at >= 0; at = text.indexOf(query, at + query.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + query.length);
      ranges.push(range);
    }
  }
  if (ranges.length) CSS.highlights.set("hit", new Highlight(...ranges));
}
