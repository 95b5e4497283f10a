"use strict";
// Sorts, filters, chooses and explains. Everything is on the page without it.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const counted = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;

  // Light and dark: the reader's system says, until a click says otherwise.
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    nameTheme();
  });
  system.addEventListener("change", nameTheme);
  nameTheme();

  // One board at a time: the one that the address names, or that holds what it names.
  const boards = all("main > .board");
  const links = all(".boards a");
  function showBoard() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const current = named?.closest(".board") ?? boards.find((b) => !b.hidden) ?? boards[0];
    if (links.length) boards.forEach((board) => { board.hidden = board !== current; });
    links.forEach((link) => {
      if (link.hash === `#${current.id}`) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (named) named.scrollIntoView();
  }
  if (links.length) boards.slice(1).forEach((board) => { board.hidden = true; });
  addEventListener("hashchange", showBoard);
  showBoard();

  // A select shows one of its choices.
  all(".chooser select").forEach((select) => {
    const choices = all(`[data-of="${select.id}"]`);
    const show = () => choices.forEach((choice, i) => { choice.hidden = i !== Number(select.value); });
    select.addEventListener("change", show);
    show();
  });

  // Sorting: a click sorts the sensible way first, the next one the other way; blanks come last.
  function compare(a, b, order, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    const difference = order === "text" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
    return sign * difference;
  }
  function sort(header) {
    const row = header.parentElement, table = header.closest("table");
    const column = [...row.children].indexOf(header);
    const order = header.querySelector("button").dataset.order;
    const first = order === "down" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = header.getAttribute("aria-sort") === first ? other : first;
    [...row.children].forEach((cell) => cell.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const value = (line) => line.children[column].dataset.sort;
    const lines = [...table.tBodies[0].rows];
    lines.sort((a, b) => compare(value(a), value(b), order, sign));
    table.tBodies[0].append(...lines);
  }
  all(".leaders thead button").forEach((item) => {
    item.addEventListener("click", () => sort(item.closest("th")));
  });

  // The filter hides rows of the table and dims the same models everywhere on the board.
  all(".filter").forEach((input) => {
    const board = input.closest(".board"), rows = all(".leaders tbody tr", board);
    const count = input.closest(".tools").querySelector(".count");
    input.addEventListener("input", () => {
      // A group was called a band once.
      const asked = input.value.toLowerCase().replace(/\bband:/g, "group:");
      const words = asked.split(/\s+/).filter(Boolean);
      const out = new Set();
      rows.forEach((row) => {
        if (!words.every((word) => row.dataset.search.includes(word))) out.add(row.dataset.row);
      });
      all("[data-row]", board).forEach((item) => {
        item.classList.toggle("is-out", out.has(item.dataset.row));
      });
      const shown = rows.length - out.size;
      count.value = words.length ? `${shown} of ${counted(rows.length, "model")}` : counted(shown, "model");
    });
  });
  all(".leaders tbody tr").forEach((row) => {
    const same = all(`[data-row="${row.dataset.row}"]`, row.closest(".board"));
    row.addEventListener("pointerenter", () => same.forEach((m) => m.classList.add("is-lit")));
    row.addEventListener("pointerleave", () => same.forEach((m) => m.classList.remove("is-lit")));
  });

  // The hardest images of one label; of all labels, at first the very hardest.
  all(".class-filter").forEach((select) => {
    const panel = select.closest(".panel"), tiles = all(".tiles li", panel);
    const count = panel.querySelector(".count"), more = panel.querySelector(".more");
    let every = !more;
    const show = () => {
      const label = select.value;
      const isOut = (tile) => label ? tile.dataset.label !== label : !every && tile.matches(".later");
      tiles.forEach((tile) => { tile.hidden = isOut(tile); });
      if (more) more.hidden = every || label !== "";
      count.value = counted(tiles.filter((tile) => !tile.hidden).length, "image");
    };
    select.addEventListener("change", show);
    more?.addEventListener("click", () => { every = true; show(); });
    show();
  });

  // Copying: tables as tab-separated text, commands as they are.
  async function copy(text, item) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand("copy");
      area.remove();
    }
    const name = item.textContent;
    item.textContent = done ? "Copied" : "Not allowed here";
    setTimeout(() => { item.textContent = name; }, 1500);
  }
  const cellText = (cell) => (cell.dataset.copy ?? (cell.querySelector("button") ?? cell).textContent).trim();
  all(".copy-table").forEach((item) => item.addEventListener("click", () => {
    const table = document.getElementById(item.getAttribute("aria-controls"));
    const rows = [...table.rows].filter((row) => !row.classList.contains("is-out"));
    copy(rows.map((row) => [...row.cells].map(cellText).join("\t")).join("\n") + "\n", item);
  }));
  all(".copy").forEach((item) => item.addEventListener("click", () => {
    copy(item.parentElement.querySelector("code").textContent, item);
  }));

  // Tips: on pointing and on focus, closed by Escape.
  const tip = document.getElementById("tip");
  const tipped = ".mark, [data-tip]";
  let explained = null;
  function hideTip() {
    explained = null;
    tip.hidden = true;
  }
  function showTip(item) {
    explained = item;
    tip.textContent = item.dataset.tip ?? item.getAttribute("aria-label");
    tip.hidden = false;
    const box = item.getBoundingClientRect(), own = tip.getBoundingClientRect();
    const left = Math.min(Math.max(box.left + box.width / 2 - own.width / 2, 12), innerWidth - own.width - 12);
    const above = box.top - own.height - 9;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 4 ? above : Math.min(box.bottom + 9, innerHeight - own.height - 4)}px`;
    if (item.dataset.tip) item.setAttribute("aria-describedby", "tip");
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

  // A picture is one stop of the Tab key; the arrow keys go through its marks.
  all(".marks, [data-roving]").forEach((group) => {
    const items = all(tipped, group);
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
})();
