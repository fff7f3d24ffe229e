// A link with `data-dialog` opens what it points to in a dialog; without script it is a page.

const { htmx } = window;

export function dialogs() {
  const dialog = document.getElementById("dialog");
  if (!dialog) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      open(dialog, link.href);
    }
    if (event.target === dialog || (dialog.contains(event.target) && event.target.closest("[data-close]"))) {
      event.preventDefault();
      dialog.close();
    }
  });
  // A choice in a preview changes the preview: the server draws it again, pinned anew.
  dialog.addEventListener("change", (event) => {
    const { form, name } = event.target;
    if (!event.target.matches("[data-preview]")) return;
    const values = new FormData(form);
    values.delete("csrfmiddlewaretoken");
    const address = `${form.dataset.preview}?${new URLSearchParams(values)}`;
    htmx.ajax("GET", address, into).then(() => {
      const again = [`[name="${name}"]:checked`, `[name="${name}"]`].map((one) => dialog.querySelector(one));
      again.find(Boolean)?.focus();
    });
  });
}

const into = { target: "#dialog", select: "#confirm", swap: "innerHTML" };

function open(dialog, address) {
  htmx.ajax("GET", address, into).then(() => {
    if (!dialog.querySelector("#confirm")) return location.assign(address);
    if (!dialog.open) dialog.showModal();
    const first = dialog.querySelector("[autofocus], input:not([type=hidden]), select, textarea");
    if (first) first.focus();
  });
}
