"""The labs room in a real browser: a card, a story, a guess, a run, its figure, its link, and the chat."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pages import Server, free_port, start


@pytest.fixture(scope="module")
def labs_page(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("labs"), free_port()
    script = str(Path(__file__).with_name("lab_server.py"))
    server: Server = start([sys.executable, script, str(port), str(folder)], port, folder)
    yield server
    server.stop()


def enter(me):
    me.page.click('#rooms [role="tab"][data-tab-id="labs"]')
    me.page.wait_for_selector("#lab-room .t-card")
    return me.page


def finished(page):
    page.wait_for_selector('[data-part="run"][data-state="ready"]', timeout=60_000)
    page.wait_for_selector(".t-figure .t-panel-box", timeout=60_000)


def test_from_a_card_to_a_figure_and_into_the_chat(labs_page, visit):
    me = visit(labs_page.url)
    page = enter(me)
    assert page.locator("#lab-room .t-card svg").count() == 11
    page.focus('.t-card[data-lab="mdp"]')
    page.keyboard.press("Enter")  # a card is a button
    page.wait_for_selector(".t-form")
    page.click(".t-story >> nth=0")
    page.check('[data-part="guess"]')
    page.click('[data-part="run"]')
    page.click('.t-answer:has-text("0.99")')
    finished(page)
    assert "Well guessed" in page.inner_text('[data-part="result"]')
    assert "?lab=mdp&gamma=[0.5,0.9,0.99]&seed=0" in page.url
    # Values under the keys, and a curve that its legend hides.
    figure = page.locator(".t-figure", has=page.locator(".t-legend button")).first
    lines = figure.locator(".t-panel-box svg > g > path").count()
    figure.locator(".t-legend button").first.click()
    assert figure.locator(".t-panel-box svg > g > path").count() < lines
    with page.expect_download() as saved:
        page.click('[data-kind="csv"]')
    assert saved.value.suggested_filename == "mdp.csv"
    me.shot("labs-result")
    page.click('[data-do="ask"]')
    page.wait_for_selector("#chat .bot-row")
    page.wait_for_function("document.querySelectorAll('#chat .user-row').length === 2")
    me.says("lab:mdp?gamma=[0.5,0.9,0.99]")
    me.finished()


def test_a_link_opens_the_form_as_it_was_on_a_phone_in_the_dark(labs_page, visit):
    me = visit(labs_page.url, width=390, dark=True)
    me.page.goto(f"{labs_page.url}?lab=regression&dataset=curve&degree=[1,4]&samples=40&seed=3")
    page = me.page
    page.wait_for_selector(".t-form")
    assert page.input_value("#lab-degree-list") == "1, 4"
    assert page.input_value("#lab-seed") == "3"
    assert page.locator(".t-figure").count() == 0  # a link alone runs nothing
    page.click('[data-part="run"]')
    finished(page)
    assert me.overflow() == []
    me.shot("labs-phone-dark")
    page.fill("#lab-samples", "2")
    page.click('[data-part="run"]')
    page.wait_for_function(
        "document.querySelector('[data-part=refusal]').textContent.includes('from 5 to 20000')"
    )
    assert page.input_value("#lab-samples") == "2"
    page.click('[data-do="back"]')
    page.wait_for_selector(".t-card")
    page.go_back()
    page.wait_for_selector(".t-form")


def test_a_run_is_stopped_and_two_runs_are_laid_over_each_other(labs_page, visit):
    me = visit(labs_page.url)
    page = enter(me)
    page.evaluate("tutorLab('backprop', {epochs: 5000, samples: 3000})")
    page.wait_for_selector(".t-form")
    page.click('[data-part="run"]')
    page.wait_for_selector(".t-live progress")
    page.click('[data-part="run"][data-state="running"]')
    page.wait_for_selector('[data-part="run"][data-state="ready"]')
    assert "stopped" in page.inner_text('[data-part="refusal"]')
    page.evaluate("tutorLab('regression', {samples: 40})")
    page.wait_for_selector('.t-lab-top:has-text("Linear regression")')
    for rate in ("0.01", "0.3"):
        page.fill("#lab-learning_rate", rate)
        page.click('[data-part="run"]')
        page.wait_for_selector(f'.t-past li[aria-current]:has-text("learning rate {rate}")')
    for box in page.locator(".t-past input").all():
        box.check()
    page.click('[data-do="compare"]')
    page.wait_for_selector('.t-compared:has-text("2 runs")')
    legend = page.inner_text('[data-part="result"]')
    assert "learning_rate=0.01" in legend
    assert "learning_rate=0.3" in legend
    other = visit(labs_page.url)  # another browser, which has run nothing
    enter(other).click('.t-card[data-lab="regression"]')
    other.page.wait_for_selector(".t-form")
    assert other.page.locator(".t-past li").count() == 0
