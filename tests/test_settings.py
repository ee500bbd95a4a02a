from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from kbot.errors import SettingsError
from kbot.settings import PREFIX, Settings, read_settings


def test_without_flags_and_variables_the_defaults_hold() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert (settings.corpus, settings.index) == (Path("corpus"), Path("index"))


def test_a_flag_goes_before_a_variable_and_a_variable_before_the_default() -> None:
    environment = {"KBOT_PORT": "8000", "KBOT_HOST": "192.0.2.1"}
    settings = read_settings(environment, {"port": "9000", "host": None, "threads": None})
    assert (settings.port, settings.host, settings.threads) == (9000, "192.0.2.1", 2)


def test_every_setting_has_a_variable() -> None:
    given: dict[str, Any] = {"corpus": "/c", "index": "/i", "port": 1, "threads": 1, "rerank": 1, "max_question": 50}
    given |= {"frame_ancestors": "'none'", "allowed_origins": "https://a.example", "root_path": "/a"}
    given |= {"trusted_proxies": "10.0.0.0/8", "metrics": "on", "log": "problems"}
    given |= {"store": "faiss", "vector_index": "flat"}
    for field in dataclasses.fields(Settings):
        value = given.get(field.name, 1 if isinstance(field.default, int) else "text")
        settings = read_settings({PREFIX + field.name.upper(): str(value)})
        assert str(getattr(settings, field.name)) == str(value)


def test_variables_of_other_programs_are_not_looked_at() -> None:
    assert read_settings({"PATH": "/bin", "KBOTTLE": "1", "port": "1"}) == Settings()


def test_flags_that_are_no_settings_are_not_looked_at() -> None:
    assert read_settings({}, {"question": "What is it?", "run": print}) == Settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("KBOT_PROT", "did you mean KBOT_PORT?"),
        ("KBOT_INDEXES", "did you mean KBOT_INDEX?"),
        ("KBOT_ZEBRAS_IN_THE_GARDEN", "known are KBOT_"),
    ],
)
def test_an_unknown_variable_is_an_error_that_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{name} is not a setting of kbot: ") as failed:
        read_settings({name: "1"})
    assert hint in str(failed.value)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("port", 1, 65535), ("threads", 1, 64), ("rerank", 1, 50), ("max_question", 50, 20000)]
)
def test_a_number_out_of_range_is_an_error_with_the_range(name: str, low: int, high: int) -> None:
    for sound in (low, high):
        assert getattr(read_settings({}, {name: str(sound)}), name) == sound
    for wrong in (low - 1, high + 1):
        with pytest.raises(
            SettingsError, match=rf"KBOT_{name.upper()} is {wrong}: give a whole number from {low} to {high}"
        ):
            read_settings({f"KBOT_{name.upper()}": str(wrong)})


@pytest.mark.parametrize("value", ["", "http", "8000.5", "0x50", "1" * 5000])
def test_what_is_no_whole_number_is_an_error(value: str) -> None:
    with pytest.raises(SettingsError, match=r"KBOT_PORT is '.*': give a whole number"):
        read_settings({"KBOT_PORT": value})


@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_path_is_an_error_rather_than_the_folder_one_is_in(value: str) -> None:
    with pytest.raises(SettingsError, match="KBOT_INDEX is empty: give a path, or leave it unset"):
        read_settings({"KBOT_INDEX": value})


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert read_settings({"KBOT_CORPUS": "~/corpus"}).corpus == Path("/home/ada/corpus")


@pytest.mark.parametrize(
    ("frame_ancestors", "allowed_origins", "framing"),
    [
        ("'self'", "", "'self'"),
        ("'none'", "", "'none'"),
        ("'none'", "https://www.a.example", "https://www.a.example"),
        (
            "'self' https://a.example",
            "https://a.example http://127.0.0.1:8000",
            "'self' https://a.example http://127.0.0.1:8000",
        ),
    ],
)
def test_a_website_with_the_button_may_frame_the_chat(
    frame_ancestors: str, allowed_origins: str, framing: str
) -> None:
    assert Settings(frame_ancestors=frame_ancestors, allowed_origins=allowed_origins).framing == framing


@pytest.mark.parametrize("name", ["frame_ancestors", "allowed_origins"])
@pytest.mark.parametrize(
    "value", ["*", "a.example", "https://a.example/", "https:", "https://a.example; script-src *", " "]
)
def test_what_is_no_origin_never_gets_into_the_policy(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^KBOT_{name.upper()} "):
        read_settings({}, {name: value})


@pytest.mark.parametrize("value", ["help", "/", "/help/", "/a b", "//a", '/"><'])
def test_what_is_no_path_of_a_proxy_is_an_error(value: str) -> None:
    with pytest.raises(SettingsError, match=r"KBOT_ROOT_PATH is .*: give a path such as /help"):
        read_settings({"KBOT_ROOT_PATH": value})
