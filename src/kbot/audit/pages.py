"""A page on the web as its reader sees it: the text, without marks, scripts and styles."""

from __future__ import annotations

from kbot.audit.registers import TIMEOUT, TOOL, Pace, need, understood
from kbot.errors import OnlineError

_LIMIT = 10_000_000  # bytes of a page
_PAUSE = 1.0  # seconds between two pages


class Pages:
    """Reads pages one at a time, and says who asks."""

    def __init__(self, contact: str, *, pace: Pace | None = None) -> None:
        need("httpx2")
        need("selectolax")
        self._agent = f"{TOOL} (mailto:{contact})"
        self._pace = pace or Pace(_PAUSE)

    def text(self, url: str) -> str:
        """Return the text of a page.

        Raises:
            OnlineError: it can't be reached, has gone, or is no HTML.
        """
        import httpx2
        from selectolax.lexbor import LexborHTMLParser

        self._pace.wait()
        with (
            understood(url),
            httpx2.stream(
                "GET", url, timeout=TIMEOUT, follow_redirects=True, headers={"User-Agent": self._agent}
            ) as answer,
        ):
            if answer.status_code >= 400:
                raise OnlineError(f"{url} answers {answer.status_code}: correct the address, or ask for it later")
            if "html" not in answer.headers.get("Content-Type", ""):
                raise OnlineError(f"{url} is no HTML page, so its text can't be compared")
            data = b""
            for chunk in answer.iter_bytes():
                data += chunk
                if len(data) > _LIMIT:
                    raise OnlineError(f"{url} has more than {_LIMIT:,} bytes: its text isn't compared")
            tree = LexborHTMLParser(data)
            tree.strip_tags(["script", "style", "noscript", "template"])
            return tree.body.text(separator=" ") if tree.body else ""
