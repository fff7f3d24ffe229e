// Charts cost two hundred kilobytes: they are fetched when one is scrolled to, and not before.

export function chartsWhenSeen(address) {
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      watch.unobserve(entry.target);
      import(address).then((charts) => charts.draw(entry.target));
    }
  });
  const look = (root) => root.querySelectorAll("[data-chart]").forEach((one) => watch.observe(one));
  look(document);
  document.addEventListener("htmx:afterSettle", (event) => look(event.detail.elt.parentElement || document));
}
