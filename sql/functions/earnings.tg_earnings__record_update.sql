-- earnings.tg_earnings__record_update()
--
-- Appends what changed about earnings rows to the history (R19): one row each, stamped
-- after the last one of its row.  A row that has no history yet gets its opening first.
--
-- Fired by  earnings_500_record_update on public.payments_earningstransaction
-- Reads     earnings.status_rules
-- Writes    earnings.transitions

create or replace function earnings.tg_earnings__record_update()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    with

    -- The plan of a session's first write serves all later ones.  A full join is never a nested
    -- loop, so a write of one row does not make the next, of a million, quadratic.
    paired as materialized (

        select
            changed,
            previous,
            changed.id,
            previous.id as previous_id,
            (
                changed.status, changed.gross_amount_cents, changed.commission_amount_cents, changed.net_amount_cents,
                changed.currency, changed.available_after, changed.booking_id, changed.practitioner_id, changed.payout_id
            ) is distinct from (
                previous.status, previous.gross_amount_cents, previous.commission_amount_cents, previous.net_amount_cents,
                previous.currency, previous.available_after, previous.booking_id, previous.practitioner_id,
                previous.payout_id
            ) as is_different
        from new_earnings as changed
        full join old_earnings as previous on changed.id = previous.id

    ),

    written as (

        select
            paired.changed,
            paired.previous,
            (
                select max(history.stamped_at)
                from earnings.transitions as history
                where history.earnings_id = paired.id
            ) as last_stamped_at
        from paired
        where paired.is_different and paired.id is not null and paired.previous_id is not null

    ),

    appended as (

        select
            (written.previous).*,
            0 as from_net_amount_cents,
            clock_timestamp() as stamped_at,
            'opening' as event,
            null::text as from_status
        from written
        where written.last_stamped_at is null

        union all

        select
            (written.changed).*,
            (written.previous).net_amount_cents,
            greatest(written.last_stamped_at + interval '1 microsecond', clock_timestamp() + interval '1 microsecond'),
            case
                when rules.kind = 'correction' then 'corrected'
                when (written.changed).booking_id <> (written.previous).booking_id then 'moved'
                when (written.changed).status <> (written.previous).status then 'status_changed'
                else 'corrected'
            end,
            (written.previous).status
        from written
        left join earnings.status_rules as rules
            on (written.previous).status = rules.from_status and (written.changed).status = rules.to_status

    )

    insert into earnings.transitions (
        earnings_id, booking_id, practitioner_id, payout_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
        currency, made_by, application, actor, reason
    )
    select
        appended.id,
        appended.booking_id,
        appended.practitioner_id,
        appended.payout_id,
        appended.gross_amount_cents,
        appended.commission_amount_cents,
        appended.net_amount_cents,
        appended.from_net_amount_cents,
        appended.stamped_at,
        appended.available_after,
        appended.event,
        appended.from_status,
        appended.status,
        appended.currency,
        session_user,
        current_setting('application_name', true),
        nullif(current_setting('earnings.actor', true), ''),
        nullif(current_setting('earnings.reason', true), '')
    from appended
    order by appended.id, appended.stamped_at;

    return null;
end
$$;

comment on function earnings.tg_earnings__record_update()
is 'Appends what changed about earnings rows to the history (R19).';
