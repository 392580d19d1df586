"""Who may do what, and when is it done? Access, quotas, windows; the judge at work; boards made anew."""
