"""The wire: a real store behind a proxy that counts the commands which pass, and lets each go wrong in each way."""
