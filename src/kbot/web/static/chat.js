// What Gradio's chat leaves to the page: names for screen readers, where to scroll and focus, copying, waiting, and
// a way on where the server can't be reached. Nothing is stored, and nothing is sent anywhere else.
"use strict";
(() => {
  const WAIT_MS = 300; // an answer that is faster needs no sign that it is being looked for
  const byId = (id) => document.getElementById(id);
  const box = () => document.querySelector("#question textarea");
  const words = byId("kb-status").dataset; // in the page's language
  const say = (text) => { byId("kb-status").textContent = text; };
  let asked = 0; // questions on the page
  let unread = null; // the last question, until its answer stands below it
  let timer = 0;

  // Gradio names each message with its own source text, tags included: the message reads better without.
  function tidy() {
    const log = document.querySelector("#conversation [role=log]");
    if (log && log.getAttribute("aria-label") !== words.log) log.setAttribute("aria-label", words.log);
    document.querySelectorAll("#conversation [data-testid][aria-label]").forEach((message) => {
      message.removeAttribute("aria-label");
    });
    // Gradio opens every link in a new tab; a phone call needs none.
    document.querySelectorAll("a[target][href^='tel:'], a[target][href^='sms:']").forEach((link) => {
      link.removeAttribute("target");
    });
    // Questions to choose from are English, as the pages that answer them.
    document.querySelectorAll("#conversation .option:not([lang])").forEach((option) => { option.lang = "en"; });
    if (byId("conversation")) byId("conversation").tabIndex = -1;
    if (box() && !box().hasAttribute("enterkeyhint")) {
      box().setAttribute("enterkeyhint", "send");
      box().setAttribute("autocomplete", "off");
    }
  }

  function follow() {
    const questions = document.querySelectorAll("#conversation .user-row");
    if (questions.length < asked) window.scrollTo(0, 0);
    if (questions.length > asked) unread = questions[questions.length - 1];
    asked = questions.length;
    if (unread && unread.nextElementSibling?.querySelector(".kb-answer")) {
      // The answer is read from its beginning: the question goes to the top, not the end of the answer to the bottom.
      const question = unread;
      unread = null;
      window.requestAnimationFrame(() => question.scrollIntoView({ block: "start" }));
    }
  }

  function waiting(on) {
    window.clearTimeout(timer);
    if (on) timer = window.setTimeout(() => { byId("kb-waiting").hidden = false; }, WAIT_MS);
    else byId("kb-waiting").hidden = true;
  }

  function unreachable(on) {
    byId("kb-unreachable").hidden = !on;
    if (on) byId("kb-unreachable").scrollIntoView({ block: "nearest" });
  }

  // Every question is one request; watching it is the only way to know that there will be no answer.
  const send = window.fetch;
  window.fetch = async (...request) => {
    const address = String(request[0]?.url ?? request[0]);
    if (!address.includes("/run/")) return send(...request);
    waiting(true);
    try {
      const response = await send(...request);
      unreachable(!response.ok);
      return response;
    } catch {
      unreachable(true);
      // Gradio never ends a call whose request fails, and takes no further question; it does end one that is refused.
      return new Response(JSON.stringify({ error: null }), { status: 503, headers: { "Content-Type": "application/json" } });
    } finally {
      waiting(false);
    }
  };

  async function copy(button) {
    const card = button.closest(".kb-passage");
    const source = card.querySelector(".kb-source").href;
    const text = `${card.querySelector(".kb-quote").textContent.trim()}\n\n${card.querySelector(".kb-label").textContent}: ${source}\n`;
    const label = button.innerHTML;
    try {
      await navigator.clipboard.writeText(text);
      say(words.copiedWhole);
      button.textContent = words.copied;
    } catch {
      say(words.notAllowed);
      button.textContent = words.notCopied;
    }
    window.setTimeout(() => { button.innerHTML = label; say(""); }, 2500);
  }

  async function feedback(ticket, helpful, reason) {
    // The address is relative: kbot may live under a path.
    const body = JSON.stringify({ ticket, helpful, reason });
    const response = await send("api/feedback", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!response.ok) throw new Error(String(response.status));
    return (await response.json()).html;
  }

  async function rate(button) {
    const part = button.closest(".kb-helpful");
    // Gradio takes every attribute of our own away, so the ticket is a class.
    const ticket = [...part.classList].find((name) => name.startsWith("kb-ticket-")).slice("kb-ticket-".length);
    const helpful = button.matches(".kb-yes");
    const thanks = document.createElement("p");
    thanks.tabIndex = -1;
    try {
      await feedback(ticket, helpful, "");
      thanks.textContent = words.thanks;
    } catch {
      thanks.textContent = words.failed;
      part.append(thanks);
      return;
    }
    const label = document.createElement("label");
    const reason = document.createElement("textarea");
    const submit = document.createElement("button");
    reason.maxLength = 1000;
    label.append(words.reason, reason);
    submit.type = "button";
    submit.textContent = words.send;
    submit.addEventListener("click", async () => {
      if (!reason.value.trim()) return;
      try {
        const html = await feedback(ticket, helpful, reason.value);
        part.replaceChildren(thanks);
        // A cry for help gets the same answer here as in the question box. The server's own templates: all escaped.
        if (html) part.innerHTML = html;
        part.tabIndex = -1;
        part.focus();
      } catch {
        thanks.textContent = words.failed;
      }
    });
    part.replaceChildren(thanks, label, submit);
    thanks.focus({ preventScroll: true });
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const rating = event.target.closest(".kb-yes, .kb-no");
    if (rating) rate(rating);
    const button = event.target.closest(".kb-copy");
    if (button) copy(button);
    // What was pressed goes away with the answer, and the focus must not fall off the page with it. On a phone the
    // question box would open the keyboard over the answer.
    if (event.target.closest("#conversation .option, #start-over")) {
      const typing = window.matchMedia("(pointer: fine)").matches;
      (typing ? box() : byId("conversation")).focus({ preventScroll: true });
    }
  }, true);

  // In the frame of a website's dialog, the website does not see its keys: Escape is told to it, and nothing else.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && window.parent !== window) window.parent.postMessage("kbot:close", "*");
  });

  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("#conversation details").forEach((part) => { part.open = true; });
  });

  // Gradio puts its parts in place one after another and may replace them, so nothing is looked up only once.
  new MutationObserver(() => { tidy(); follow(); }).observe(document.querySelector(".kb-conversation"), {
    childList: true, subtree: true,
  });
})();
