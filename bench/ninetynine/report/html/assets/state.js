// Which boards are seen, and what was asked of them: all of it is in the address's fragment,
// "#ladder-cost", or "#ladder?filter=group:a&sort=seconds&columns=loss&open=2&beside=speedrun".
const boards = all("main > .board");
const links = all(".boards a");
const besideChooser = document.getElementById("beside");
let current = boards[0];
let beside = null;

function fragment() {
  const [anchor, query = ""] = location.hash.slice(1).split("?");
  let name = anchor;
  try { name = decodeURIComponent(anchor); } catch { /* as it stands */ }
  return { anchor: name, asked: new URLSearchParams(query) };
}

// Boards were numbered once: their links lead to all rows of that board.
function place(anchor) {
  const found = document.getElementById(anchor);
  const [, board, rest] = /^(board-\d+)(.*)$/.exec(anchor) ?? [];
  if (found || !board) return found;
  const view = boards.filter((one) => one.dataset.board === board).at(-1);
  return view && (document.getElementById(view.id + rest) ?? view);
}
// A section whose pictures are still packed is found by the board that its name begins with.
const boardOf = (anchor) => boards.find((board) => anchor === board.id || anchor.startsWith(`${board.id}-`));

// The pictures of a board that is not seen at first are unpacked when it is.
async function unpack(board) {
  const part = board.querySelector(":scope > .packed");
  if (!part) return;
  const { packed } = part.dataset;
  delete part.dataset.packed;
  if (!packed) return;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  part.innerHTML = await new Response(inflated).text();
  prepareChoosers(part);
  prepareRows(part);
  prepareCuts(part);
  prepareSizes(part);
  prepareRoving(part);
  leadersOf(board).narrow?.();
  part.replaceWith(...part.childNodes);
  if (board === current) restoreRows(fragment().asked);
  const named = document.getElementById(fragment().anchor);
  if (named?.closest(".board") === board && named !== board) named.scrollIntoView();
}

function showBoards() {
  const shown = [current, beside].filter(Boolean);
  shown.forEach(unpack);
  boards.forEach((board) => { board.hidden = !shown.includes(board); });
  document.getElementById("main").classList.toggle("is-beside", beside !== null);
  all(".shared > .models").forEach((part) => {
    part.hidden = !shown.some((board) => board.dataset.board === part.dataset.board);
  });
  all(".shared > .images").forEach((part) => {
    part.hidden = !shown.some((board) => board.dataset.images === part.id);
  });
  links.forEach((link) => {
    if (link.hash === `#${current.id}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  if (besideChooser) besideChooser.value = beside?.id ?? "";
}

// The fragment that brings back what is seen now.
function permalink() {
  const asked = new URLSearchParams(leadersOf(current).state());
  choosersOf(current).forEach((one) => { if (one.state() !== null) asked.set(one.key, one.state()); });
  if (beside) asked.set("beside", beside.id);
  const query = asked.toString();
  return `#${current.id}${query ? `?${query}` : ""}`;
}
const restoreRows = (asked) => choosersOf(current).forEach((one) => one.restore(asked.get(one.key)));
const remember = () => {
  try { history.replaceState(null, "", permalink()); } catch { /* not allowed here */ }
};

function follow() {
  const { anchor, asked } = fragment();
  const named = place(anchor);
  const board = named ? named.closest(".board") : boardOf(anchor);
  if (board && board !== current) { current = board; beside = null; }
  if (location.hash.includes("?")) {
    const other = document.getElementById(asked.get("beside") ?? "");
    beside = boards.includes(other) && other !== current ? other : null;
    leadersOf(current).restore(asked);
    restoreRows(asked);
  }
  showBoards();
  if (named?.matches(".model-panel")) openModel(named.id);
  else if (named === current) scrollTo(0, 0);
  else if (named && !location.hash.includes("?")) named.scrollIntoView();
}
