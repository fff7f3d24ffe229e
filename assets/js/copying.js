// What is shown in threes is copied as it is sent: `data-raw` on the shown, `data-copy` on buttons.
import { say } from "./toasts.js";

export function copying() {
  document.addEventListener("copy", (event) => {
    const chosen = document.getSelection();
    const from = chosen.anchorNode instanceof Element ? chosen.anchorNode : chosen.anchorNode?.parentElement;
    const shown = from && from.closest("[data-raw]");
    if (!shown || chosen.toString().trim() !== shown.textContent.trim()) return;
    event.clipboardData.setData("text/plain", shown.dataset.raw);
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    navigator.clipboard.writeText(button.dataset.copy).then(() => say(button.dataset.copied || button.dataset.copy));
  });
}
