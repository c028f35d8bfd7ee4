-- The sample that this database holds and its today; one row.
select
    seed,
    bookings,
    as_of
from sample_marketplace.loads
