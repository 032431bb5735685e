"""What happens to one delivery: decode, run, judge the outcome."""
