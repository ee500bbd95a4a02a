from __future__ import annotations

import pytest

from kbot.records import Span
from kbot.web.markdown import Mark, Section, render, render_inline


def on(text: str, part: str, tag: str = "span") -> Mark:
    start = text.index(part)
    return Mark(Span(start, start + len(part)), tag=tag, id="p", classes="c")


@pytest.mark.parametrize(
    ("text", "part", "html"),
    [
        ("One. Two.", "One.", '<p><span id="p" class="c">One.</span> Two.</p>\n'),
        ("One. **Two.**", "**Two.**", '<p>One. <span id="p" class="c"><strong>Two.</strong></span></p>\n'),
        # An element that an edge cuts through is closed and opened again.
        ("**A. B.**", "B.", '<p><strong>A. </strong><span id="p" class="c"><strong>B.</strong></span></p>\n'),
        ("- one\n- two", "two", '<ul>\n<li>one</li>\n<li><span id="p" class="c">two</span></li>\n</ul>\n'),
        ('**"A"** b', '**"A"**', '<p><span id="p" class="c"><strong>&quot;A&quot;</strong></span> b</p>\n'),
        ("a\nb", "a\nb", '<p><span id="p" class="c">a\nb</span></p>\n'),
        ("```\nx\n```", "```\nx\n```", '<pre><code id="p" class="c">x\n</code></pre>\n'),
        ("    x < y", "x < y", '<pre id="p" class="c"><code>x &lt; y\n</code></pre>\n'),
        ("`a b` c", "`a b` c", '<p><span id="p" class="c"><code>a b</code> c</span></p>\n'),
    ],
)
def test_a_range_is_wrapped_where_it_stands(text: str, part: str, html: str) -> None:
    rendered = render(text, [on(text, part)])

    # The empty element that a cut may leave is no harm.
    assert str(rendered.html).replace("<strong></strong>", "") == html


def test_a_table_is_named_whole() -> None:
    text = "| a |\n|---|\n| 1 |"

    assert str(render(text, [on(text, text)]).html).startswith('<table id="p" class="c">')


def test_markup_in_the_text_is_shown_as_text() -> None:
    html = str(render('<img src=x onerror="alert(1)"> [x](javascript:alert(1))').html)

    assert html == ("<p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt; [x](javascript:alert(1))</p>\n")


def test_links_tell_nobody_where_they_were_followed() -> None:
    html = str(render("[x](https://example.org)").html)

    assert html == '<p><a href="https://example.org" rel="noopener noreferrer">x</a></p>\n'


def test_the_title_is_kept_apart_and_headings_get_addresses_of_their_own() -> None:
    rendered = render("# Title *one*\n\n## Same\n\n## Same\n\n### É")

    assert rendered.title == "Title one"
    assert rendered.sections == (
        Section(2, "Same", "section-same"),
        Section(2, "Same", "section-same-2"),
        Section(3, "É", "section-text"),
    )
    assert "Title" not in rendered.html


def test_one_passage_is_one_line() -> None:
    text = "One\n**two** three"

    html = str(render_inline(text, [on(text, "**two**", tag="mark")]))

    assert html.replace("<strong></strong>", "") == 'One <mark id="p" class="c"><strong>two</strong></mark> three'


def test_a_passage_that_is_a_table_stays_as_it_was_typed() -> None:
    assert str(render_inline("| a<b |\n|---|")) == "<pre>| a&lt;b |&#10;|---|</pre>"


def test_characters_that_mark_ranges_elsewhere_may_stand_in_the_text() -> None:
    text = "a \U000f0000 b"

    assert str(render_inline(text, [on(text, "b", tag="mark")])) == 'a \U000f0000 <mark id="p" class="c">b</mark>'
