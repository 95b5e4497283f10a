// What all parts use, and light and dark. Everything is on the page without a script.
const root = document.documentElement;
root.classList.add("has-script");
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const counted = (n, word) => `${n.toLocaleString("en")} ${word}${n === 1 ? "" : "s"}`;
const tipped = ".mark, [data-tip]"; // what explains itself
const make = (tag, attributes = {}, ...children) => {
  const item = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => item.setAttribute(name, value));
  item.append(...children);
  return item;
};

// The reader's system says light or dark, until a click says otherwise.
const themeButton = document.getElementById("theme");
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
const nameTheme = () => { themeButton.textContent = isDark() ? "Light" : "Dark"; };
themeButton.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
system.addEventListener("change", nameTheme);
nameTheme();

// On a narrow screen what takes many of them is folded at first; paper has it all.
const upTo = (width) => matchMedia(`screen and (max-width: ${width}px)`);
const [phone, narrow] = [upTo(480), upTo(820)];
const onChange = (screen, fold) => { screen.addEventListener("change", fold); fold(); };
onChange(narrow, () => all("details.fold").forEach((part) => { part.open = !narrow.matches; }));

// A select shows one of its choices.
function prepareChoosers(within) {
  all(".chooser select", within).forEach((select) => {
    const choices = all(`[data-of="${select.id}"]`, within);
    const show = () => choices.forEach((choice, i) => { choice.hidden = i !== Number(select.value); });
    select.addEventListener("change", show);
    show();
  });
}
prepareChoosers(document);

// An open menu closes with Escape, and when another place is clicked.
document.addEventListener("click", (event) => {
  all("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
