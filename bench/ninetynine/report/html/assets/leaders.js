// The leaderboard: sorting, filtering, columns, and a row's own panel.
const FIELDS = ["precision", "family", "suite", "backend", "device", "kind", "group"];
const OPEN_FIELDS = FIELDS.filter((field) => field !== "group"); // that a plain word may name
const bodies = new Map(all(".model-panel").map((panel) => [panel.id, panel.querySelector(".model-body")]));
const valuesOf = (row, field) => (row.dataset[field] ?? "").toLowerCase().split(" ").filter(Boolean);

// A word is part of the name or begins a field's value; "field:a,b" asks one field alone.
function matches(row, word) {
  const [, field, asked] = /^([a-z]+):(.*)$/.exec(word) ?? [];
  if (FIELDS.includes(field)) {
    const wanted = asked.split(",").filter(Boolean), own = valuesOf(row, field);
    const fits = (value) => own.some((one) => (field === "group" ? one === value : one.startsWith(value)));
    return !wanted.length || wanted.some(fits);
  }
  if (row.dataset.name.toLowerCase().includes(word)) return true;
  return OPEN_FIELDS.some((name) => valuesOf(row, name).some((one) => one.startsWith(word)));
}

// The number that a cell begins with.
const leading = (text) => (/^[−-]?[\d,]*\.?\d+/.exec(text)?.[0] ?? "").replaceAll(",", "").replace("−", "-");

// Blanks come last, whichever way.
function compare(a, b, order, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const difference = order === "text" ? a.localeCompare(b, "en", { numeric: true }) : a - b;
  return sign * difference;
}

class Leaders {
  constructor(table) {
    this.table = table;
    this.board = table.closest(".board");
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.head = table.tHead.rows[0];
    this.panel = table.closest(".panel");
    this.filter = this.panel.querySelector(".filter");
    this.fields = all(".field", this.panel);
    this.numbers = document.getElementById(`${this.board.dataset.board}-numbers`);
    this.none = make("p", { class: "nothing", role: "status", hidden: "" }, "No model fits. ", this.clearing());
    table.parentElement.after(this.none);
    this.extra = [];
    this.usual = this.head.querySelector("[aria-sort]");
    this.head.addEventListener("click", (event) => {
      const header = event.target.closest("th");
      if (event.target.closest("button")) { this.sort(header); remember(); }
    });
    [this.filter, ...this.fields].forEach((item) => item.addEventListener("input", () => {
      this.narrow();
      remember();
    }));
    this.body.addEventListener("click", (event) => {
      const link = event.target.closest(".model");
      if (!link) return;
      event.preventDefault();
      this.toggle(link.closest("tr"));
      remember();
    });
    this.lightOnPointing();
    this.offerColumns();
    new ResizeObserver(() => this.fit()).observe(table.parentElement);
  }

  // What brings all rows back.
  clearing() {
    const button = make("button", { type: "button", class: "quiet" }, "Show every model");
    button.addEventListener("click", () => {
      [this.filter, ...this.fields].forEach((item) => { item.value = ""; });
      this.narrow();
      remember();
      this.filter.focus();
    });
    return button;
  }
  key(header) { return header.dataset.key; }

