-- Appends the deletion of earnings rows that went while no trigger was watching (R19).
insert into earnings.transitions (
    earnings_id, booking_id, practitioner_id, payout_id, gross_amount_cents, commission_amount_cents,
    net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
    currency, made_by, application, reason
)
select
    latest.earnings_id,
    latest.booking_id,
    latest.practitioner_id,
    latest.payout_id,
    0,
    0,
    0,
    latest.net_amount_cents,
    greatest(latest.stamped_at + interval '1 microsecond', clock_timestamp()),
    latest.available_after,
    'deleted',
    latest.to_status,
    null,
    latest.currency,
    session_user,
    current_setting('application_name', true),
    'deleted while the engine was not installed'
from (
    select distinct on (transitions.earnings_id) transitions.*
    from earnings.transitions
    order by transitions.earnings_id asc, transitions.stamped_at desc
) as latest
where
    latest.to_status is not null
    and not exists (
        select from public.payments_earningstransaction as rows_of
        where rows_of.id = latest.earnings_id
    );
