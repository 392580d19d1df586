"""The torch toolkit of the fine-tuned entries."""
