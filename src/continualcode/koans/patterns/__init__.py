"""One file per family; each function is the generator of one pattern. Importing this package fills
`grammar.PATTERNS`. Which patterns the bundled model never saw is `HELD_BACK` here: the nursery refuses
them, nights must teach them."""

from continualcode.koans.patterns import (  # noqa: F401
    borrow_checker,
    generics_and_closures,
    iterators,
    lifetimes,
    ownership_and_smart_pointers,
    result_handling,
    trait_bounds,
    type_mismatch,
)

HELD_BACK = frozenset(
    {
        "bc_return_local_ref", "bc_closure_needs_move", "lt_struct_missing", "tb_missing_hash", "tb_missing_partialord_derive",
        "rh_ok_or", "rh_map_err", "tm_char_vs_str", "it_missing_enumerate", "it_collect_type",
        "gc_closure_tuple", "gc_missing_dyn", "os_as_deref", "os_weak_upgrade",
    }
)  # fmt: skip
