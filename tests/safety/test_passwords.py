"""The password file, and how often somebody may try."""

import asyncio
import stat
import subprocess
import sys

import pytest
from aside import alone
from hypothesis import given, settings
from hypothesis import strategies as st

from tutor import passwords
from tutor.commands.serve import check_open
from tutor.errors import SettingsError
from tutor.passwords import Passwords
from tutor.settings import load_settings
from tutor.web import sign_in as door
from tutor.web.limits import SHARED, Limits, TooManyError, Visitor, Window
from tutor.web.sign_in import SignIn, address


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def hashed_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("passwords") / "passwords"
    file.write_text("# my class\n\ngrace:one:two\n")
    passwords.add(file, "ada", "korrekt Pferd ü")
    return file


def test_what_is_written_is_a_salted_hash_that_only_the_owner_reads(hashed_file):
    text = hashed_file.read_text()
    assert "Pferd" not in text
    assert "ada:$argon2id$" in text
    assert text.startswith("# my class\n")
    assert stat.S_IMODE(hashed_file.stat().st_mode) == 0o600
    assert passwords.hashed("korrekt Pferd ü") not in text  # another salt each time


def test_the_right_password_opens_and_nothing_else(hashed_file):
    kept = Passwords(hashed_file)
    assert kept.check("ada", "korrekt Pferd ü")
    assert kept.check("grace", "one:two")
    hash_itself = passwords.read(hashed_file)["ada"]
    for name, tried in (("ada", "korrekt Pferd"), ("ada", ""), ("ada", hash_itself), ("ada", "\ud800"), ("eve", ""),
                        ("", "korrekt Pferd ü"), ("ada:x", "x"), ("ada", "x" * 100_000), ("grace", "one")):  # fmt: skip
        assert not kept.check(name, tried)
    assert kept.plain == ["grace"]


def test_a_right_password_is_hashed_once_and_then_remembered_for_a_while(hashed_file, monkeypatch):
    clock = Clock()
    kept = Passwords(hashed_file, clock)
    worked = []
    real = passwords._matches
    monkeypatch.setattr(passwords, "_matches", lambda *pair: worked.append(pair[1]) or real(*pair))
    assert all(kept.check("ada", "korrekt Pferd ü") for _ in range(50))
    assert len(worked) == 1
    assert not kept.check("ada", "wrong")
    assert not kept.known("ada", "wrong")
    clock.now += passwords.REMEMBERED + 1
    assert not kept.known("ada", "korrekt Pferd ü")


def test_a_name_that_is_not_there_costs_as_much_work_as_one_that_is(hashed_file, monkeypatch):
    kept = Passwords(hashed_file)
    worked = []
    hasher = passwords._hasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: Counting(hasher, worked))
    for name in ("ada", "nobody", "grace"):
        kept.check(name, "wrong")
    assert len(worked) == 3


class Counting:
    def __init__(self, hasher, worked):
        self._hasher, self._worked = hasher, worked

    def verify(self, kept, password):
        self._worked.append(password)
        return self._hasher.verify(kept, password)


