"""The workshop: data, runs and the command line around the models, the treaty and the judge.

``import harness`` first, and `models`, `submissions` and `eval_server` are the packages that came with it,
also in a folder that holds others of these names.
"""

from harness import house

house.keep_together()
