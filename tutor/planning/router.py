"""From a message to what should be done with it, without a language model: intent, lab, and the settings in
words.

A hand-written grammar over the lab registry. The message becomes tokens (`text`), the labs' own words are
found in them (`lexicon`), each clause is read as an order, a question, a wish (`acts`), numbers and values
go to parameters (`numbers`, `settings`); here the pieces are weighed. The rule behind the weights: running a
lab that nobody asked for is the costly error, so without an order, or a setting for a run that is on the
table, a message is a question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from labs.base import Lab
from labs.fields import ParamInfo
from tutor.planning import acts
from tutor.planning.acts import Clause
from tutor.planning.carried import State, run_parameters
from tutor.planning.choices import EVERYDAY
from tutor.planning.daily_life import asks_about_the_world
from tutor.planning.details import Reading, compares, measures, sets
from tutor.planning.evidence import Evidence, weigh
from tutor.planning.lexicon import Lexicon, refers_back
from tutor.planning.plan import Plan, lecture_named, permalink
from tutor.planning.repairs import repaired
from tutor.planning.sense import SOUNDS, UNWANTED, WANTED, Sense, weighed
from tutor.planning.settings import read
from tutor.planning.statements import asks_leave, imagines, is_noun, quotes_code, states, suffices
from tutor.planning.text import Token, tokens_of
from tutor.planning.vocabulary import DOING, POINTS

__all__ = ["Plan", "Router"]

TURNS_READ = 12  # how far back a conversation is replayed


class Router:
    """Plans messages for a set of labs. Holds no conversation: what was said before is handed in."""

    def __init__(self, labs: Mapping[str, Lab], sense: Sense | None = None) -> None:
        """`sense` is the second opinion on what a message wants; without it the grammar decides alone."""
        self._labs = dict(labs)
        self._sense = sense
        self._lexicon = Lexicon(labs)

    def plan(
        self,
        message: str,
        turns: Sequence[str] = (),
        last_lab: str | None = None,
        last_parameters: Mapping[str, Any] | None = None,
    ) -> Plan:
        """What to do with `message`.

        `turns` are the student's earlier messages, oldest first. `last_lab` and `last_parameters` (what
        the student had chosen for it) come from the session where it knows them, and then count more than
        the replay.
        """
        state = State()
        for turn in list(turns)[-TURNS_READ:]:
            self._step(turn, state)
        if last_lab in self._labs:
            if state.lab != last_lab or last_parameters is not None:
                state.parameters = dict(last_parameters or {})
                state.last = next(reversed(state.parameters), None) if state.lab != last_lab else state.last
            state.lab = last_lab
        return self._step(message, state)

    # ---- one turn

    def _step(self, message: str, state: State) -> Plan:
        plan, last, talk = self._read(message, state)
        state.turns += 1
        if plan.intent == "lab" and plan.lab is not None:
            state.lab, state.parameters, state.last = plan.lab, plan.parameters, last
            state.talked, state.talked_values = None, {}
        elif plan.intent == "question" and talk is not None:
            state.talked, state.talked_values = talk
        return plan

    def _read(self, message: str, state: State) -> tuple[Plan, str | None, tuple[str, dict[str, Any]] | None]:
        link = permalink(message, self._labs)
        if link is not None:
            return link, next(reversed(link.parameters), None), None
        tokens = repaired(self._tokens(message))
        if not tokens:
            return Plan("other", confidence=0.5), None, None
        text = acts.plain(tokens)
        lecture, blocked = lecture_named(tokens)
        hits = [h for h in self._lexicon.hits(tokens) if not blocked & set(range(h.start, h.end))]
        if state.lab is not None:
            hits = [h for h in hits if h.entry.lab == state.lab or not refers_back(h, tokens)]
        clauses = acts.clauses_of(tokens)
        facts = weigh(tokens, hits, clauses, text, self._lexicon)
        readings: dict[str, Reading] = {}

        def reading(lab: str) -> Reading:
            if lab not in readings:
                base = state.parameters if lab == state.lab else {}
                readings[lab] = read(self._lexicon.labs[lab], tokens, hits, base, blocked)
            return readings[lab]

        ranked = self._rank(facts, reading, state)
        talk = None
        if ranked and any(h.entry.lab == ranked[0][1] and h.entry.kind in ("lab", "choice") for h in hits):
            values = {h.entry.field for h in hits if h.entry.lab == ranked[0][1] and h.entry.kind == "choice"}
            talk = (ranked[0][1], {k: v for k, v in reading(ranked[0][1]).values.items() if k in values})
        if quotes_code(message):
            plan, last = self._question(facts, state), None
        else:
            plan, last = self._decide(facts, ranked, reading, state)
        if self._sense is not None and (chances := self._sense.of(message, state.turns > 0)):
            plan, last = self._heard(plan, last, chances, facts, ranked, reading, state)
        plan = self._about(plan, facts, ranked, lecture)
        return plan, last, talk

    def _tokens(self, message: str) -> list[Token]:
        tokens = self._lexicon.correct(tokens_of(message))
        opened: list[Token] = []
        for at, token in enumerate(tokens):
            if token.kind == "quote":
                inside = self._lexicon.correct(tokens_of(token.raw, quotes=False))
                spans = {i for h in self._lexicon.hits(inside) for i in range(h.start, h.end)}
                named = bool({"prompt", "text"} & {t.text for t in tokens[max(0, at - 3) : at]})
                if inside and len(spans) == len(inside) and not named:  # the "bandit" lab
                    opened += inside
                    continue
            opened.append(token)
        return opened

    # ---- which lab

    def _rank(
        self, facts: Evidence, reading: Callable[[str], Reading], state: State
    ) -> list[tuple[float, str]]:
        """The labs that the message speaks of, most likely first, with their weights."""
        scores = dict(facts.scores)
        if state.lab is not None:
            scores.setdefault(state.lab, 0.0)
        if state.talked is not None:
            scores.setdefault(state.talked, 0.0)
        for lab in list(scores):
            found = reading(lab)
            scores[lab] += facts.of_values(lab, found.values)
            scores[lab] -= 0.5 * len(found.loose)
            scores[lab] -= 1.7 * facts.only_words(lab, found.values, EVERYDAY)
            if lab == state.lab:
                scores[lab] += 1.2 if facts.named else 2.4
            elif lab == state.talked:
                scores[lab] += 0.8 if facts.named else 1.6
        ranked = sorted(((score, lab) for lab, score in scores.items()), key=lambda pair: -pair[0])
        return [(score, lab) for score, lab in ranked if score > 0.25]

    # ---- what to do

    def _decide(
        self,
        facts: Evidence,
        ranked: list[tuple[float, str]],
        reading: Callable[[str], Reading],
        state: State,
    ) -> tuple[Plan, str | None]:
        best = ranked[0][1] if ranked else None
        if acts.is_off(facts.text, facts.lab_named):
            return Plan("other", confidence=0.9), None
        if acts.is_tag_question(facts.tokens, facts.text) and (
            facts.order is None or facts.order.act == "change"
        ):
            return self._question(facts, state), None
        if acts.wants_a_quiz(facts.text):
            return Plan("quiz", confidence=0.95), None
        if acts.is_smalltalk(facts.tokens) and not facts.lab_named:
            return Plan("smalltalk", confidence=0.95), None
        if facts.chats:
            return Plan("smalltalk", confidence=0.8), None
        if facts.forbidden:
            return self._question(facts, state), None
        order = facts.order
        if facts.is_passage and (order is None or order.act == "change"):
            return self._question(facts, state), None
        if acts.is_meta(facts.text):
            return Plan("meta", confidence=0.9), None
        if is_noun(facts.text):
            return self._question(facts, state), None
        if order is not None:
            return self._ordered(order, facts, ranked, reading, state)
        if facts.supposes and state.lab is not None:
            return self._supposed(facts, ranked, reading, state)
        if (
            facts.watches
            and best is not None
            and not facts.foreign
            and sets(reading(best), self._infos(best))
        ):
            return self._run(best, facts, reading, state, ranked)
        if facts.asks:
            question = self._question(facts, state)
            if best is not None and facts.supposes and reading(best).values and not facts.supposes_a_fact:
                return replace(
                    question, confidence=0.6, alternative=self._run(best, facts, reading, state)[0]
                ), None
            return question, None
        return self._fragment(facts, ranked, reading, state)

    def _heard(
        self,
        plan: Plan,
        last: str | None,
        chances: Mapping[str, float],
        facts: Evidence,
        ranked: list[tuple[float, str]],
        reading: Callable[[str], Reading],
        state: State,
    ) -> tuple[Plan, str | None]:
        """The grammar's plan, put right where the meaning of the words speaks clearly against it."""
        if plan.intent == "lab":
            if chances["lab"] >= UNWANTED:
                return plan, last
            return Plan(
                weighed(self._question(facts, state), facts.on_subject, chances), confidence=0.7
            ), None
        best = ranked[0][1] if ranked else None
        if best is not None and chances["lab"] >= WANTED and self._allows(best, facts, reading(best), state):
            return self._run(best, facts, reading, state, ranked)
        intent = weighed(plan, facts.on_subject, chances)
        if intent == plan.intent:
            return plan, last
        return Plan(intent, confidence=min(chances[intent], SOUNDS)), None

    def _allows(self, lab: str, facts: Evidence, found: Reading, state: State) -> bool:
        """Whether the labs' own words make a run of what sounds like an order."""
        if facts.foreign or facts.unknown_data or facts.forbidden or imagines(facts.text):
            return False
        if facts.names(lab):
            return not self._is_title(lab, facts)  # a word alone is a topic as well
        return bool(found.values or found.dropped) and (
            lab in (state.lab, state.talked) or facts.speaks_of(lab)
        )

    def _ordered(
        self,
        order: Clause,
        facts: Evidence,
        ranked: list[tuple[float, str]],
        reading: Callable[[str], Reading],
        state: State,
    ) -> tuple[Plan, str | None]:
        """A clause says to run, try, change or show something."""
        if facts.foreign or facts.unknown_data:
            return Plan("meta", confidence=0.85), None
        two_labs = facts.labs_named > 1 and order.verb in ("compare", "contrast") and bool(ranked)
        if two_labs and not sets(reading(ranked[0][1]), self._infos(ranked[0][1])):
            return self._question(facts, state), None  # "compare bandits and mdps": no run does
        predicts = order.verb in ("forecast", "predict", "classify", "detect", "recognise", "generate")
        stray = (order.act == "run" or predicts) and facts.elsewhere > 0 and facts.named and bool(ranked)
        stray = stray or (bool(ranked) and not facts.lab_named and facts.runs_something_else(order))
        if stray and not sets(reading(ranked[0][1]), self._infos(ranked[0][1])):
            run = self._run(ranked[0][1], facts, reading, state)[0]  # "train an lstm to compose music"
            return Plan("meta", confidence=0.55, alternative=replace(run, confidence=0.45)), None
        if order.act == "change" and state.lab is None and not facts.sure_run and asks_leave(order.text):
            return self._question(facts, state), None
        pointing = bool(POINTS & set(facts.words)) or order.verb in ("repeat", "rerun")
        strong = order.act == "run"
        if not ranked:
            return self._wish(order, facts), None
        score, best = ranked[0]
        values = reading(best).values
        named = facts.names(best)
        if best == state.lab and not named:
            loose = reading(best).loose
            if values or (loose and not values) or pointing or reading(best).dropped or facts.resets:
                return self._run(best, facts, reading, state)
            if strong and not facts.unknown_words:
                return self._run(best, facts, reading, state)
        if best == state.talked and not named and (pointing or values) and state.lab is None:
            return self._run(best, facts, reading, state)
        if best == state.talked and pointing and not facts.lab_named:
            return self._run(best, facts, reading, state)
        if strong and (named or (values and score >= 0.8)):
            return self._run(best, facts, reading, state, ranked)
        if not strong and named and (values or facts.runs_by_name(order) or state.lab == best):
            return self._run(best, facts, reading, state, ranked)
        if not strong and not named and values and score >= 0.8:
            return self._run(best, facts, reading, state, ranked)
        if order.act == "change" and named:
            question = self._question(facts, state)
            run = self._run(best, facts, reading, state)[0]
            return replace(question, confidence=0.55, alternative=replace(run, confidence=0.45)), None
        return self._wish(order, facts), None

    def _wish(self, order: Clause, facts: Evidence) -> Plan:
        """An order for something that no lab does."""
        if order.act == "run" and (
            not facts.off_subject or order.verb in ("simulate", "train", "fit", "retrain")
        ):
            return Plan("meta", confidence=0.7)
        if order.verb in DOING and facts.on_subject and not facts.off_subject:
            return Plan("meta", confidence=0.55)
        if facts.off_subject or not facts.on_subject:
            return Plan("other", confidence=0.6)
        return Plan("question", confidence=0.55)

    def _infos(self, lab: str) -> Mapping[str, ParamInfo]:
        return self._lexicon.labs[lab].infos

    def _is_title(self, lab: str, facts: Evidence) -> bool:
        """Whether the message is the lab's own name and no more; "perceptron" is a topic that a lab is about."""
        named = {lab.replace("_", " "), self._labs[lab].title.lower()}
        return facts.text in named or facts.text.removeprefix("the ") in named

    def _supposed(
        self,
        facts: Evidence,
        ranked: list[tuple[float, str]],
        reading: Callable[[str], Reading],
        state: State,
    ) -> tuple[Plan, str | None]:
        """ "what if epsilon were 0.3?", "and on moons?" after a run: a run, where it sets something."""
        if imagines(facts.text):
            return self._question(facts, state), None
        best = ranked[0][1] if ranked else state.lab
        if best is not None and facts.settles(best, reading(best)) and not facts.foreign:
            run, last = self._run(best, facts, reading, state)
            return replace(run, confidence=min(run.confidence, 0.8)), last
        return self._question(facts, state), None

    def _fragment(
        self,
        facts: Evidence,
        ranked: list[tuple[float, str]],
        reading: Callable[[str], Reading],
        state: State,
    ) -> tuple[Plan, str | None]:
        """No order and no question word: "cnn on mnist", "same with tanh", "bandits", "0.2 instead"."""
        if not facts.lab_named and any(clause.act == "favour" for clause in facts.clauses):
            return Plan("question" if facts.subject > facts.elsewhere + 1 else "other", confidence=0.6), None
        chosen = any(clause.act == "choose" for clause in facts.clauses) or (
            bool(ranked)
            and suffices(facts.text)
            and measures(reading(ranked[0][1]), self._infos(ranked[0][1]))
        )
        if states(acts.opened(facts.text)) and not chosen:
            return self._question(facts, state), None
        if facts.foreign and not facts.lab_named:
            wanted = (facts.asks_for_more and facts.on_our_data) or facts.lab_marked
            return Plan("meta" if wanted else "question", confidence=0.6), None
        best = ranked[0][1] if ranked else None
        if best is None:
            if state.turns and not facts.off_subject:
                return self._question(facts, state), None
            if facts.on_subject and not facts.off_subject:
                return self._question(facts, state), None
            return Plan("other", confidence=0.5), None
        found = reading(best)
        if best == state.lab and not facts.names(best):
            corrected = bool(found.loose) and len(facts.words) < 10
            if (
                facts.settles(best, found)
                or corrected
                or found.dropped
                or facts.rescales
                or (facts.points and not facts.asked_by_mark)
            ):
                return self._run(best, facts, reading, state)
        elif best == state.lab and found.values and "instead" in facts.words and not facts.asked_by_mark:
            return self._run(best, facts, reading, state)
        elif facts.foreign and (facts.lab_marked or facts.numbers or facts.on_our_data):
            return Plan("meta", confidence=0.6), None
        elif (
            found.values
            and ranked[0][0] >= 0.8
            and not facts.unknown_data
            and (
                facts.asks_for_more
                or measures(found, self._infos(best))
                or facts.names_with_choice(best)
                or best == state.talked
            )
            and (facts.names(best) or facts.numbers or facts.stray <= 1)
            and (best == state.talked or facts.speaks_of(best) or compares(found))
        ):
            if not (facts.asked_by_mark and not facts.names(best)):
                return self._run(best, facts, reading, state, ranked)
        elif facts.names(best) and facts.lab_marked:
            return self._run(best, facts, reading, state, ranked)
        question = self._question(facts, state)
        if facts.names(best) and self._is_title(best, facts):
            run = self._run(best, facts, reading, state)[0]
            question = replace(question, confidence=0.55, alternative=replace(run, confidence=0.45))
        elif facts.off_subject and not facts.on_subject:
            return Plan("other", confidence=0.6), None
        return question, None

    def _question(self, facts: Evidence, state: State) -> Plan:
        """A question, unless it is about something else altogether."""
        if facts.only_companies and asks_about_the_world(facts.text):
            return Plan("other", confidence=0.8)
        if not facts.on_subject:
            if facts.off_subject or asks_about_the_world(facts.text) or facts.of_daily_life:
                return Plan("other", confidence=0.8)
        elif facts.elsewhere and facts.elsewhere >= facts.subject and not facts.of_a_lab:
            return Plan("other", confidence=0.7)
        return Plan("question", confidence=0.9 if facts.on_subject or state.turns else 0.7)

    # ---- the run itself

    def _run(
        self,
        lab: str,
        facts: Evidence,
        reading: Callable[[str], Reading],
        state: State,
        ranked: Sequence[tuple[float, str]] = (),
    ) -> tuple[Plan, str | None]:
        own = self._lexicon.labs[lab]
        parameters, last = run_parameters(lab, own, facts, reading(lab), state)
        confidence, alternative = 0.9, None
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < 0.75 and ranked[1][0] > 0.9:
            confidence = 0.6
            second = ranked[1][1]
            alternative = Plan("lab", second, dict(reading(second).values), 0.5)
        return Plan("lab", lab, parameters, confidence, alternative), last

    def _about(
        self, plan: Plan, facts: Evidence, ranked: Sequence[tuple[float, str]], lecture: int | None
    ) -> Plan:
        """The lecture and the topic that a plan is about."""
        if plan.intent == "lab":
            return plan
        if plan.intent == "quiz" and lecture is None and ranked and facts.hits:
            lectures = self._labs[ranked[0][1]].lectures
            lecture = lectures[0] if lectures else None
        topic = facts.topic if plan.intent in ("question", "quiz") else ""
        return replace(plan, lecture=lecture, topic=topic)