  sort(header, wanted) {
    const { order } = header.querySelector("button").dataset;
    const first = order === "down" ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = wanted ?? (header.getAttribute("aria-sort") === first ? other : first);
    [...this.head.cells].forEach((cell) => cell.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1, column = header.cellIndex;
    const value = (row) => row.cells[column].dataset.sort ?? (header.matches(".name") ? row.dataset.name : "");
    const then = (row) => row.cells[column].dataset.then ?? "";
    this.rows.sort((a, b) => compare(value(a), value(b), order, sign) || compare(then(a), then(b), order, sign));
    this.rows.forEach((row) => {
      const more = this.moreOf(row);
      this.body.append(row);
      if (more) this.body.append(more);
    });
    this.table.classList.toggle("is-unranked", !header.matches(".accuracy"));
    this.isUsual = header === this.usual && direction === "descending";
  }

  // Hides rows, and dims the same models everywhere on the board. A group was called a band once.
  narrow() {
    const words = this.filter.value.toLowerCase().replace(/\bband:/g, "group:").split(/\s+/).filter(Boolean);
    const asked = this.fields.filter((select) => select.value);
    const fits = (row) => words.every((word) => matches(row, word)) &&
      asked.every((select) => (row.dataset[select.dataset.field] ?? "").split(" ").includes(select.value));
    const out = new Set(this.rows.filter((row) => !fits(row)).map((row) => row.dataset.row));
    all("[data-row]", this.board).forEach((item) => item.classList.toggle("is-out", out.has(item.dataset.row)));
    this.rows.forEach((row) => this.moreOf(row)?.classList.toggle("is-out", out.has(row.dataset.row)));
    const shown = this.rows.length - out.size;
    this.none.hidden = shown > 0 || !this.rows.length;
    this.panel.querySelector(".count").value = words.length || asked.length
      ? `${shown} of ${counted(this.rows.length, "model")}` : counted(shown, "model");
  }

  // On pointing and focus: the same model elsewhere, and who is not different from it.
  lightOnPointing() {
    const light = (row) => {
      const groups = new Set(valuesOf(row, "group"));
      this.table.classList.add("is-compared");
      this.rows.forEach((other) => {
        other.classList.toggle("is-same", valuesOf(other, "group").some((group) => groups.has(group)));
      });
      all(`[data-row="${row.dataset.row}"]`, this.board).forEach((item) => item.classList.add("is-lit"));
    };
    const dark = () => {
      this.table.classList.remove("is-compared");
      all(".is-lit", this.board).forEach((item) => item.classList.remove("is-lit"));
      this.rows.forEach((row) => row.classList.remove("is-same"));
    };
    const follow = (event) => {
      const row = event.target.closest("tr[data-row]");
      dark();
      if (row) light(row);
    };
    this.body.addEventListener("pointerover", follow);
    this.body.addEventListener("focusin", follow);
    this.body.addEventListener("pointerleave", dark);
    this.body.addEventListener("focusout", dark);
  }

  // Columns: what the table of every number has is shown on demand.
  offerColumns() {
    const set = this.panel.querySelector(".columns");
    this.sources = new Map(all("thead th[data-key]", this.numbers ?? document.createElement("table")).map((th) => [th.dataset.key, th]));
    const shown = ["accuracy", "errors", "train_seconds"];
    this.sources.forEach((th, key) => {
      if (shown.includes(key)) return;
      set.append(make("label", {}, make("input", { type: "checkbox", value: key }), ` ${th.textContent}`));
    });
    set.addEventListener("change", (event) => {
      this.show(event.target.value, event.target.checked);
      remember();
    });
  }
  show(key, isOn) {
    const box = this.panel.querySelector(`.columns input[value="${CSS.escape(key)}"]`);
    if (!box) return;
    box.checked = isOn;
    if (key === "letters") this.table.classList.toggle("has-letters", isOn);
    else if (isOn && !this.extra.includes(key)) this.add(key);
    else if (!isOn && this.extra.includes(key)) this.drop(key);
    this.fit();
  }
  add(key) {
    const source = this.sources.get(key), column = source.cellIndex;
    const { order, help } = source.dataset;
    const button = make("button", { type: "button", "data-order": order, "data-tip": help }, source.textContent);
    this.head.append(make("th", { role: "columnheader", scope: "col", class: "number extra", "data-key": key }, button));
    this.rows.forEach((row) => {
      const cell = this.numbers.tBodies[0].rows[this.placeOf(row)].cells[column], text = cell.textContent;
      const plain = { role: "cell", class: "number extra", "data-label": source.textContent };
      const sort = cell.dataset.sort ?? (order === "text" ? text : leading(text));
      row.append(make("td", { ...plain, "data-sort": sort }, text));
    });
    this.extra.push(key);
  }
  drop(key) {
    const header = this.head.querySelector(`th[data-key="${CSS.escape(key)}"]`), column = header.cellIndex;
    if (header.hasAttribute("aria-sort")) this.sort(this.usual, "descending");
    this.rows.forEach((row) => row.cells[column].remove());
    header.remove();
    this.extra = this.extra.filter((other) => other !== key);
  }
  placeOf(row) { return Number(row.dataset.model.split("-").at(-1)); }

  // Where its columns do not fit side by side, a row's numbers stand below its name.
  fit() {
    const room = this.table.parentElement;
    if (!room.clientWidth) return;
    const { classList } = this.table, isTooWide = () => this.table.offsetWidth > room.clientWidth;
    classList.remove("is-tight", "is-stacked");
    classList.toggle("is-tight", isTooWide());
    classList.toggle("is-stacked", room.clientWidth <= 640 || isTooWide());
  }

  // A row's panel opens below it; it is in one place at a time.
  moreOf(row) {
    const next = row.nextElementSibling;
    return next?.matches(".more") && next.dataset.for === row.dataset.model ? next : null;
  }
  toggle(row, isOpen = !this.moreOf(row)) {
    const more = this.moreOf(row), link = row.querySelector(".model"), id = row.dataset.model;
    if (isOpen === Boolean(more)) return;
    link.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      document.getElementById(id).append(bodies.get(id));
      more.remove();
      return;
    }
    const elsewhere = bodies.get(id).closest("tr.more");
    if (elsewhere) leadersOf(elsewhere.closest(".board")).toggle(elsewhere.previousElementSibling, false);
    const body = bodies.get(id);
    this.tellNumbers(row, body);
    this.tellDifferences(row, body);
    row.after(make("tr", { class: "more", role: "row", "data-for": id }, make("td", { role: "cell", colspan: "99" }, body)));
  }
  tellNumbers(row, body) {
    if (body.querySelector(".numbers-of") || !this.numbers) return;
    const cells = this.numbers.tBodies[0].rows[this.placeOf(row)].cells;
    const list = make("dl", { class: "recipe numbers-of" });
    this.sources.forEach((th) => {
      const text = cells[th.cellIndex].textContent;
      if (text) list.append(make("div", {}, make("dt", {}, th.textContent), make("dd", {}, text)));
    });
    body.querySelector(".two").before(make("h3", {}, "Numbers"), list);
  }
  tellDifferences(row, body) {
    const shown = this.rows.filter((one) => !one.classList.contains("is-out"));
    const above = shown[shown.indexOf(row) - 1];
    const [keyOf, valueOf] = [(part) => part.firstElementChild.textContent, (part) => part.lastElementChild.textContent];
    const partsOf = (panel) => all(".own > div", panel), own = partsOf(body);
    body.querySelector(".against-above")?.remove();
    own.forEach((part) => part.classList.remove("differs"));
    if (!above || !own.length) return;
    const other = new Map(partsOf(bodies.get(above.dataset.model)).map((part) => [keyOf(part), valueOf(part)]));
    if (!other.size) return;
    own.forEach((part) => part.classList.toggle("differs", other.get(keyOf(part)) !== valueOf(part)));
    const keys = new Set(own.map(keyOf));
    const gone = [...other].filter(([key]) => !keys.has(key)).map(([key, value]) => `${key} ${value}`);
    const changed = own.filter((part) => part.classList.contains("differs")).length;
    const said = changed || gone.length ? `Marked is what differs from ${above.dataset.name}, the row above` : `The recipe of ${above.dataset.name}, the row above`;
    const without = gone.length ? `, which has ${gone.join(", ")} beside it` : "";
    body.querySelector(".own").after(make("p", { class: "note against-above" }, `${said}${without}.`));
  }

