"""One broken backend a module: each breaks its ``RULE``, and as little else as can be."""
