"""One short readable program a rule, or a few: the rules' documentation, and the first thing that is run."""

from importlib import import_module
from typing import Final

from jobkit_conformance.checks.registry import EXAMPLES, Check, check

MODULES: Final = (
    *(
        "b_bodies",
        "e_batches",
        "e_enqueue",
        "r_reserve",
        "r_races",
        "l_leases",
        "l_tokens",
        "s_settling",
        "t_time",
        "o_order",
    ),
    *(
        "k_keys",
        "x_cancelling",
        "i_looking",
        "i_listing",
        "p_pause",
        "p_checkpoints",
        "p_cells",
        "d_durability",
        "d_faults",
        "g_growth",
        "g_cost",
        "c_conduct",
    ),
    *("w_leases", "w_stopping", "w_jobs", "w_limits", "w_recurring", "w_store"),
)
"""Each declares the examples of a family, or of a part of one."""

for _name in MODULES:
    import_module(f"{__name__}.{_name}")

__all__ = ["EXAMPLES", "MODULES", "Check", "check"]
