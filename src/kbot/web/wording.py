"""The fixed words of the page that are not answers: labels of sources and what they mean. Spanish: locale/es.po."""

from __future__ import annotations

from types import MappingProxyType

from kbot.records import Kind

KIND_LABELS = MappingProxyType(
    {
        Kind.CLINIC_ARTICLE: "Clinic article",
        Kind.CLINIC_FAQ: "Clinic FAQ",
        Kind.CLINIC_FACTS: "Clinic facts",
        Kind.STUDY_ABSTRACT: "Study abstract",
        Kind.STUDY_SUMMARY: "Summary of a study",
    }
)

KIND_NOTES = MappingProxyType(
    {
        Kind.CLINIC_ARTICLE: "Written by the clinic for its website. It is the clinic’s view, not a study.",
        Kind.CLINIC_FAQ: "The clinic’s own answers to common questions. They are not a study.",
        Kind.CLINIC_FACTS: "What the clinic says about itself, such as how to reach it.",
        Kind.STUDY_ABSTRACT: "The researchers’ own summary of their study.",
        Kind.STUDY_SUMMARY: "A short summary in plain words of what researchers published.",
    }
)

EXAMPLES_LEAD = "People often ask:"
PLACEHOLDER = "Type your question"
LOG = "Conversation"
BOX = "Your question"
SEND = "Send"
START_OVER = "Start over"
TITLE = "Ask {clinic} about ketamine treatment"
NO_DOCUMENT = "We could not find this page"
NO_DOCUMENT_WHY = "The page may have been renamed or taken down."
CLINIC_SAYS = "What the clinic says"
STUDIES_FOUND = "What studies found"
PUBLISHERS_PAGE = "Publisher’s page"
OUR_WEBSITE = "This page on our website"
CHAT_AT = "Chat at"
GO_TO = "Go to"
DISCLOSURE = "A program answers, not a person."

# The button on the clinic's website. Its script is one file for every visitor, so both languages stand in it.
EMBED = MappingProxyType(
    {
        "en": {
            "open": "Ask a question",
            "title": "Ask {clinic}",
            "close": "Close",
            "tab": "New tab",
            "frame": "Questions and answers of {clinic}",
        },
        "es": {
            "open": "Haga una pregunta",
            "title": "Pregunte a {clinic}",
            "close": "Cerrar",
            "tab": "Otra pestaña",
            "frame": "Preguntas y respuestas de {clinic}",
        },
    }
)
