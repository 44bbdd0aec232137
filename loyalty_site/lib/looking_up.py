"""How is PostgreSQL kept from reading whole tables, whatever it believes about how many rows are meant?"""

#: Leaves nothing but indexes to read tables by, and nothing but look-ups to join with, until the transaction ends; no
#: other process is called in, nothing is compiled: both take longer than what they do for few.
ONLY_LOOK_UP = (
    "SELECT set_config(name, value, TRUE) FROM (VALUES ('enable_seqscan', 'off'), ('jit', 'off'), "
    "('max_parallel_workers_per_gather', '0')) AS these(name, value)"
)
