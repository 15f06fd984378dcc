"""What is a visitor's own: conversations, settings, progress; and that nobody else gets at them."""

import json
import sys
import uuid
from pathlib import Path

import httpx
import pytest
from models.openai_server import OpenAIServer
from pages import free_port, start

SECRET = "why is my secret question about bandits so long that its title is shortened somewhere?"
WRONG = "sk-not-the-right-one-0123456789abcdef"


def serve(folder, *more):
    port = free_port()
    script = str(Path(__file__).with_name("rooms_server.py"))
    return start([sys.executable, script, str(port), str(folder), *more], port, folder)


@pytest.fixture(scope="module")
def own_page(tmp_path_factory):
    server = serve(tmp_path_factory.mktemp("rooms"))
    yield server
    server.stop()


def open_drawer(me):
    me.page.click("#past-open")
    me.page.wait_for_selector("#past .t-past-item")


def room(me, name):
    me.page.click(f"#room-{name}-button")
    me.page.wait_for_selector(f"#room-{name}", state="visible")


def ids(me):
    return me.page.evaluate("window.tutorSession().split('~')")


# ---- conversations


def test_a_conversation_is_listed_opened_renamed_saved_and_deleted(own_page, visit):
    me = visit(own_page.url)
    me.answered(SECRET)
    me.answered("run the bandit")
    me.page.click("#fresh")
    me.page.wait_for_selector("#chat h1")
    me.answered("what is regret?")
    open_drawer(me)
    titles = me.page.locator(".t-past-open b").all_inner_texts()
    assert titles == ["what is regret?", "why is my secret question about bandits so long that its…"]
    me.page.wait_for_timeout(300)
    me.shot("past")
    me.page.click(".t-past-open >> nth=1")
    me.page.wait_for_selector("#chat .t-day")
    assert me.page.inner_text("#chat .user-row >> nth=0").startswith(SECRET)
    me.answered("why?")  # the opened conversation goes on
    assert me.page.locator("#chat .user-row").count() == 3
    open_drawer(me)
    me.page.hover(".t-past-item[aria-current]")
    me.page.click(".t-past-item[aria-current] [data-past=rename]")
    me.page.keyboard.type("Exploring <b>")
    me.page.keyboard.press("Enter")
    me.page.wait_for_selector(".t-past-open b:text-is('Exploring <b>')")
    me.page.wait_for_function("document.activeElement.dataset.past === 'rename'")
    with me.page.expect_download() as saved:
        me.page.click(".t-past-item[aria-current] [data-past=export]")
    assert saved.value.suggested_filename == "exploring-b.md"
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "`lecture_09/notebook.ipynb`, cell 6" in text
    assert "| `epsilons` | 0, 0.01, 0.1 (chosen) |" in text
    me.page.click(".t-past-item[aria-current] [data-past=delete]")
    me.page.click("[data-past=gone]")
    me.page.wait_for_selector("text=“Exploring <b>” was deleted.")
    assert me.page.locator(".t-past-open b").all_inner_texts() == ["what is regret?"]
    me.page.wait_for_selector("#chat h1")  # what was open is gone: a new conversation


def test_on_a_phone_the_drawer_covers_the_page_and_works_by_keyboard(own_page, visit):
    me = visit(own_page.url, width=390, dark=True)
    me.answered("what is regret?")
    me.page.focus("#past-open")
    me.page.keyboard.press("Enter")
    me.page.wait_for_selector(".t-past-item")
    me.page.wait_for_timeout(300)
    box = me.page.locator("#past").bounding_box()
    assert (box["x"], box["width"]) == (0, 390)
    assert me.page.evaluate("document.activeElement.id") == "past-close"
    for _ in range(8):
        me.page.keyboard.press("Tab")
        assert me.page.evaluate("document.querySelector('#past').contains(document.activeElement)")
    me.shot("past-phone")
    me.page.keyboard.press("Escape")
    me.page.wait_for_selector("#past", state="hidden")
    assert me.page.evaluate("document.activeElement.id") == "past-open"
    assert me.page.locator("#rooms [role=tab]").count() == 5  # no room hides in a menu
    for name in ("progress", "settings"):
        room(me, name)
        me.page.wait_for_timeout(300)
        assert me.overflow() == []
        me.shot(f"{name}-phone")


