// The palette: Ctrl K or / opens it, typing asks the server, arrows choose, Enter goes.

export function palette() {
  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const rows = () => [...dialog.querySelectorAll(".results a")];
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-palette]")) {
      event.preventDefault();
      show();
    }
    if (event.target === dialog) dialog.close();
  });
  input.addEventListener("keydown", (event) => {
    const all = rows();
    const at = all.findIndex((row) => row.classList.contains("on"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(all, at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      const row = all[Math.max(at, 0)];
      if (row) row.click();
      else if (input.value) location.assign(`/search?q=${encodeURIComponent(input.value)}`);
    }
  });
  dialog.addEventListener("htmx:afterSwap", () => choose(rows(), 0));

  function choose(all, at) {
    if (!all.length) return;
    const next = all[(at + all.length) % all.length];
    for (const row of all) row.classList.toggle("on", row === next);
    next.id ||= `found-${all.indexOf(next)}`;
    input.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }
}

export function show() {
  const dialog = document.getElementById("palette");
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("input").select();
}
