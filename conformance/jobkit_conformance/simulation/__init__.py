"""Several clients at once, on a loop whose order and time are decided: each play can be had again, and shrinks."""
