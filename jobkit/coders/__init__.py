"""Coders: choosing one is naming its module, so importing this loads none."""
