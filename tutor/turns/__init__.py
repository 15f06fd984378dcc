"""The kinds of turn: a question, an experiment, small talk, and a model that calls tools itself.

Each file has one generator that yields events and fills in a `Draft`; `tutor/tutor.py` chooses among them.
"""
