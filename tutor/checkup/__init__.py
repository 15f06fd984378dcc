"""What can be wrong with an installation, one check each: what `tutor doctor` runs.

A check is a function that returns a `Check` and raises nothing. Those of `machine` look at this computer, those of
`course` at weights and index, those of `services` at what answers elsewhere: model server, database, cluster.
"""
