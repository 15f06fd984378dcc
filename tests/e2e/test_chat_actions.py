"""What a student does with a run or a message in the chat, in a real browser."""

from pathlib import Path


def test_a_run_is_taken_along_as_a_table_a_notebook_and_a_picture(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("run the bandit")
    for what, name, start in (("csv", "bandit.csv", b"reward"), ("notebook", "bandit.ipynb", b"{")):
        with me.page.expect_download() as coming:
            me.page.click(f'#chat a[href^="#run-{what}-"]')
        assert coming.value.suggested_filename == name
        assert Path(coming.value.path()).read_bytes().startswith(start)
    with me.page.expect_download() as coming:
        me.page.click("#chat a.t-act[download]")
    assert Path(coming.value.path()).read_bytes().startswith(b"\x89PNG")
    me.page.click('#chat a[href^="#run-link-"]')
    me.page.wait_for_selector("#chat .t-said")
    assert me.page.evaluate("navigator.clipboard.readText()").startswith("lab:bandit")
    me.shot("run-actions")


def test_a_message_goes_back_into_the_box_as_it_was_typed(shared_page, visit):
    me = visit(shared_page.url)
    text = "why is $\\epsilon < 1$ a *good* idea?"
    me.answered(text)
    me.page.hover("#chat .user-row")
    me.page.click("#chat .t-own button >> nth=0")
    assert me.page.input_value("#ask textarea") == text
    me.page.click("#chat .t-own button >> nth=1")
    me.page.wait_for_function("document.querySelectorAll('#chat .user-row').length === 2")
    me.finished()


def test_a_thumb_and_a_reason_are_kept(shared_page, visit):
    me = visit(shared_page.url)
    me.answered("why do we decay epsilon?")
    me.page.wait_for_selector("#chat button.option")  # drawn when the turn is over for Gradio too
    me.page.locator('#chat button[title="Like"]').last.click()
    me.page.wait_for_selector("text=Thank you")
    me.page.wait_for_selector("text=Thank you", state="hidden")
    me.page.locator('#chat button[title="Feedback"]').last.hover()
    me.page.locator("#chat button", has_text="I did not understand it").last.click()
    me.page.wait_for_selector("text=Thank you")
    me.shot("feedback")
