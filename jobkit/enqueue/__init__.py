"""What happens between a call of ``enqueue`` and its receipt."""
