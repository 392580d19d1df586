"""Where the cells come from: layouts, the published list, audits, splits, crops, drawn data."""
