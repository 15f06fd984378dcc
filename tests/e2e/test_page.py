"""The page in a real browser, over a scripted tutor."""

import re

import pytest


def test_one_look_says_what_it_is_for_and_an_example_is_one_click(shared_page, visit):
    me = visit(shared_page.url)
    assert me.page.title() == "ML Tutor"
    assert "What would you like to understand?" in me.page.inner_text("h1")
    assert "No language model: quoting the lectures" in me.page.inner_text("#status")
    assert not me.page.is_visible("footer")
    assert me.page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    me.shot("empty")
    me.page.click("button.example >> nth=0")
    me.page.wait_for_selector("#chat .t-source")
    me.finished()
    assert me.page.inner_text("#chat .user-row .message") == "Why do we decay epsilon?"


def test_sources_come_first_and_the_answer_streams(shared_page, visit):
    me = visit(shared_page.url)
    me.page.evaluate(
        """() => { window.seen = []; new MutationObserver(() => {
             const chat = document.querySelector('#chat');
             window.seen.push([chat.querySelectorAll('.t-source').length, chat.innerText]);
           }).observe(document.querySelector('#chat'), { childList: true, subtree: true }); }"""
    )
    me.answered("why do we decay epsilon?")
    seen = me.page.evaluate("window.seen")
    first = next(text for sources, text in seen if sources == 4)
    assert "investment" not in first
    grown = {len(text) for _, text in seen if "investment" in text}
    assert len(grown) >= 4
    assert me.page.input_value("#ask textarea") == ""
    me.shot("answer")


