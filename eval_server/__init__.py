"""The judge: truth, verdicts, comparisons, and the pages that show them."""
