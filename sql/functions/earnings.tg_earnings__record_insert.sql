-- earnings.tg_earnings__record_insert()
--
-- Appends the creation of earnings rows to the history (R19).
--
-- Fired by  earnings_500_record_insert on public.payments_earningstransaction
-- Writes    earnings.transitions

create or replace function earnings.tg_earnings__record_insert()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into earnings.transitions (
        earnings_id, booking_id, practitioner_id, payout_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
        currency, made_by, application, actor, reason
    )
    select
        written.id,
        written.booking_id,
        written.practitioner_id,
        written.payout_id,
        written.gross_amount_cents,
        written.commission_amount_cents,
        written.net_amount_cents,
        0,
        clock_timestamp(),
        written.available_after,
        'created',
        null,
        written.status,
        written.currency,
        session_user,
        current_setting('application_name', true),
        nullif(current_setting('earnings.actor', true), ''),
        nullif(current_setting('earnings.reason', true), '')
    from new_earnings as written;

    return null;
end
$$;

comment on function earnings.tg_earnings__record_insert()
is 'Appends the creation of earnings rows to the history (R19).';
