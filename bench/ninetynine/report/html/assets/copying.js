// Copying: the visible rows and columns of a table, commands, a link to what is seen.
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
  const name = item.dataset.name ??= item.textContent;
  item.textContent = done ? "Copied" : "Not allowed here";
  setTimeout(() => { item.textContent = name; }, 1500);
}

function cellText(cell) {
  const text = cell.dataset.copy ?? (cell.matches("tbody .name") ? cell.parentElement.dataset.name : null) ?? (cell.querySelector("button") ?? cell.querySelector(":scope > span") ?? cell).textContent;
  return text.trim().replace(/\s+/g, " ");
}
const LATEX = {
  "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
  "|": "\\textbar{}", "–": "--", "−": "$-$", "±": "$\\pm$", "†": "\\textsuperscript{\\dag}", "[": "{[}", "]": "{]}",
  "&": "\\&", "%": "\\%", "$": "\\$", "#": "\\#", _: "\\_", "{": "\\{", "}": "\\}",
};
const markdown = (text) => text.replace(/[\\`*_<>[\]|~&]/g, "\\$&");
const latex = (text) => [...text].map((character) => LATEX[character] ?? character).join("");
function csv(text) {
  const inert = /^[=+\-@＝＋－＠]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text; // no formula of a spreadsheet's
  return /[",\n]/.test(inert) ? `"${inert.replaceAll("\"", "\"\"")}"` : inert;
}
const WRITERS = {
  Markdown: ([head, ...rows]) => [head, head.map((_, i) => (i < 2 ? "---" : "---:")), ...rows]
    .map((row, i) => `| ${(i === 1 ? row : row.map(markdown)).join(" | ")} |`).join("\n"),
  CSV: (lines) => lines.map((row) => row.map(csv).join(",")).join("\n"),
  LaTeX: ([head, ...rows]) => {
    const line = (row) => `${row.map(latex).join(" & ")} \\\\`;
    return [`\\begin{tabular}{ll${"r".repeat(head.length - 2)}}`, "\\toprule", line(head), "\\midrule", ...rows.map(line), "\\bottomrule", "\\end{tabular}"].join("\n");
  },
};
all(".copy-table").forEach((item) => item.addEventListener("click", () => {
  const table = document.getElementById(item.getAttribute("aria-controls"));
  const rows = [...table.rows].filter((row) => !row.matches(".is-out, .more"));
  const lines = rows.map((row) => [...row.cells].map(cellText));
  lines[0][0] = "Group";
  copy(`${WRITERS[item.dataset.as](lines)}\n`, item);
}));
all(".link").forEach((item) => item.addEventListener("click", () => {
  remember();
  copy(location.href, item);
}));
document.addEventListener("click", (event) => {
  const item = event.target.closest?.(".copy");
  if (item) copy(item.parentElement.querySelector("code").textContent, item);
});
