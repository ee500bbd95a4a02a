from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kbot.answering.wordless import says_nothing

if TYPE_CHECKING:
    from kbot.service import Service


@pytest.mark.parametrize("message", ["the other one then", "uh and the last bit?", "qwrtzx", "kkkk", "before that"])
def test_a_message_that_only_points_or_of_struck_keys_says_nothing(service: Service, message: str) -> None:
    assert says_nothing(message, service.bot.index.language)


@pytest.mark.parametrize("message", ["zyprexa", "what happens before", "tms", "price of the other one", "blue"])
def test_one_word_of_meaning_is_enough_even_where_nobody_knows_it(service: Service, message: str) -> None:
    assert not says_nothing(message, service.bot.index.language)
