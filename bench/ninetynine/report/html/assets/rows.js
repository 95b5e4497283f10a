// Which models a picture of many shows: searched for, added, taken out.  Its choice is in the
// address, too: "#ladder?rows-curves=0.3.17".
const FIRST_ROWS = 12, FIRST_ON_PHONE = 4; // the latter of pictures that stand below each other
const rowChoosers = new Map(); // a section's id -> its chooser

// What there is to show of each model: [name, a function that shows or hides it].
function rowParts(section) {
  const tiles = all("figure[data-row]", section);
  if (tiles.length) {
    return tiles.map((tile) => [tile.querySelector("figcaption b").textContent, (isOn) => { tile.hidden = !isOn; }]);
  }
  const table = section.querySelector(".matrix"), lines = table ? [...table.tBodies[0].rows] : [];
  const head = table ? [...table.tHead.rows[0].cells].slice(1) : [];
  const nameOf = (cell) => cell.textContent.trim();
  const isSquare = head.length === lines.length && head.every((cell, i) => nameOf(cell) === nameOf(lines[i].cells[0]));
  return lines.map((line, i) => [nameOf(line.cells[0]), (isOn) => {
    line.hidden = !isOn;
    if (isSquare) [head[i], ...lines.map((other) => other.cells[i + 1])].forEach((cell) => { cell.hidden = !isOn; });
  }]);
}

class RowChooser {
  constructor(section) {
    this.key = `rows-${section.dataset.ofRows}`;
    this.parts = rowParts(section);
    this.boxes = this.parts.map((_, i) => make("input", { type: "checkbox", value: i }));
    this.summary = make("summary", {});
    const search = make("input", { type: "search", placeholder: "search", "aria-label": "Search the models", autocomplete: "off", spellcheck: "false" });
    const list = make("fieldset", { class: "row-list" }, make("legend", { class: "sr" }, "Models that are shown"));
    this.parts.forEach(([name], i) => list.append(make("label", { "data-name": name.toLowerCase() }, this.boxes[i], ` ${name}`)));
    const button = (text, chosen) => {
      const item = make("button", { type: "button", class: "quiet" }, text);
      item.addEventListener("click", () => { this.show(chosen()); remember(); });
      return item;
    };
    const found = () => all("label:not([hidden]) input", list).map((box) => Number(box.value));
    const buttons = make("p", { class: "row-buttons" },
      button("Add these", () => [...this.chosen(), ...found()]),
      button("Only these", found),
      this.first = button("", () => this.usual));
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      all("label", list).forEach((label) => { label.hidden = !words.every((word) => label.dataset.name.includes(word)); });
    });
    list.addEventListener("change", () => { this.show(this.chosen()); remember(); });
    const menu = make("details", { class: "menu rows-menu" }, this.summary, make("div", {}, search, buttons, list));
    this.tools = make("div", { class: "tools" }, menu);
    section.querySelector(".says").after(this.tools);
    const hasTiles = section.querySelector("figure[data-row]") !== null;
    onChange(phone, () => this.fit(hasTiles && phone.matches ? FIRST_ON_PHONE : FIRST_ROWS));
  }
  // How many are shown until others are asked for.
  fit(most) {
    const isUsual = !this.usual || this.state() === null;
    this.usual = this.parts.slice(0, most).map((_, i) => i);
    this.first.textContent = `First ${most}`;
    this.tools.hidden = this.parts.length <= most;
    if (isUsual) this.show(this.usual);
  }
  chosen() { return this.boxes.filter((box) => box.checked).map((box) => Number(box.value)); }
  show(chosen) {
    const wanted = new Set(chosen);
    this.parts.forEach(([, show], i) => { this.boxes[i].checked = wanted.has(i); show(wanted.has(i)); });
    this.summary.textContent = `Models: ${this.chosen().length} of ${this.parts.length}`;
  }
  state() {
    const chosen = this.chosen();
    return chosen.join(".") === this.usual.join(".") ? null : chosen.join(".");
  }
  restore(text) {
    this.show(text === null ? this.usual : text.split(".").filter(Boolean).map(Number));
  }
}

function prepareRows(within) {
  all("[data-of-rows]", within).forEach((section) => {
    if (rowParts(section).length <= FIRST_ON_PHONE) return;
    rowChoosers.set(section.id, new RowChooser(section));
  });
}
const choosersOf = (board) => [...rowChoosers].filter(([id]) => id.startsWith(`${board.id}-`)).map(([, one]) => one);
prepareRows(document);
