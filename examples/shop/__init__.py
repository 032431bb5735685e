"""A small shop: people sign up, order, and are reminded to pay. What can wait is a job."""