def test_maths_is_drawn_and_prices_are_not(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("why do we decay epsilon?")
    me.page.wait_for_selector("#chat .bot .katex-display")
    assert me.page.locator("#chat .bot .katex").count() >= 4
    assert me.page.locator("#chat .katex-error").count() == 0
    me.says("A coffee for $5 and a cake for $6 are not maths.")
    assert "$$" not in me.chat()
    assert me.page.locator("#chat .code_wrap button.copy_code_button").count() == 1


def test_a_number_in_the_text_opens_the_passage_with_its_sentence_marked(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("why do we decay epsilon?")
    me.page.click("#chat .t-cite >> nth=0")
    me.page.wait_for_selector("#passage mark")
    assert "pays forever" in me.page.inner_text("#passage mark")
    assert me.page.locator("#passage mark .katex").count() >= 1
    assert "Exploration › Decaying epsilon" in me.page.inner_text("#passage-head")
    assert "lecture_09/lecture.md" in me.page.inner_text("#passage-head")
    me.page.wait_for_timeout(300)
    me.shot("passage")
    me.page.keyboard.press("Escape")
    me.page.wait_for_selector("#passage", state="hidden")
    assert "t-cite" in me.page.evaluate("document.activeElement.className")


def test_a_chip_opens_the_notebook_at_its_cell_by_keyboard(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("why do we decay epsilon?")
    me.page.focus("#chat .t-source >> nth=2")
    me.page.keyboard.press("Enter")
    me.page.wait_for_selector("#passage .code_wrap")
    assert "cell 6" in me.page.inner_text("#passage-head")
    assert "rng.integers" in me.page.inner_text("#passage-body")
    assert me.page.evaluate("document.activeElement.id") == "passage-close"


def test_a_lab_shows_progress_then_picture_numbers_and_words(shared_page, visit):
    me = visit(shared_page.url)
    me.ask("run the bandit with epsilon 0, 0.01 and 0.1")
    me.page.wait_for_selector("#chat progress.t-bar")
    me.page.wait_for_function("+document.querySelector('#chat progress.t-bar')?.value >= 25")
    assert re.search(r"\d+%\s+step [\d,]+ of 1,000\s+\d\.\d s", me.page.inner_text("#chat .t-progress"))
    me.shot("lab-running")
    picture = me.page.wait_for_selector("#chat .t-day")
    me.page.wait_for_function("document.querySelector('#chat .t-day').naturalWidth > 300")
    me.finished()
    assert "Exploring a little wins" in picture.get_attribute("alt")
    assert re.search(r"/[\w-]{32}\.png$", picture.get_attribute("src"))
    assert picture.get_attribute("src").startswith("gradio_api/file=")
    assert "76.0%" in me.page.inner_text("#chat .t-metrics")
    me.says("ends highest, at 1.36")
    assert me.page.locator("#chat [aria-label=Share], #chat [title=Share]").count() == 0
    me.shot("lab-result")
    me.page.click("#chat .thought-group .title")
    assert "epsilons" in me.page.inner_text("#chat .t-settings")


def test_a_suggestion_is_asked_by_a_click(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("run the bandit")
    me.page.click("#chat .option")
    me.page.wait_for_selector("#ask .stop-button")
    me.finished()
    assert me.page.locator("#chat .user-row").count() == 2
    assert "Now with 20 arms" in me.page.inner_text("#chat .user-row >> nth=1")
    assert me.page.locator("#chat .t-day").count() == 2


def test_stop_stops_a_run(shared_page, visit):
    me = visit(shared_page.url)
    me.ask("slow run")
    me.page.wait_for_selector("#chat progress.t-bar")
    me.page.click("#ask .stop-button")
    me.finished()
    me.says("I stopped the experiment.")
    me.says("Stopped: The k-armed bandit")
    me.answered("why?")
    me.says("investment")


def test_stop_stops_the_words(shared_page, visit):
    me = visit(shared_page.url)
    me.ask("why?")
    me.page.wait_for_function("document.querySelector('#chat').innerText.includes('investment')")
    me.page.click("#ask .stop-button")
    me.finished()
    assert "not maths" not in me.chat()


def test_a_conversation_survives_a_reload_and_a_restart(fake_page, visit):
    server = fake_page()
    me = visit(server.url)
    me.answered("why do we decay epsilon?")
    me.answered("run the bandit")
    me.page.wait_for_selector("#chat .t-settings", state="detached")  # the step has folded itself away
    before = me.page.inner_text("#chat .message-wrap")
    me.open()
    me.page.wait_for_selector("#chat .t-day")
    assert me.page.inner_text("#chat .message-wrap") == before
    server.stop()
    fake_page(port=int(server.url.rsplit(":")[-1].strip("/")))
    me.open()
    me.page.wait_for_function("document.querySelector('#chat .t-day')?.naturalWidth > 300")
    assert me.page.inner_text("#chat .message-wrap") == before
    me.page.click("#chat .t-cite >> nth=0")
    me.page.wait_for_selector("#passage mark")
    me.page.keyboard.press("Escape")
    me.page.click("#fresh")
    me.page.wait_for_selector("h1")
    me.open()
    me.page.wait_for_selector("h1")
    assert me.page.locator("#chat .user-row").count() == 0


def test_a_reload_in_the_middle_joins_the_turn_again(shared_page, visit):
    me = visit(shared_page.url)
    me.ask("run the bandit")
    me.page.wait_for_selector("#chat progress.t-bar")
    me.open()
    me.page.wait_for_selector("#chat .thought-group")
    me.page.wait_for_selector("#chat .t-day")
    me.finished()
    me.says("ends highest")
    assert me.page.locator("#chat .user-row").count() == 1


def test_a_new_conversation_leaves_a_running_one_behind(shared_page, visit):
    me = visit(shared_page.url)
    me.ask("slow run")
    me.page.wait_for_selector("#chat progress.t-bar")
    me.page.click("#fresh")
    me.page.wait_for_selector("#chat h1")
    me.page.wait_for_timeout(600)
    assert me.page.is_visible("#chat h1")
    me.answered("why?")
    assert me.page.locator("#chat .user-row").count() == 1


def test_two_browsers_do_not_see_each_other(shared_page, visit):
    me, other = visit(shared_page.url), visit(shared_page.url)
    me.answered("why is my secret question?")
    other.open()
    other.page.wait_for_selector("h1")
    assert "my secret question" not in other.page.content()


def test_nothing_hostile_is_obeyed(shared_page, visit):
    me = visit(shared_page.url)
    me.answered(
        "why <img src=x onerror='window.hacked=1'><script>window.hacked=1</script> **bold** ![x](https://example.org/x.png)"
    )
    assert "<img src=x onerror" in me.page.inner_text("#chat .user-row .message")
    assert "**bold**" in me.page.inner_text("#chat .user-row .message")
    me.page.click("#chat .t-source >> nth=3")
    me.page.wait_for_function("document.querySelector('#passage-body').innerText.includes('tracker')")
    assert "<script>window.hacked=1</script>" in me.page.inner_text("#passage-body")
    assert me.page.evaluate("window.hacked") is None
    assert me.page.is_visible("#ask")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("   ", "There was nothing in that message."),
        ("a" * 100_000, "That message has 100,000 characters; please keep it under 20,000."),
        ("boom", "Something went wrong on the tutor's side"),
    ],
    ids=["empty", "too long", "a fault"],
)
def test_bad_input_gets_one_sentence_and_the_page_goes_on(shared_page, visit, message, sentence):
    me = visit(shared_page.url)
    me.ask(message)
    me.page.wait_for_selector("#chat .t-notice")
    me.finished()
    assert me.chat().count(sentence) == 1
    assert len(me.chat()) < 1500
    assert me.page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    me.answered("why?")
    me.says("investment")


def test_the_page_says_when_the_model_arrives(fake_page, visit, tmp_path):
    server = fake_page("downloading")
    me = visit(server.url)
    me.page.wait_for_selector("#status .t-downloading")
    assert "Downloading the model… 43%" in me.page.inner_text("#status")
    (tmp_path / "arrived").touch()
    me.page.wait_for_selector("#status .t-fresh")
    assert "Qwen2.5-Coder 1.5B (on this computer) · now answering" in me.page.inner_text("#status")


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (390, True),
        (1280, False),
        pytest.param(390, False, marks=pytest.mark.slow),
        pytest.param(768, False, marks=pytest.mark.slow),
        pytest.param(1280, True, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_cut_off(shared_page, visit, width, dark):
    me = visit(shared_page.url, width=width, dark=dark)
    name = f"{width}-{'dark' if dark else 'light'}"
    assert me.overflow() == []
    me.shot(f"{name}-empty")
    me.answered("why do we decay epsilon?")
    assert me.overflow() == []
    me.shot(f"{name}-answer")
    me.answered("run the bandit")
    me.page.wait_for_selector("#chat .t-picture img:visible")
    assert me.overflow() == []
    # A dark page shows the dark figure, and fetches no other; a light one the light figure.
    shown, other = (".t-night", ".t-day") if dark else (".t-day", ".t-night")
    me.page.wait_for_function(f"document.querySelector('#chat {shown}').naturalWidth > 300")
    assert me.page.evaluate(f"document.querySelector('#chat {other}').naturalWidth") == 0
    me.shot(f"{name}-lab")
    me.page.click("#chat .t-cite >> nth=0")
    me.page.wait_for_selector("#passage mark")
    me.page.wait_for_timeout(300)
    assert me.overflow() == []
    me.shot(f"{name}-passage")
    assert me.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_message_costs_little_traffic(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("run the bandit")
    me.answered("why?")
    sizes = []
    session = me.context.new_cdp_session(me.page)
    session.send("Network.enable")
    session.on("Network.dataReceived", lambda event: sizes.append(event["dataLength"]))
    me.answered("why again?")
    assert sum(sizes) < 60_000


def test_a_copied_answer_is_plain_text(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("why?")
    me.page.click("#chat .message-buttons-left button[aria-label*='opy']")
    me.page.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('costs later'))")
    copied = me.page.evaluate("navigator.clipboard.readText()")
    assert "still rough, and costs later, when they are good[1]" in copied
    assert "$\\epsilon$" in copied
    assert "href" not in copied
