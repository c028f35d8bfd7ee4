-- Assumes that every earnings row belongs to a booking that exists.  If it fails, money is
-- earned that no booking shows.

with

bookings as (

    select
        currency,
        sum(net_cents) as net_cents,
        sum(live_count) as live_count
    from {{ ref('booking_earnings') }}
    group by currency

),

ledger as (

    select
        currency,
        sum(net_cents) as net_cents,
        count(*) filter (where is_delivery) as live_count
    from {{ ref('earnings') }}
    where status <> 'reversed'
    group by currency

)

select
    coalesce(bookings.currency, ledger.currency) as currency,
    bookings.net_cents as booking_net_cents,
    ledger.net_cents as ledger_net_cents
from bookings
full outer join ledger on bookings.currency = ledger.currency
where
    coalesce(bookings.net_cents, 0) <> coalesce(ledger.net_cents, 0)
    or coalesce(bookings.live_count, 0) <> coalesce(ledger.live_count, 0)
