// A click on a passage opens its figures, one on the topic map opens the subject below, and a link to questions opens
// them without loading the page anew. All of it can be read and opened without: this only leads there.
(() => {
  "use strict";

  function reveal(details) {
    if (!details) return;
    for (let around = details; around; around = around.parentElement?.closest("details")) around.open = true;
    const summary = details.querySelector("summary");
    summary.focus({ preventScroll: true });
    summary.scrollIntoView({ block: "center" });
  }

  function showSubject(name) {
    reveal(document.getElementById(name)?.closest("details"));
  }

  // The tab Questions listens to a text that nobody sees, for the query of an address. False where it isn't there.
  function showQuestions(link) {
    const asked = document.querySelector("#ks-only :is(input, textarea)");
    if (!asked) return false;
    asked.value = new URL(link.href).search;
    asked.dispatchEvent(new Event("input", { bubbles: true }));
    asked.dispatchEvent(new KeyboardEvent("keypress", { key: "Enter", bubbles: true, cancelable: true }));
    wanted = true;
    return true;
  }

  // Once the questions are there, the focus goes to their tab: the link that led there is hidden with its own.
  let wanted = false;
  function arrive() {
    const tab = document.querySelector('#board [role="tab"][aria-selected="true"]');
    if (!wanted || tab?.textContent.trim() !== "Questions") return;
    wanted = false;
    tab.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }
  new MutationObserver(arrive).observe(document.documentElement, { subtree: true, attributeFilter: ["aria-selected"] });

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (link?.classList.contains("ks-drill") && plain && showQuestions(link)) {
      event.preventDefault();
      return;
    }
    const address = link?.getAttribute("href") ?? link?.getAttribute("xlink:href") ?? "";
    if (address.startsWith("#subject-")) {
      event.preventDefault();
      showSubject(address.slice(1));
      return;
    }
    const passage = link ? null : event.target.closest(".kt-text .kt-use[id]");
    if (passage && String(getSelection()) === "") reveal(document.getElementById(`about-${passage.id}`));
  });

  // Plotly tells of clicks on its own element, which comes and goes with every map.
  const known = new WeakSet();
  new MutationObserver(() => {
    // Each plot brings the style sheet of all plots once more, under the same id.
    [...document.querySelectorAll('style[id="plotly.js-style-global"]')].slice(1).forEach((style) => style.removeAttribute("id"));
    for (const plot of document.querySelectorAll(".kt-map .js-plotly-plot")) {
      if (known.has(plot) || typeof plot.on !== "function") continue;
      known.add(plot);
      plot.on("plotly_click", ({ points }) => showSubject(points[0]?.id ?? ""));
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
