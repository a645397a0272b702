"""How much of everything 100,000 briefs a day need: a simulation, and what it stands on.

``python -m loadtests.capacity`` simulates a day and prints pods, database writes, storage and what
a minute of audio costs. ``--measure`` makes one brief of each kind in a real house and prints what
it took (`measured.json` is such a run, kept). ``--check`` lets a light house of known service times
work at some load and compares its queue waits with those the simulation says.
"""
