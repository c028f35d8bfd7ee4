-- Each entry in the history of an earnings row begins where the one before it ended, in the same
-- account, and on the same booking unless it was moved.
--
-- Rule      R19
-- Reads     earnings, by earnings_id
-- If not    An entry was inserted, changed or removed by a superuser. Nothing else can; restore
--           the entries from a backup.

with

entries as (

    select
        id,
        earnings_id,
        event,
        from_status,
        from_net_amount_cents,
        practitioner_id,
        currency,
        booking_id,
        lag(id) over by_row as earlier_id,
        lag(to_status) over by_row as earlier_status,
        lag(net_amount_cents) over by_row as earlier_net_cents,
        lag(practitioner_id) over by_row as earlier_practitioner_id,
        lag(currency) over by_row as earlier_currency,
        lag(booking_id) over by_row as earlier_booking_id
    from earnings.transitions
    window by_row as (partition by earnings_id order by stamped_at)

)

select
    'transition' as subject,
    id as subject_id,
    earnings_id,
    case
        when earlier_id is null then format('earnings %s: its history begins with %s', earnings_id, event)
        when event in ('opening', 'created') then format('earnings %s: %s twice', earnings_id, event)
        else format(
                'earnings %s: goes on from %s with %s cents after %s with %s cents, practitioner %s after %s, '
                'booking %s after %s, %s after %s',
                earnings_id, from_status, from_net_amount_cents, earlier_status, earlier_net_cents,
                practitioner_id, earlier_practitioner_id, booking_id, earlier_booking_id, currency, earlier_currency
            )
    end as detail
from entries
where
    (earlier_id is null) <> (event in ('opening', 'created'))
    or (
        earlier_id is not null
        and (
            (from_status, from_net_amount_cents, practitioner_id, currency)
            is distinct from
            (earlier_status, earlier_net_cents, earlier_practitioner_id, earlier_currency)
            or (booking_id <> earlier_booking_id and event = 'status_changed')
        )
    )
