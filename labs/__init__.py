"""The lab engine: teaching experiments that run for seconds and say honestly what came out.

Knows nothing of chat, retrieval or web pages. `labs.registry.LABS` holds every lab; `lab.execute(values)`
runs one here, `labs.runner.LabRunner` runs it in a worker process, `labs.plotting.png_bytes` draws what came
out, and `labs.artist.Artist` does so in a process of its own.

Adding a lab
------------
A lab is one file, `labs/<id>.py`, and one line in `labs/registry.py`. In the file, in this order:

1. The docstring: what it shows, its sources (book, section, equation), and where it departs from them. 2. The
parameters: a subclass of `labs.base.LabParams`, each field made with `labs.fields.param(default, description,
...)`. Give bounds to every number, a unit where there is one, and the words students use (`synonyms`,
`choice_synonyms`): the form, the router and the error messages are made from them. A `Literal` is a choice, a
`tuple[...]` a list that the lab compares by itself, `float | None` may be none. Refuse senseless combinations
in a `model_validator` that raises ValueError with one sentence saying what to do. 3. The core: the algorithm
in NumPy or PyTorch, plain arguments, no plotting, no files, shapes in comments. It becomes the first cells of
the exported notebook, so it may use only what `labs.notebook.IMPORTS` or the lab's `notebook_imports` import.
A long core goes to `labs/cores/<id>.py`, long words and charts to `labs/reports/<id>.py`. Import torch and
scikit-learn inside functions. 4. `run(params, context) -> LabResult`: call `context.report(fraction,
message)` at least ten times a second, since that is also where a cancelled run stops. Put every number that
is drawn into `series`, and let the charts (see `labs.charts`) name its keys. `notes` are two to five
sentences computed from the numbers; `findings` name the classic failures, with evidence and one thing to try.
Titles state the result. Metrics must be numbers; not-a-number becomes null in JSON and infinities have no
place. Give `labs.base.Metric` for every metric name. 5. `cost(params)`: estimated seconds, growing with every
size parameter; what is over `cost_limit` is refused. 6. `verify()`: `labs.base.Check`s of what comes out
against what was published. 7. `LAB = Lab(...)`, with `demo`, notebook code that runs and plots the core from
variables named as the parameters.

Sweeps (a list for any scalar), comparison, links, notebooks, workers and their limits come for free, and
`tests/labs/test_every_lab.py` checks all of it for every lab in the registry; add small parameters for yours
to `tests/labs/small.py`, and tests against something that is not the lab itself to `tests/labs/test_<id>.py`.
"""
