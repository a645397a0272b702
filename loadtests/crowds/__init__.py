"""Crowds: what many clients at once feel, beside what one of them feels when it is alone.

``python -m loadtests.crowds --scenario buying --minutes 2`` starts a house of its own with the
light backend, lets one client in (that is the idle figure), then the crowd, each as a locust
process, and prints both side by side. `scenarios` says who comes, `people` how they behave.
"""
