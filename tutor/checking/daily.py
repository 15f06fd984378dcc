"""What else people ask about, so that a question that is nearer to that than to the course is known for what it is.

A question such as "how long do I boil an egg" is made of common words and has no foreign word to give it away; and
since some passage is always nearest, nearness to the course alone cannot tell. So it is compared with the other side
as well: short descriptions of what students ask about outside such a course. They name fields, not questions, and say
nothing about any course: where a course is about one of them, its own passages are nearer.
"""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

import numpy as np

SUBJECTS = """
cooking a meal from a recipe; baking bread and cakes; how long to boil, fry or roast food; fruit, vegetables and
nutrition; healthy eating, calories and losing weight; coffee, tea, beer and wine; restaurants and takeaways;
cleaning stains and doing the laundry; repairing things at home with tools; plumbing, heating and electricity in a
house; painting and decorating a room; gardening, plants and flowers; pets such as dogs and cats; wild animals and
how they live; insects and spiders; birds and fish; dinosaurs and extinct animals; trees, leaves and seasons;
weather and the climate; mountains, rivers, oceans and deserts; volcanoes and earthquakes; countries, capitals and
flags; the largest, tallest or longest thing in the world; planets, stars and space travel; gravity, light and sound
in physics; electricity and magnets; how an engine or a machine works; heat, pressure and boiling; chemical elements
and reactions; acids, salts and metals; cells, genes and DNA in biology; the human body and its organs;
photosynthesis and plants in biology; viruses, bacteria and vaccines; symptoms of an illness and medicine; first aid
and injuries; sleep, stress and feelings; pregnancy, babies and children; evolution and fossils; history of wars and
battles; kings, queens and empires; ancient Rome, Greece and Egypt; the date when a historical event happened; who
invented or discovered something; presidents, prime ministers and elections; laws, courts and the police; the news
and current affairs; religion and holidays; philosophy and the meaning of life; psychology and personality; the
economy, inflation and unemployment; taxes, pensions and benefits; bank accounts, loans and mortgages; buying and
selling a house or renting a flat; prices in shops and bargains; insurance and contracts; applying for a job and
writing a CV; university applications and student loans; exam dates, timetables and rooms; passports, visas and
travel documents; flights, trains and buses; holidays, hotels and sights; driving a car and road signs; fixing a
bicycle or a car; football and its rules; tennis, cricket and rugby; the Olympic games and world records; running,
swimming and exercise in the gym; chess, cards and board games; video games; films, television series and actors;
songs, bands and singers; playing the piano or the guitar; novels, plays and poems; painters, museums and sculpture;
dance and theatre; translating words into another language; grammar, spelling and the meaning of a word; writing an
essay, a letter or a poem; jokes and riddles; celebrities and their lives; clothes, shoes and fashion; hair, skin
and make-up; birthdays, presents and parties; love, dating and relationships; family and friends; knitting, sewing
and crafts; tying knots and folding paper; phones and tablets; laptops and printers; passwords and the internet
connection; social media and e-mail; spreadsheets and office documents; web pages with HTML and CSS; JavaScript,
Java and C++ programming; version control with git; databases and SQL queries; operating systems and the command
line; computer networks and servers; sorting algorithms and linked lists; compilers and programming languages;
solving an equation for x; triangles, circles and angles in geometry; sine, cosine and trigonometry; integrals and
areas under curves; prime numbers and divisibility; fractions, percentages and arithmetic; complex numbers; units,
conversions and time zones; puzzles and brain teasers; atoms, electrons and quantum mechanics; the theory of
relativity; engineering of bridges and buildings; energy, oil and solar power; recycling and the environment;
farming and agriculture; astrology and superstition;
stars, black holes and galaxies; square roots and powers of a number; pain in the back, head or stomach; thank-you
letters and messages
"""

Embed = Callable[[list[str]], np.ndarray]
_vectors: WeakKeyDictionary[object, np.ndarray] = WeakKeyDictionary()
_of_model: dict[bytes, np.ndarray] = {}  # by how a model embeds one fixed text


def elsewhere(question: str, embed: Embed) -> float:
    """Cosine of the question with the nearest subject of another kind, -1 to 1."""
    return float((_subjects(embed) @ embed([question])[0]).max())


def subjects() -> list[str]:
    """The subjects, one text each; cut finer they told the dev questions apart no better."""
    return [" ".join(subject.split()) for subject in SUBJECTS.split(";")]


def _subjects(embed: Embed) -> np.ndarray:
    """(subjects, d) unit vectors, made once for each embedding model, however many objects hold it."""
    owner = getattr(embed, "__self__", embed)
    if owner not in _vectors:
        sign = np.round(embed(["which model is this"])[0], 2).tobytes()
        if sign not in _of_model:
            _of_model[sign] = embed(subjects())
        _vectors[owner] = _of_model[sign]
    return _vectors[owner]
