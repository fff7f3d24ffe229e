// One short line at a time, never the only place a fact is told; it waits while it has the focus.
const LASTS = 8000;

export function toasts() {
  for (const toast of document.querySelectorAll(".wa-toast")) leaveLater(toast);
}

export function say(words) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const toast = document.createElement("div");
  toast.className = "wa-toast";
  toast.textContent = words;
  region.replaceChildren(toast);
  leaveLater(toast);
}

function leaveLater(toast) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), LASTS); };
  const stop = () => clearTimeout(timer);
  for (const name of ["focusin", "pointerenter"]) toast.addEventListener(name, stop);
  for (const name of ["focusout", "pointerleave"]) toast.addEventListener(name, start);
  start();
}
