// Live parts rest while nobody looks, a click counts once, and what stops refreshing says so.

const polls = (element) => (element.getAttribute("hx-trigger") || "").includes("every ");

export function live() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (polls(event.detail.elt) && (document.hidden || openInside(event.detail.elt))) event.preventDefault();
  });
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => stale(event.detail.elt, true));
  }
  document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && stale(event.detail.elt, false));
  document.addEventListener("submit", once);
}

// A reader who opened a "why" or types in a field must not lose it to a refresh.
function openInside(element) {
  return element.contains(document.activeElement) && document.activeElement.matches("input, select, textarea, summary");
}

function stale(element, broken) {
  const note = element.isConnected ? element.querySelector("[data-stale]") : null;
  if (note) note.hidden = !broken;
}

function once(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (!button || !button.classList.contains("b")) return;
  button.setAttribute("aria-disabled", "true");
  const icon = button.querySelector("svg.i");
  if (icon) icon.classList.add("spin");
}

// Coming back with the browser's Back shows the page as it was: let its forms be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
  }
});
