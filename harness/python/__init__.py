"""The surface for Python: what the command line does, as functions whose results show themselves."""