def test_one_browser_s_list_says_nothing_of_another_s(own_page, visit):
    me, other = visit(own_page.url), visit(own_page.url)
    me.answered(SECRET)
    other.page.click("#past-open")
    other.page.wait_for_selector(".t-past-empty")
    assert "secret question" not in other.page.content()


# ---- an attacker who has learnt the id of a conversation, and talks to the server without a page


class Attacker:
    def __init__(self, url):
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=30)
        self.config = self.http.get("config").json()
        self.carrier = self._carrier()

    def _carrier(self):
        """The component that carries the session: the input of the most private functions."""
        for dependency in self.config["dependencies"]:
            if (
                any(target[1] == "load" for target in dependency["targets"])
                and len(dependency["inputs"]) == 1
            ):
                return dependency["inputs"][0]
        raise AssertionError("no carrier")

    def doors(self):
        """Every function that takes the session."""
        return [
            one for one in self.config["dependencies"] if self.carrier in one["inputs"] and one["backend_fn"]
        ]

    def knock(self, door, carried, event_data):
        """All that the server answers to one call."""
        data = [carried if one == self.carrier else "my secret" for one in door["inputs"]]
        hash_ = uuid.uuid4().hex
        body = {"fn_index": door["id"], "data": data, "session_hash": hash_, "event_data": event_data}
        said = self.http.post("gradio_api/queue/join", json=body)
        text = said.text
        if said.status_code == 200:
            with self.http.stream("GET", "gradio_api/queue/data", params={"session_hash": hash_}) as lines:
                for line in lines.iter_lines():
                    text += line
                    if "process_completed" in line or "close_stream" in line:
                        break
        return text

    def desk(self, call):
        """The labs room's own function."""
        component = next(
            one for one in self.config["components"] if one["props"].get("elem_id") == "lab-room"
        )
        body = {"component_id": component["id"], "fn_name": "labs_desk", "session_hash": "x", "data": call}
        return self.http.post("gradio_api/component_server", json=body).json()


def test_an_id_without_its_secret_opens_no_door(own_page, visit):
    me = visit(own_page.url)
    me.answered(SECRET)
    session, secret = ids(me)
    attacker = Attacker(own_page.url)
    wishes = [{"do": do, "id": session, "title": "stolen", "value": "exam"} for do in
              ("list", "export", "rename", "delete", "open", "mode", "erase")]  # fmt: skip
    doors = attacker.doors()
    assert len(doors) >= 10
    wrong = f"{session}~{'x' * 24}"
    for carried in (session, f"{session}~", wrong):
        tried = wishes if carried == wrong else wishes[:1]
        for door in doors:
            for wish in tried if any(target[1] == "click" for target in door["targets"]) else [None]:
                said = attacker.knock(door, carried, wish)
                assert "secret question" not in said, door["targets"]
        answer = attacker.desk({"do": "gallery", "session": carried})
        assert "lost its session" in answer["said"]
    me.open()
    me.page.wait_for_selector("#chat .user-row")
    rows = me.page.locator("#chat .user-row").all_inner_texts()
    assert [row.startswith(SECRET) for row in rows] == [True]  # nothing was added or taken
    # With the secret the same doors do open, so the attacker was at the right ones.
    mine = f"{session}~{secret}"
    clicked = [door for door in doors if any(target[1] == "click" for target in door["targets"])]
    listed = [attacker.knock(door, mine, {"do": "list"}) for door in clicked if len(door["inputs"]) == 1]
    assert any("secret question" in said for said in listed)
    assert "html" in attacker.desk({"do": "gallery", "session": mine})
    attacker.http.close()


# ---- settings


def test_a_theme_is_kept_and_worn_before_anything_is_painted(own_page, visit):
    me = visit(own_page.url)
    room(me, "settings")
    me.page.click("#settings-theme input[value=dark]")
    assert me.page.evaluate("document.body.classList.contains('dark')")
    me.page.add_init_script(
        "document.addEventListener('DOMContentLoaded', () => "
        "{ window.early = [getComputedStyle(document.body).backgroundColor, document.documentElement.className]; });"
    )
    me.open()
    assert me.page.evaluate("window.early") == ["rgb(14, 18, 32)", "dark"]
    assert me.page.evaluate("document.body.classList.contains('dark')")
    me.page.goto(f"{me.url}?__theme=light")
    me.page.wait_for_selector("#ask textarea")
    assert not me.page.evaluate("document.body.classList.contains('dark')")
    room(me, "settings")
    assert me.page.is_checked("#settings-theme input[value=dark]")
    me.page.click("#settings-theme input[value=system]")
    assert not me.page.evaluate("document.body.classList.contains('dark')")
    me.page.emulate_media(color_scheme="dark")
    me.page.wait_for_function("document.body.classList.contains('dark')")


