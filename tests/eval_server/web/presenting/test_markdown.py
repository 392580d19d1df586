"""What a host writes becomes HTML that can do no harm."""

from __future__ import annotations

import re

import pytest

from eval_server.web.presenting.markdown import BELOW_TITLE, html_of


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b>bold</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example)",
        "[x](/host)",
        "<javascript:alert(1)>",
        '[x](https://a.example "onclick=alert(1)")',
        "![x](https://a.example/pixel.png)",
        "![x](javascript:alert(1))",
        "[x]: javascript:alert(1)\n\n[x]",
        "&#106;avascript:alert(1) [x](&#106;avascript:alert(1))",
    ],
)
def test_neither_scripts_nor_foreign_pictures_nor_other_schemes_come_through(text: str) -> None:
    found = str(html_of(text, "/phases/small/picture?1"))
    assert not re.search(r"<(?!/?(?:p|a|em|strong|ul|li|code|pre)\b)", found), found
    for address in re.findall(r'(?:href|src)="([^"]*)"', found):
        assert address == "https://a.example"
    assert not re.search(r"<[^>]*\son\w+=", found)


def test_links_lead_to_the_web_or_to_mail_and_say_that_we_do_not_vouch_for_them() -> None:
    found = html_of("[site](https://a.example/b) <mailto:me@a.example> [terms](#terms)")
    assert found.count('rel="nofollow noopener noreferrer"') == 3
    assert 'href="https://a.example/b"' in found
    assert 'href="mailto:me@a.example"' in found


def test_the_phases_own_picture_is_shown_where_it_is_named_and_described_where_there_is_none() -> None:
    text = "![a stained *cell*](picture)"
    shown = html_of(text, "/base/phases/small/picture?1")
    assert 'src="/base/phases/small/picture?1"' in shown
    assert 'alt="a stained cell"' in shown
    assert "<img" not in html_of(text)
    assert "a stained" in html_of(text)


def test_headings_stand_below_those_of_the_page_and_tables_are_tables() -> None:
    found = html_of("# One\n\n###### Six\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n")
    assert "<h3>One</h3>" in found
    assert "<h6>Six</h6>" in found
    assert "<td>1</td>" in found
    assert "<h2>One</h2>" in html_of("# One", below=BELOW_TITLE)
