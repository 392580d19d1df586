"""The workshop: data, runs and the command line around the models, the treaty and the judge."""
