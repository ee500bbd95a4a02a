// Names the charts, which Plotly draws without a name.
(() => {
  "use strict";

  function titleOf(part) {
    const card = part.closest(".ks-chart");
    const heading = card && card.querySelector("h3");
    return heading ? heading.textContent.trim() : "";
  }

  function nameChart(chart) {
    const title = titleOf(chart);
    if (!title) return;
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `${title}: a chart. Its numbers follow as a table.`);
    // Gradio copies Plotly's style sheet with its id.
    document.querySelectorAll("#kb-board style[id]").forEach((sheet) => sheet.removeAttribute("id"));
  }

  new MutationObserver(() => {
    document.querySelectorAll(".js-plotly-plot:not([role])").forEach(nameChart);
  }).observe(document.documentElement, {childList: true, subtree: true, attributeFilter: ["class"]});
})();

// Says that something is being worked out: Gradio's own sign is of another look, and hidden.
(() => {
  "use strict";
  const LATE = 400; // milliseconds after which somebody wonders
  let pending = 0;
  let timer;

  function say(text) {
    const sign = document.getElementById("kb-busy");
    if (sign && sign.textContent !== text) sign.textContent = text;
  }

  // Looks at how far work is say so themselves, once a second.
  function isLook(body) {
    try {
      const { fn_index: event } = JSON.parse(body);
      const found = window.gradio_config.dependencies.find(({ id }) => id === event);
      return found.targets.every(([, name]) => name === "tick");
    } catch {
      return false;
    }
  }

  const fetchPlainly = window.fetch.bind(window);
  window.fetch = async (...request) => {
    const [where, options] = request;
    const path = new URL(typeof where === "string" ? where : where.url ?? where, document.baseURI).pathname;
    if (!/\/run\/|\/queue\/join/.test(path) || isLook(options?.body)) return fetchPlainly(...request);
    if (++pending === 1) timer = setTimeout(() => say("Working it out …"), LATE);
    try {
      return await fetchPlainly(...request);
    } finally {
      if (--pending === 0) {
        clearTimeout(timer);
        say("");
      }
    }
  };
})();
