-- One row: how many packages of 0 to 2,000 cents and 1 to 50 sessions there are, how many of them
-- earnings.slot_amount cuts wrongly, and the first of these.
-- The second way to the same cut: P / n for everyone, and the remainder r spread so that slot i gets
-- one cent more exactly when i * r passes a multiple of n.

with

slots as (

    select
        prices.price_cents,
        counts.session_count,
        prices.price_cents / counts.session_count as floor_cents,
        (numbers.slot_number * (prices.price_cents % counts.session_count)) % counts.session_count
        < prices.price_cents % counts.session_count as has_one_more,
        earnings.slot_amount(
            prices.price_cents, counts.session_count, numbers.slot_number
        ) as amount_cents
    from generate_series(0, 2000) as prices (price_cents)
    cross join generate_series(1, 50) as counts (session_count)
    cross join lateral generate_series(1, counts.session_count) as numbers (slot_number)

),

packages as (

    select
        price_cents,
        session_count,
        sum(amount_cents) = price_cents
        and bool_and(amount_cents = floor_cents + has_one_more::integer and amount_cents >= 0) as is_right
    from slots
    group by price_cents, session_count

)

select
    count(*) as package_count,
    count(*) filter (where is_right is not true) as wrong_count,
    min(array[price_cents, session_count]) filter (where is_right is not true) as first_wrong
from packages;
