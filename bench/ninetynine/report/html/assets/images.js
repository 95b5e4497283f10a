// The hardest images: of one label, of two models where they differ; at first the very hardest.
const ON_PHONE = 12;
all(".images").forEach((panel) => {
  const list = panel.querySelector(".tiles");
  if (!list) return;
  const tiles = all("li", list), chooser = panel.querySelector(".class-filter");
  const [first, second] = all(".against", panel);
  const count = panel.querySelector(".count"), more = panel.querySelector(".more");
  const numbers = (text) => text.trim().split(" ").map(Number);
  const runs = numbers(list.dataset.runs);
  const names = [...first.options].slice(1).map((option) => option.textContent);
  const right = new Map(tiles.map((tile) => [tile, numbers(tile.dataset.right)]));
  let every = false;
  const isFolded = (tile, i) => !every && (tile.matches(".later") || (phone.matches && i >= ON_PHONE));

  function show() {
    const a = first.value, b = second.value, isCompared = a !== "" && b !== "" && a !== b;
    const share = (tile, model) => right.get(tile)[model] / runs[model];
    const apart = (tile) => (isCompared ? share(tile, a) - share(tile, b) : 0);
    const label = chooser.value;
    const isOut = (tile, i) => (label && tile.dataset.label !== label) || (isCompared && !apart(tile)) ||
      (!label && !isCompared && isFolded(tile, i));
    tiles.forEach((tile, i) => {
      tile.hidden = isOut(tile, i);
      const versus = tile.querySelector(".versus");
      versus.hidden = !isCompared;
      if (!isCompared) return;
      const of = (model) => `${names[model]} right in ${right.get(tile)[model]} of ${runs[model]}`;
      versus.textContent = apart(tile) > 0 ? `${of(a)}; ${of(b)}` : `${of(b)}; ${of(a)}`;
    });
    const order = isCompared ? [...tiles].sort((x, y) => apart(y) - apart(x)) : tiles;
    list.append(...order);
    more.hidden = label !== "" || isCompared || !tiles.some(isFolded);
    const shown = tiles.filter((tile) => !tile.hidden), better = shown.filter((tile) => apart(tile) > 0).length;
    count.value = isCompared
      ? `${counted(shown.length, "image")} of these ${tiles.length} differ: on ${better} ${names[a]} is right more often, on ${shown.length - better} ${names[b]}`
      : counted(shown.length, "image");
  }
  [chooser, first, second].forEach((item) => item.addEventListener("change", show));
  more.addEventListener("click", () => { every = true; show(); });

  // Who gets an image wrong, the worst first; written when it is asked for.
  all(".who", list).forEach((item) => item.addEventListener("toggle", () => {
    if (item.children.length > 1) return;
    const own = right.get(item.closest("li"));
    const wrong = names.map((name, i) => [name, runs[i] - own[i], runs[i]]).filter(([, n]) => n);
    wrong.sort((x, y) => y[1] / y[2] - x[1] / x[2]);
    item.append(make("ul", {}, ...wrong.map(([name, n, of]) => make("li", {}, `${name}: ${n} of ${of}`))));
  }));
  onChange(phone, show);
});