  state() {
    const found = {};
    if (this.filter.value.trim()) found.filter = this.filter.value.trim();
    this.fields.forEach((select) => { if (select.value) found[select.dataset.field] = select.value; });
    const sorted = this.head.querySelector("[aria-sort]");
    if (sorted && this.isUsual === false) found.sort = `${this.key(sorted)},${sorted.getAttribute("aria-sort")}`;
    const columns = [...(this.table.classList.contains("has-letters") ? ["letters"] : []), ...this.extra];
    if (columns.length) found.columns = columns.join(",");
    const open = this.rows.filter((row) => this.moreOf(row)).map((row) => row.dataset.row);
    if (open.length) found.open = open.join(",");
    return found;
  }
  restore(asked) {
    const listed = (name) => (asked.get(name) ?? "").split(",").filter(Boolean);
    [...this.extra, "letters"].forEach((key) => { if (!listed("columns").includes(key)) this.show(key, false); });
    listed("columns").forEach((key) => this.show(key, true));
    const [key, direction] = listed("sort");
    const header = [...this.head.cells].find((cell) => this.key(cell) === key && cell.querySelector("button"));
    if (header && ["ascending", "descending"].includes(direction)) this.sort(header, direction);
    else if (this.isUsual === false) this.sort(this.usual, "descending");
    this.filter.value = asked.get("filter") ?? "";
    this.fields.forEach((select) => { select.value = asked.get(select.dataset.field) ?? ""; });
    this.narrow();
    this.rows.forEach((row) => this.toggle(row, listed("open").includes(row.dataset.row)));
  }
}

const leaders = new Map(all(".leaders").map((table) => [table.closest(".board"), new Leaders(table)]));
const leadersOf = (board) => leaders.get(board) ?? { state: () => ({}), restore: () => {} };
function openModel(id) {
  const row = leadersOf(current).rows?.find((one) => one.dataset.model === id);
  if (!row) return;
  leadersOf(current).toggle(row, true);
  row.scrollIntoView();
}
besideChooser?.addEventListener("change", () => {
  const other = document.getElementById(besideChooser.value);
  beside = other === current ? null : other;
  showBoards();
  remember();
});
if (boards.length) {
  addEventListener("hashchange", follow);
  follow();
}