def test_a_name_that_is_taken_out_is_out_without_a_restart(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("ada:one\neve:two\n")
    clock = Clock()
    kept = Passwords(file, clock)
    assert kept.check("eve", "two")
    passwords.remove(file, "eve")
    clock.now += passwords.LOOK_AGAIN
    assert not kept.known("eve", "two")
    assert kept.names == {"ada"}
    file.write_text("broken")  # somebody edits it by hand, badly: those who could sign in still can
    clock.now += passwords.LOOK_AGAIN
    assert kept.names == {"ada"}


def test_plain_lines_are_hashed_in_place(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("# class\nada:one:two\n")
    assert passwords.protect(file) == ["ada"]
    assert passwords.protect(file) == []
    assert file.read_text().startswith("# class\nada:$argon2id$")
    assert Passwords(file).check("ada", "one:two")


@pytest.mark.parametrize(
    "content", ["", "# nobody\n", "ada\n", "ada:\n", ":secret\n", "a:1\na:2\n", "a:$argon2id$v=19$x"]
)
def test_a_file_that_lets_nobody_or_anybody_in_is_refused(tmp_path, content):
    file = tmp_path / "passwords"
    file.write_text(content)
    with pytest.raises(SettingsError, match="password file") as caught:
        Passwords(file)
    assert "secret" not in str(caught.value)


def test_the_command_asks_and_says_what_it_did(tmp_path):
    def run(*arguments, typed=""):
        command = [sys.executable, "-m", "tutor", "passwords", *map(str, arguments)]
        return subprocess.run(command, input=typed, capture_output=True, text=True, check=False)

    file = tmp_path / "passwords"
    assert run("add", file, "ada", typed="three short words\n").returncode == 0
    short = run("add", file, "eve", typed="short\n")
    assert short.returncode == 2
    assert "5 characters" in short.stderr
    assert run("list", file).stdout == "ada\n"
    assert run("remove", file, "ada").returncode == 2  # the last one
    assert run("add", file, "a:b", typed="long enough\n").returncode == 2
    assert "ada" in file.read_text()


# ---- how often


def test_five_wrong_tries_and_then_a_wait_that_a_right_one_does_not_share(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("ada:right\nbob:right too\n")
    clock = Clock()
    signs = SignIn(Passwords(file, clock), clock)

    def tried(name, password, where="192.0.2.1"):
        async def check():
            address.set(where)
            return await signs.check(name, password)

        return alone(check())

    assert [tried("ada", f"{n}") for n in range(5)] == [False] * 5
    with pytest.raises(TooManyError, match="Wait 5 minutes"):
        tried("ada", "right")  # the right one too: else guessing would go on
    assert tried("ada", "right", "192.0.2.2")  # at her own computer she gets in
    assert tried("bob", "right too")
    clock.now += door.SPAN + 1
    assert tried("ada", "right")


def test_many_tries_at_once_are_no_more_than_one_after_the_other(tmp_path):
    file = tmp_path / "passwords"
    file.write_text("ada:right\n")
    signs = SignIn(Passwords(file))

    async def all_at_once():
        return await asyncio.gather(*(signs.check("ada", f"{n}") for n in range(40)), return_exceptions=True)

    told = alone(all_at_once())
    assert told.count(False) == door.OF_ONE
    assert sum(isinstance(one, TooManyError) for one in told) == 40 - door.OF_ONE


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 20), st.sampled_from("ab")), max_size=60),
    st.integers(1, 6),
    st.integers(1, 8),
)
def test_a_window_lets_through_what_counting_by_hand_does(events, most, together):
    clock = Clock()
    window = Window(30.0, clock)
    taken: list[tuple[float, str]] = []
    for pause, key in events:
        clock.now += pause
        recent = [name for when, name in taken if when > clock.now - 30.0]
        free = recent.count(key) < most and len(recent) < together
        wait = window.take((key, most), ("all", together))
        assert (wait == 0) == free
        if free:
            taken.append((clock.now, key))
        else:
            assert 0 < wait <= 30.0


def test_a_visitor_is_limited_alone_and_an_address_together():
    clock = Clock()
    limits = Limits(messages=3, runs=1, uploads=0, clock=clock)
    one = Visitor("session-1", "192.0.2.1")
    for _ in range(3):
        limits.message(one)
    with pytest.raises(TooManyError, match=r"3 messages a minute.*Wait 60 seconds"):
        limits.message(one)
    limits.run(one)  # counted apart
    limits.message(Visitor("session-2", "192.0.2.1"))
    for n in range(3 * SHARED - 4):
        limits.message(Visitor(f"other-{n}", "192.0.2.1"))
    with pytest.raises(TooManyError):  # new sessions do not help
        limits.message(Visitor("fresh", "192.0.2.1"))
    limits.message(Visitor("fresh", "192.0.2.9"))
    for n in range(500):  # at the computer itself only the visitor counts
        limits.message(Visitor(f"here-{n}", "127.0.0.1"))
        limits.upload(one)  # 0: as much as they like
    clock.now += 61
    limits.message(one)


# ---- open to others


@pytest.mark.parametrize(
    ("host", "share", "more", "served"),
    [
        ("127.0.0.1", False, {}, True), ("localhost", False, {}, True), ("::1", False, {}, True),
        ("0.0.0.0", False, {}, False), ("::", False, {}, False), ("192.0.2.1", False, {}, False),
        ("127.0.0.1", True, {}, False), ("0.0.0.0", False, {"open": True}, True),
        ("127.0.0.1", True, {"open": True}, True),
        ("0.0.0.0", True, {"auth_file": "passwords"}, True),
    ],
)  # fmt: skip
def test_others_are_served_without_a_password_only_where_that_was_said(
    host, share, more, served, monkeypatch
):
    monkeypatch.setattr("sys.stdin", Typed("", terminal=False))
    chosen = load_settings(host=host, **more)
    if served:
        check_open(chosen, share)
    else:
        with pytest.raises(SettingsError, match="--open"):
            check_open(chosen, share)


@pytest.mark.parametrize(
    ("typed", "served"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_at_a_console_it_is_asked(typed, served, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Typed(typed, terminal=True))
    if served:
        check_open(load_settings(host="0.0.0.0"), share=False)
    else:
        with pytest.raises(SettingsError):
            check_open(load_settings(host="0.0.0.0"), share=False)
    assert "[y/N]" in capsys.readouterr().err


def test_the_setting_says_it_for_a_container(monkeypatch):
    monkeypatch.setenv("TUTOR_OPEN", "yes")
    monkeypatch.setenv("TUTOR_HOST", "0.0.0.0")
    check_open(load_settings(), share=False)


class Typed:
    def __init__(self, text, terminal):
        self._text, self._terminal = text, terminal

    def isatty(self):
        return self._terminal

    def readline(self):
        return self._text
