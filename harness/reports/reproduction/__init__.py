"""Tables, figures and tests of Prellberg and Kramer 2019, made anew from runs or given predictions."""
