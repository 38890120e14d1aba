"""Replays a corpus through the real turn and the real learning code, with a simulated customer, on a simulated clock.

scratch.py: a database of its own. customer.py: who knows the truth, and reacts. replay.py: the loop. baselines.py: what others would do.
figures.py: what is measured. report.py: how it is shown.
"""
