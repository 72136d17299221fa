"""What the issue form is filled in with is read as it was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.errors import RequestError
from bot.excursion import Kind
from bot.issue_form import read_form
from bot.setup.form import PATH, form_text, offered_templates
from bot.template import Template, built_in_templates, read_template, template_names

ROOT = Path(__file__).parents[3]


def catalogue() -> list[Template]:
    names = template_names((built_in_templates(),))
    return [read_template(name, folder) for name, folder in names.items()]


def filled_in(answers: dict[str, str]) -> str:
    """The body of an issue, as GitHub makes it of a form that somebody filled in."""
    parts = []
    for field in yaml.safe_load(form_text(catalogue()))["body"]:
        label = field["attributes"].get("label")
        if label is None:
            continue
        usual = field["attributes"].get("options", ["_No response_"])[0]
        parts.append(f"### {label}\n\n{answers.get(field['id'], usual)}")
    return "\r\n\r\n".join(part.replace("\n", "\r\n") for part in parts)


def choice(field: str, first_word: str) -> str:
    fields = yaml.safe_load(form_text(catalogue()))["body"]
    options = next(f["attributes"]["options"] for f in fields if f.get("id") == field)
    return next(str(option) for option in options if str(option).split()[0] == first_word)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_filled_in_is_read(kind: Kind) -> None:
    body = filled_in(
        {
            "question": "Does it settle?",
            "hypothesis": "Yes, within 400 steps.",
            "what-would-change-your-mind": "A loss above 1.",
            "kind": choice("kind", kind.form),
            "template": choice("template", "no-positions"),
            "parameters": "steps=400\nlearning_rate = 0.01",
        }
    )
    form = read_form(body)
    assert (form.question, form.kind, form.template) == ("Does it settle?", kind, "no-positions")
    assert form.parameters == {"steps": "400", "learning_rate": "0.01"}
    assert "within 400 steps" in form.hypothesis
    assert "A loss above 1." in form.hypothesis


def test_what_is_left_as_it_is_chooses_nothing() -> None:
    form = read_form(filled_in({"question": "Does it settle?"}))
    assert (form.kind, form.template, form.hypothesis, dict(form.parameters)) == (
        None,
        None,
        "",
        {},
    )


def test_every_template_is_offered() -> None:
    assert offered_templates(form_text(catalogue())) == {each.name for each in catalogue()}


def test_this_repositorys_own_form_is_of_today() -> None:
    assert (ROOT / PATH).read_text("utf-8") == form_text(catalogue())


@pytest.mark.parametrize("text", ["[", "name: x", "body: 3", "- a"])
def test_what_is_no_form_is_said_to_be_none(text: str) -> None:
    with pytest.raises(RequestError):
        offered_templates(text)
