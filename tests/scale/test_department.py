"""A department's set-up with its parts killed one by one: what students see, and what is kept.

Each message carries a word that only its student knows (`benchmarks.students`), so a mixed-up conversation shows.
"""

import asyncio
import json
import os
import signal

import httpx
import pytest
from aside import alone
from department import Department, missing

from benchmarks.students import Student, TurnError

pytestmark = [pytest.mark.slow, pytest.mark.weights, pytest.mark.timeout(1200)]

BANDIT = "# Bandits\n\n## Decaying epsilon\n\nWe decay epsilon so that the agent explores early and earns later. {}\n"
LAB = "Run the bandit with 2000 runs, 5000 steps and seed {} {}"


@pytest.fixture(scope="module")
def department(tmp_path_factory, minilm_dir):
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("department")
    (folder / "course").mkdir()
    (folder / "course" / "bandits.md").write_text(BANDIT.format("The first edition says so."), "utf-8")
    made = Department(folder, minilm_dir.parent, folder / "course")
    yield made
    made.close()


async def replica_of(department, student):
    address = (await student.client.get("/healthz")).headers["X-Replica"].split(", ")[-1]
    return next(number for number, url in department.replicas.items() if url.endswith(address))


def text_of(messages):
    return json.dumps(messages, ensure_ascii=False)


def test_students_stay_with_their_replica_and_both_replicas_have_some(department):
    async def main():
        seen = set()
        for _ in range(12):
            async with Student(department.url) as student:
                numbers = {await replica_of(department, student) for _ in range(5)}
                assert len(numbers) == 1
                seen |= numbers
        assert seen == {1, 2}

    alone(main())


def test_a_conversation_survives_the_death_of_its_replica_between_turns(department):
    """Five times: two turns, SIGKILL of the replica, a third turn that needs the second, and the whole read back."""

    async def once():
        async with Student(department.url) as student:
            await student.say(f"Why do we decay epsilon? {student.word()}")
            first = await student.say(f"Run the bandit with 50 runs, 100 steps and 7 arms, {student.word()}")
            assert "t-picture" in text_of(first.messages)
            number = await replica_of(department, student)
            department.kill(f"replica-{number}")
            try:
                after = await student.say(f"Now with seed 5 {student.word()}")
                assert await replica_of(department, student) != number
                assert "t-picture" in text_of(after.messages[-8:])
                back = await student.read_back()
                assert sum(message["role"] == "user" for message in back) == 3
                assert "arms=7" in text_of(back) or "7 arms" in text_of(back)
                assert student.crossed == 0
            finally:
                department.start_replica(number)
                department.wait_for_replica(number)
            await student.say(
                f"And with seed 6 {student.word()}"
            )  # back with its own: that one has read what was said
            assert sum(message["role"] == "user" for message in await student.read_back()) == 4
            assert student.crossed == 0

    for _ in range(5):
        alone(once())


def test_a_replica_that_dies_in_the_middle_of_a_turn_costs_that_turn_and_nothing_else(department):
    async def main():
        async with Student(department.url) as student:
            await student.say(f"Why do we decay epsilon? {student.word()}")
            number = await replica_of(department, student)
            turn = asyncio.create_task(student.say(LAB.format(1, student.word())))
            await asyncio.sleep(1.0)
            department.kill(f"replica-{number}")
            try:
                with pytest.raises((TurnError, httpx.HTTPError)):
                    await turn
                student.words.pop()  # the turn in flight is what was lost
                student.tab = "another"
                assert sum(message["role"] == "user" for message in await student.read_back()) == 1
                await student.say(f"Why do we decay epsilon? {student.word()}")
                assert student.crossed == 0
            finally:
                department.start_replica(number)
                department.wait_for_replica(number)

    alone(main())


async def a_worker_at_work(department):
    for _ in range(200):
        if (name := await asyncio.to_thread(department.busy_worker)) is not None:
            return name
        await asyncio.sleep(0.1)
    raise AssertionError("no worker took the run")


def test_a_lab_survives_the_death_of_its_worker(department):
    async def main():
        async with Student(department.url) as student:
            turn = asyncio.create_task(student.say(LAB.format(2, student.word())))
            name = await a_worker_at_work(department)
            department.kill(name)
            try:
                done = await turn
                assert "t-picture" in text_of(done.messages)
                assert "Over the last 100 steps" in text_of(done.messages)
            finally:
                department.start_worker(int(name[-1]))

    alone(main())


def test_a_lab_whose_second_worker_dies_too_says_what_happened(department):
    async def main():
        async with Student(department.url) as student:
            turn = asyncio.create_task(student.say(LAB.format(3, student.word())))
            killed = []
            try:
                for _ in range(2):
                    killed.append(await a_worker_at_work(department))
                    department.kill(killed[-1])
                done = await turn
            finally:
                for name in killed:
                    department.start_worker(int(name[-1]))
            assert (
                "The machine that ran the bandit lab died, and so did the one that tried it again"
                in text_of(done.messages)
            )
            again = await student.say(f"Run the bandit with 50 runs and seed 4 {student.word()}")
            assert "t-picture" in text_of(again.messages[-8:])

    alone(main())


def test_an_ingest_reaches_both_replicas_without_a_restart(department):
    async def asked(url):
        async with Student(url) as student:
            return text_of((await student.say(f"Why do we decay epsilon? {student.word()}")).messages)

    for edition in ("second", "third", "fourth"):
        (department.course / "bandits.md").write_text(
            BANDIT.format(f"The {edition} edition says so."), "utf-8"
        )
        department.ingest()
        for url in (*department.replicas.values(), department.url):
            assert f"The {edition} edition says so" in alone(asked(url))
    assert not list(department.index.glob("gen-*/chroma"))


def test_without_the_chroma_server_questions_are_answered_all_the_same(department):
    async def asked():
        async with Student(department.url) as student:
            return text_of((await student.say(f"Why do we decay epsilon? {student.word()}")).messages)

    department.chroma.stop()
    try:
        for _ in range(4):
            assert "explores early" in alone(asked())
    finally:
        department.chroma.start()
    assert any("answered from memory" in department.log(f"replica-{number}") for number in (1, 2))


def test_a_database_that_goes_away_is_a_sentence_and_comes_back_without_a_restart(department):
    async def main():
        async with Student(department.url) as student:
            await student.say(f"Why do we decay epsilon? {student.word()}")
            department.postgres.stop()
            try:
                with pytest.raises(TurnError) as refused:
                    await student.say("Why do we decay epsilon?")
                assert "database" in str(refused.value)
                assert "psycopg" not in str(refused.value)
                assert "127.0.0.1" not in str(refused.value)
            finally:
                department.postgres.start()
            await student.say(f"Why do we decay epsilon? {student.word()}")
            assert student.crossed == 0

    alone(main())


def test_a_replica_that_is_told_to_end_leaves_its_students_to_the_other_one(department):
    async def main():
        async with Student(department.url) as student:
            await student.say(f"Why do we decay epsilon? {student.word()}")
            number = await replica_of(department, student)
            process = department.processes.pop(f"replica-{number}")
            os.kill(process.pid, signal.SIGTERM)
            await asyncio.to_thread(process.wait, 60)
            try:
                await student.say(f"Why do we decay epsilon? {student.word()}")
                assert student.crossed == 0
            finally:
                department.start_replica(number)
                department.wait_for_replica(number)

    alone(main())
