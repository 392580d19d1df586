"""`harness bench`: every way is measured on the same weights, and says how far its logits are off."""

from __future__ import annotations
