"""How much a host or a team may say: the same from the command line, on the pages and in JSON."""

from __future__ import annotations

LONGEST_NAME = 80
"""Characters of a team's or an entry's name."""
MOST_TITLE = 120
"""Characters of a phase's title."""
MOST_NOTE = 200
"""Characters of a token's note."""
MOST_REASON = 500
"""Characters of a reason."""
TOKEN_DAYS = 180
"""How long a token is valid unless something else is asked for."""
MOST_TOKEN_DAYS = 3650
