// A form that is drawn again keeps what was typed while the answer was on its way, and waits no
// more for a look at what it was before.

export function sheets() {
  let late = [];
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const form = detail.target;
    late = [];
    if (!form.matches("form.sheet") || !detail.shouldSwap) return;
    form.querySelector("#preview")?.dispatchEvent(new CustomEvent("htmx:abort", { bubbles: true, detail: {} }));
    const sent = detail.requestConfig.formData;
    late = [...form.elements].filter((one) => one.name && one.type !== "hidden" && one.type !== "submit")
      .filter((one) => one.type !== "checkbox" && sent.get(one.name) !== one.value).map((one) => [form.id, one.name, one.value]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, name, value] of late) {
      const field = document.getElementById(id)?.elements[name];
      if (!field) continue;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    late = [];
  });
}
