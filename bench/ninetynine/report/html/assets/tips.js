// Tips: on pointing and on focus, closed by Escape.
const tip = document.getElementById("tip");
let explained = null;
function hideTip() {
  explained = null;
  tip.hidden = true;
}
// What a number of a table says: the words of the table, with its row, its column and itself.
function sayCell(item) {
  const table = item.closest("[data-says]");
  if (!table) return item.textContent;
  const nameOf = (cell) => cell.textContent.trim();
  const parts = { row: nameOf(item.parentElement.cells[0]), column: nameOf(table.tHead.rows[0].cells[item.cellIndex]), text: item.textContent };
  return table.dataset.says.replace(/\{(row|column|text)\}/g, (_, part) => parts[part]);
}
function showTip(item) {
  explained = item;
  tip.textContent = item.dataset.tip || (item.getAttribute("aria-label") ?? sayCell(item));
  tip.hidden = false;
  const box = item.getBoundingClientRect(), own = tip.getBoundingClientRect();
  const left = Math.min(Math.max(box.left + box.width / 2 - own.width / 2, 12), innerWidth - own.width - 12);
  const above = box.top - own.height - 9;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > 4 ? above : Math.min(box.bottom + 9, innerHeight - own.height - 4)}px`;
  if (item.matches("[data-tip]")) item.setAttribute("aria-describedby", "tip");
}
const onTip = (event) => {
  const item = event.target.closest?.(tipped);
  if (item) showTip(item);
  else hideTip();
};
document.addEventListener("pointerover", onTip);
document.addEventListener("focusin", onTip);
document.addEventListener("focusout", hideTip);
addEventListener("scroll", () => { if (explained) showTip(explained); }, { passive: true });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });

// What is cut short says its whole name.
const prepareCuts = (within) => all(".cut", within).forEach((item) => { item.dataset.tip = item.textContent; });
prepareCuts(document);

// One picture at three widths: the marks of the others say what those of the first say.
const prepareSizes = (within) => all(".sizes", within).forEach((sizes) => {
  const [first, ...others] = [...sizes.children].map((size) => all(".mark", size));
  others.flatMap((marks) => [...marks.entries()]).forEach(([i, mark]) => {
    if (mark.hasAttribute("aria-label")) return;
    mark.setAttribute("role", "img");
    mark.setAttribute("aria-label", first[i]?.getAttribute("aria-label") ?? "");
  });
});
prepareSizes(document);

// A picture is one stop of the Tab key, and so are a table's bars; the arrow keys go through them.
function prepareRoving(within) {
  all(".marks, [data-roving], .leaders tbody", within).forEach((group) => {
    if (group.closest(".leaders") && !group.matches("tbody")) return;
    const items = all(group.matches("tbody") ? ".mark" : tipped, group);
    items.forEach((item, i) => { item.setAttribute("tabindex", i ? "-1" : "0"); });
    group.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const shown = items.filter((item) => item.getClientRects().length);
      const place = shown.indexOf(document.activeElement);
      if (!step || place < 0) return;
      event.preventDefault();
      const next = shown[(place + step + shown.length) % shown.length];
      items.forEach((item) => { item.setAttribute("tabindex", item === next ? "0" : "-1"); });
      next.focus();
    });
  });
}
prepareRoving(document);
