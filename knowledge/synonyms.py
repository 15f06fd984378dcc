"""Everyday words for technical ones, and words that frame a question.

A student asks in words that no lecture uses. The list is small, general to machine learning, and counts little (see
`lexical.SYNONYM`): meaning is the embedding model's business, and this only helps where a short question gives it
nothing to hold on to.
"""

from __future__ import annotations

from knowledge.words import tokens

# Each line is one notion; any of its words stands for the others.
_NOTIONS = """
slope gradient derivative steepness
guess prediction forecast estimate predict
error loss cost mistake
wiggly overfitting memorise overfit
label target class category
weight parameter coefficient
bias intercept offset
accuracy correct
picture image photo
speed rate
normalise standardise scale rescale zscore
average mean
spread deviation variance std
guess estimate
random stochastic shuffle
minimum bottom lowest minimise
maximum top highest maximise
steps iterations epochs
choose select pick
arm lever
share stock
reward payoff return
squash sigmoid activation
filter kernel
shrink pooling downsample
zeros padding
memory buffer replay
forget decay
stop early stopping
missing nan dropna fillna
dataset data
column feature variable
row example sample
graph plot chart
table dataframe
size shape dimension
layer hidden
number count
neuron unit node
train fit
test evaluate evaluation validation
regularise regularisation penalty
download load read
big large
house home
price cost
words vocabulary tokens
text language
translate translation
remember memory
film movie
rating recommend
guess classify classification
probability chance likelihood
"""

SYNONYMS: dict[str, tuple[str, ...]] = {}
for _line in _NOTIONS.strip().splitlines():
    _stems = list(dict.fromkeys(tokens(_line)))
    for _stem in _stems:
        SYNONYMS[_stem] = tuple(dict.fromkeys((*SYNONYMS.get(_stem, ()), *(s for s in _stems if s != _stem))))

# Words that say what kind of answer is wanted or hold a sentence together, not what it is about.
FRAME = frozenset(
    tokens(
        """
        explain describe define definition difference differ between compare example show give work idea intuition
        meaning purpose reason need better best good bad help understand know thing things lecture course notebook
        cell code write wrote formula equation function calculate compute find make made happen happens
        want get got like kind type ways much many lot something anything stuff question answer point exactly
        again still also instead model data method work works again actually come first second put take does use
        which name called number value after before when get gets get doing going go long look like
        """
    )
)
