"""Script in lectures, notebooks, tables, file names, links, questions, titles, lab texts and a model's answer: in a
real browser, in every room, none of it runs, asks another server, or leaves a door open for a click.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hostile_server import EVIL, SHORT
from pages import Server, free_port, start

# Runs before anything else on the page: notes what the browser's policy had to stop, which is the second wall. The
# first one, that no text becomes a tag, must hold alone.
NOTE = """
window.stopped = [];
addEventListener('securitypolicyviolation',
  (e) => stopped.push([e.effectiveDirective, e.sample || e.blockedURI].join(' ')));
"""
# What of the page could run, now or at a click.
LOADED = """() => {
  const bad = [];
  if (window.hacked !== undefined) bad.push('something ran');
  for (const what of window.stopped) if (what.startsWith('script-src') || what.startsWith('frame')) bad.push(what);
  const links = ['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'srcdoc', 'content'];
  for (const el of document.querySelectorAll('body *')) {
    for (const { name, value } of el.attributes) {
      if (/^on/i.test(name)) bad.push(`${el.tagName} has ${name}`);
      const plain = value.replace(/[\\s\\0]/g, '');
      if (links.includes(name.toLowerCase()) && /(javascript|vbscript|data:text)/i.test(plain))
        bad.push(`${el.tagName} ${name}=${value.slice(0, 60)}`);
    }
    const its = /^(IFRAME|OBJECT|EMBED|BASE|META|LINK)$/.test(el.tagName) ? el.outerHTML : '';
    if (/hacked|example\\.org/.test(its)) bad.push(its.slice(0, 80));
    const code = el.tagName === 'SCRIPT' ? el.textContent : '';
    if (/hacked/.test(code) && !/gradio_config/.test(code)) bad.push('a script');
    if (el.tagName === 'STYLE' && /example\\.org/.test(el.textContent)) bad.push('a style');
  }
  if (getComputedStyle(document.body).display === 'none') bad.push('the page is hidden');
  return bad;
}"""


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory, minilm_dir):
    folder, port = tmp_path_factory.mktemp("hostile"), free_port()
    script = str(Path(__file__).with_name("hostile_server.py"))
    server: Server = start([sys.executable, script, str(port), str(folder), str(minilm_dir)], port, folder)
    yield server
    server.stop()


@pytest.fixture
def me(hostile_page, visit):
    visitor = visit(hostile_page.url)
    visitor.page.set_default_timeout(120_000)  # the course is read while the first question waits for it
    visitor.page.context.add_init_script(NOTE)
    visitor.open()
    return visitor


def harmless(me: Any, where: str, shows: str = "") -> None:
    me.page.wait_for_timeout(150)  # an image that is not there needs a moment to fail
    assert me.page.evaluate(LOADED) == [], where
    if shows:
        assert shows in me.page.inner_text("body"), where


def enter(me: Any, room: str) -> None:
    me.page.click(f'#rooms [role="tab"][data-tab-id="{room}"]')
    me.page.wait_for_selector(f"#room-{room}", state="visible")


@pytest.mark.slow
@pytest.mark.weights
def test_nothing_that_is_written_anywhere_runs(me, tmp_path):
    page = me.page
    # Said by the student, by the model, by a lab, by the sources; streamed, then whole.
    me.answered(EVIL)
    harmless(me, "a question", "onerror")
    me.answered("evil")
    page.wait_for_selector("#chat .t-day")
    harmless(me, "an answer", SHORT)
    me.shot("hostile-chat")
    for chip in page.locator('#chat a[href^="#"]').all()[:4]:
        chip.click(force=True)
        page.wait_for_timeout(300)
        harmless(me, "a source beside the answer")
    page.keyboard.press("Escape")
    page.evaluate("document.body.classList.remove('t-open')")
    # A table of the student's own: its name, its header, its cells.
    table = tmp_path / f"{SHORT}.csv"
    table.write_text(
        f"{SHORT},kind {SHORT},mark\n" + "".join(f"{n},{SHORT}{n % 3},{2 * n}\n" for n in range(40))
    )
    rows = page.locator("#chat .user-row").count()
    page.set_input_files("#add-data input[type=file], input[type=file]", str(table))
    page.wait_for_function(f"document.querySelectorAll('#chat .user-row').length > {rows}")
    me.finished()
    harmless(me, "an added table", "onerror")
    me.answered("run a regression on my file")
    harmless(me, "a run on the table")
    # A reload draws it all from the database.
    me.open()
    page.wait_for_selector("#chat .user-row")
    page.wait_for_timeout(500)
    harmless(me, "a conversation of before", SHORT)
    page.click("#past-open")
    page.wait_for_selector("#past .t-past-item")
    harmless(me, "the list of conversations", "onerror")
    page.keyboard.press("Escape")

    enter(me, "labs")
    page.wait_for_selector("#lab-room .t-card")
    harmless(me, "the gallery")
    for query in (
        f"?lab={SHORT}",
        f"?lab=bandit&arms={SHORT}",
        f"?lab=bandit&{SHORT}=1",
        f"?lab=regression&csv={SHORT}",
    ):
        page.goto(me.url + query.replace("<", "%3C").replace(">", "%3E").replace(" ", "%20"))
        page.wait_for_selector("#lab-room .t-card, .t-form")
        harmless(me, query)

    enter(me, "course")
    page.wait_for_selector("#course-page .t-sec", timeout=120_000)
    harmless(me, "the contents", "onerror")
    documents = page.locator("#course-contents [data-course-open]")
    assert documents.count() >= 4
    for n in range(documents.count()):
        documents.nth(n).click()
        page.wait_for_timeout(500)
        harmless(me, f"document {n}")
    me.shot("hostile-course")
    page.fill("#course-query textarea, #course-query input", f"decay epsilon {SHORT}")
    page.keyboard.press("Enter")
    page.wait_for_selector("#course-hits")
    page.wait_for_timeout(800)
    harmless(me, "what a search finds")

    for room in ("progress", "settings"):
        enter(me, room)
        page.wait_for_timeout(800)
        harmless(me, room)


def test_the_second_wall_stands_if_the_first_one_falls(shared_page, visit):
    """A handler that got into the page all the same is stopped by the browser, as the page told it to."""
    me = visit(shared_page.url)
    me.page.context.add_init_script(NOTE)
    me.open()
    me.page.evaluate("""() => { const at = document.createElement('div'); document.body.append(at);
        at.innerHTML = '<img src=x onerror="window.hacked=1"><svg onload="window.hacked=1"></svg>'; }""")
    me.page.wait_for_function("window.stopped.some((what) => what.startsWith('script-src-attr'))")
    me.page.wait_for_timeout(300)
    assert me.page.evaluate("window.hacked") is None
    assert me.page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'stopped')") == "stopped"
    me.foreign.clear()  # the browser names the request that it did not send