def test_a_wrong_key_gives_one_sentence_and_stays_nowhere_and_a_right_one_answers(own_page, visit):
    server = OpenAIServer("the-right-key")
    me = visit(own_page.url)
    room(me, "settings")
    me.page.click("#settings-form input[value=server]")
    for key in (WRONG, "the-right-key"):
        me.page.fill("#model-address", server.url)
        me.page.fill("#model-name", "scripted-1")
        me.page.fill("#model-key", key)
        me.page.click("#settings-form button[type=submit]")
        assert me.page.input_value("#model-key") == ""
        if key == WRONG:
            me.page.wait_for_selector("#settings-state .t-error")
            assert "refused the key" in me.page.inner_text("#settings-state")
            me.shot("settings-wrong-key")
        else:
            me.page.wait_for_selector("#settings-state .t-ready")
            assert "scripted-1 (127.0.0.1" in me.page.inner_text("#settings-state")
        assert key not in me.page.content()
    server.close()
    assert WRONG not in own_page.log.read_text()
    me.page.click("#settings-form input[value=none]")
    me.page.click("#settings-form button[type=submit]")
    me.page.wait_for_selector("#settings-state .t-none")


def test_clearing_asks_once_more_removes_and_begins_anew(own_page, visit):
    me = visit(own_page.url)
    me.answered("what is regret?")
    before = ids(me)[0]
    room(me, "settings")
    me.page.click("[data-erase=ask]")
    assert me.page.evaluate("document.activeElement.dataset.erase") == "no"
    me.page.click("[data-erase=no]")
    me.page.click("[data-erase=ask]")
    me.page.click("[data-erase=yes]")
    me.page.wait_for_selector("#settings-data .t-said")
    assert "1 conversation was removed for good" in me.page.inner_text("#settings-data")
    me.page.wait_for_function(f"window.tutorSession.id() !== {json.dumps(before)}")
    room(me, "chat")
    me.page.wait_for_selector("#chat h1")
    me.open()
    me.page.wait_for_selector("#chat h1")


def test_the_progress_room_says_how_to_begin_and_begins(own_page, visit):
    me = visit(own_page.url)
    room(me, "progress")
    me.page.wait_for_selector(".t-begin")
    me.shot("progress-empty")
    me.page.click(".t-begin [data-ask='Quiz me']")
    me.page.wait_for_selector("#chat .user-row")
    assert me.page.inner_text("#chat .user-row").startswith("Quiz me")
    me.finished()


# ---- where people sign in


def test_a_conversation_belongs_to_the_name_that_signed_in(tmp_path, visit):
    passwords = tmp_path / "passwords"
    passwords.write_text("ada:one\ngrace:two\n")
    server = serve(tmp_path, str(passwords))
    try:
        me = visit(server.url, name=("ada", "one"))
        me.answered(SECRET)
        room(me, "labs")
        me.page.wait_for_selector("#lab-room button")  # the room's own function knows the name as well
        me.sign_in("grace", "two")  # at the same computer
        me.page.wait_for_selector("#chat h1")
        me.page.click("#past-open")
        me.page.wait_for_selector(".t-past-empty")
        assert "secret question" not in me.page.content()
        me.page.keyboard.press("Escape")
        me.answered("what is regret?")
        room(me, "settings")
        me.page.wait_for_selector("#settings-form .t-said")
        assert "only a teacher" in me.page.inner_text("#settings-form")
        other = visit(server.url, name=("ada", "one"))  # at home
        other.page.click("#past-open")
        other.page.wait_for_selector(".t-past-item")
        assert "why is my secret question" in other.page.inner_text("#past")
        other.context.clear_cookies()  # and somebody who guesses is told to wait
        other.page.goto(server.url)
        for guess in range(6):
            other.page.get_by_label("username").fill("eve")
            other.page.get_by_label("password").fill(f"guess {guess}")
            with other.page.expect_response("**/login"):
                other.page.get_by_role("button", name="Login").click()
        assert "Wait 5 minutes" in other.page.inner_text("#too-many")
    finally:
        server.stop()
