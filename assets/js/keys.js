// Shortcuts: letters alone, never while typing, never over a browser's own key.
import { show } from "./palette.js";

const PLACES = { t: "/", c: "/customers", p: "/payments", i: "/invoices", r: "/routers", o: "/online", b: "/books", a: "/approvals" };
const ROW = "#list tbody tr";
let afterG = 0;

export function keys() {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      return show();
    }
    const dialog = document.querySelector("dialog[open]");
    if (dialog && event.ctrlKey && event.key === "Enter") {
      const form = dialog.querySelector("form");
      if (form) form.requestSubmit(form.querySelector(".b.main, .b.harm"));
    }
    if (dialog || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (localStorage.getItem("keys") === "off") return;
    if (act(event.key)) event.preventDefault();
  });
}

function typing(element) {
  return element.matches("input, textarea, select, [contenteditable=true]");
}

function act(key) {
  const lower = key.toLowerCase();
  if (Date.now() - afterG < 1500 && PLACES[lower]) return go(PLACES[lower]);
  afterG = lower === "g" ? Date.now() : 0;
  if (key === "/") return show() || true;
  if (key === "?") return document.getElementById("keys")?.showModal() || true;
  if (lower === "j" || lower === "k") return move(lower === "j" ? 1 : -1);
  if (lower === "o" || key === "Enter") return open(key);
  // The page says which of its links and buttons has a key: `data-key="m"`.
  const named = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === lower && one.offsetParent);
  if (!named) return false;
  if (named.matches("details > summary")) named.parentElement.open = true;
  else named.click();
  return true;
}

function go(address) {
  location.assign(address);
  return true;
}

function move(step) {
  const rows = [...document.querySelectorAll(ROW)].filter((row) => row.querySelector("a.t"));
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.classList.contains("sel"));
  const next = rows[Math.min(Math.max(at + step, 0), rows.length - 1)];
  for (const row of rows) row.classList.toggle("sel", row === next);
  next.querySelector("a.t").focus();
  if (next.closest("[data-follow]")) next.querySelector("a.t").click();
  return true;
}

function open(key) {
  const link = document.querySelector(`${ROW}.sel a.t`);
  if (!link || (key === "Enter" && document.activeElement !== document.body)) return false;
  link.click();
  return true;
}
