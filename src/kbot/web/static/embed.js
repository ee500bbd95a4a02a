// The chat on a clinic's website: <script src="https://kbot.example.org/embed.js" defer></script>
// A button, and a dialog with the chat in a frame. Both stand in a shadow tree, which the website's styles don't reach;
// theirs is a constructed style sheet, so a Content-Security-Policy needs kbot's origin in script-src and frame-src only.
"use strict";
(() => {
  const kbot = __KBOT__;
  const root = new URL(".", document.currentScript.src); // the folder of this file: kbot may live under a path
  const language = (navigator.languages || ["en"]).map((tag) => tag.slice(0, 2)).find((tag) => kbot.words[tag]) || "en";
  const words = kbot.words[language];

  const styles = `
:host { all: initial !important; --accent: ${kbot.day[0]}; --on: ${kbot.day[1]}; --back: #fff; --ink: #1b2627; }
* { box-sizing: border-box; font: 600 16px/1.3 system-ui, sans-serif; }
button, a { display: inline-flex; align-items: center; gap: 8px; min-height: 44px; padding: 8px 14px; border: 1px solid transparent;
  border-radius: 999px; background: none; color: var(--accent); text-decoration: none; cursor: pointer; }
a:hover, #close:hover { text-decoration: underline; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; }
#open { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000; min-height: 52px; padding: 12px 20px; background: var(--accent);
  color: var(--on); box-shadow: 0 2px 12px rgb(0 0 0 / 30%); }
svg { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
dialog { position: fixed; inset: auto 16px 16px auto; width: 440px; height: min(760px, calc(100vh - 32px)); max-width: none;
  max-height: none; margin: 0; padding: 0; border: 1px solid #76858a; border-radius: 16px; overflow: hidden; background: var(--back);
  color: var(--ink); box-shadow: 0 8px 40px rgb(0 0 0 / 35%); }
dialog[open] { display: flex; flex-direction: column; }
dialog::backdrop { background: rgb(10 20 20 / 35%); }
header { display: flex; flex-wrap: wrap; align-items: center; padding: 2px 6px 2px 16px; }
h2 { flex: 1; margin: 0; font-size: 17px; }
iframe { flex: 1; width: 100%; min-height: 0; border: 0; }
@media (max-width: 640px), (max-height: 480px) { dialog { inset: 0; width: 100%; height: 100%; border: 0; border-radius: 0; } }
@media (prefers-color-scheme: dark) { :host { --accent: ${kbot.night[0]}; --on: ${kbot.night[1]}; --back: #20292b; --ink: #e9efed; } }
@media print { #open { display: none; } }`;

  function make(name, attributes, ...children) {
    const element = document.createElement(name);
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    element.append(...children);
    return element;
  }

  function picture() {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", "M5 4h14a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM7.5 8.5h9M7.5 12.5h6");
    svg.append(path);
    return svg;
  }

  function start() {
    if (document.querySelector("kbot-chat")) return; // the tag stands on the page twice
    const host = make("kbot-chat", { lang: language });
    const tree = host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    tree.adoptedStyleSheets = [sheet];

    const open = make("button", { id: "open", type: "button", "aria-haspopup": "dialog" }, picture(), words.open);
    const close = make("button", { id: "close", type: "button", autofocus: "" }, words.close);
    const tab = make("a", { href: root.href, target: "_blank", rel: "noopener noreferrer" }, words.tab);
    const header = make("header", {}, make("h2", { id: "title" }, words.title), tab, close);
    const dialog = make("dialog", { "aria-labelledby": "title" }, header);
    let frame = null; // not before it is asked for: a page view alone sends nothing to kbot

    open.addEventListener("click", () => {
      if (!frame) {
        frame = make("iframe", { title: words.frame, src: root.href, allow: "clipboard-write", referrerpolicy: "no-referrer" });
        dialog.append(frame);
      }
      // A modal dialog of the browser's own: it keeps the focus in, closes on Escape and gives the focus back.
      dialog.showModal();
    });
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // beside it
    window.addEventListener("message", (event) => {
      if (frame && event.source === frame.contentWindow && event.origin === root.origin && event.data === "kbot:close") dialog.close();
    });

    tree.append(open, dialog);
    document.body.append(host);
  }

  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
