-- earnings.tg_earnings__record_delete()
--
-- Appends the deletion of earnings rows to the history (R19), with what kind of row it was;
-- a row that has no history yet leaves none.
--
-- Fired by  earnings_500_record_delete on public.payments_earningstransaction
-- Writes    earnings.transitions

create or replace function earnings.tg_earnings__record_delete()
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
        currency, made_by, application, actor, reason, transaction_type
    )
    select
        gone.id,
        gone.booking_id,
        gone.practitioner_id,
        gone.payout_id,
        0,
        0,
        0,
        gone.net_amount_cents,
        greatest(history.last_stamped_at + interval '1 microsecond', clock_timestamp()),
        gone.available_after,
        'deleted',
        gone.status,
        null,
        gone.currency,
        session_user,
        current_setting('application_name', true),
        nullif(current_setting('earnings.actor', true), ''),
        nullif(current_setting('earnings.reason', true), ''),
        gone.transaction_type
    from old_earnings as gone
    cross join lateral (
        select max(transitions.stamped_at) as last_stamped_at
        from earnings.transitions
        where transitions.earnings_id = gone.id
    ) as history
    where history.last_stamped_at is not null;

    return null;
end
$$;

comment on function earnings.tg_earnings__record_delete()
is 'Appends the deletion of earnings rows to the history (R19).';
