-- Gives one batch of earnings rows, after %(after_id)s and up to %(last_id)s, their opening in the
-- history (R19), and appends what changed while no trigger was watching.  Returns how many rows it
-- looked at and how many it appended.  The rows are locked: queries/lock_unopened.
with

looked_at as (

    select rows_of.*
    from public.payments_earningstransaction as rows_of
    where rows_of.id > %(after_id)s and rows_of.id <= %(last_id)s

),

unwritten as (

    select
        looked_at.*,
        latest.to_status as known_status,
        latest.net_amount_cents as known_net_amount_cents,
        latest.stamped_at as known_stamped_at
    from looked_at
    left join lateral (
        select
            transitions.to_status,
            transitions.booking_id,
            transitions.payout_id,
            transitions.gross_amount_cents,
            transitions.net_amount_cents,
            transitions.available_after,
            transitions.stamped_at
        from earnings.transitions
        where transitions.earnings_id = looked_at.id
        order by transitions.stamped_at desc
        limit 1
    ) as latest on true
    where
        latest.stamped_at is null
        or (
            latest.to_status, latest.booking_id, latest.payout_id, latest.gross_amount_cents,
            latest.net_amount_cents, latest.available_after
        ) is distinct from (
            looked_at.status::text, looked_at.booking_id, looked_at.payout_id, looked_at.gross_amount_cents,
            looked_at.net_amount_cents, looked_at.available_after
        )

),

appended as (

    insert into earnings.transitions (
        earnings_id, booking_id, practitioner_id, payout_id, gross_amount_cents, commission_amount_cents,
        net_amount_cents, from_net_amount_cents, stamped_at, available_after, event, from_status, to_status,
        currency, made_by, application, reason
    )
    select
        unwritten.id,
        unwritten.booking_id,
        unwritten.practitioner_id,
        unwritten.payout_id,
        unwritten.gross_amount_cents,
        unwritten.commission_amount_cents,
        unwritten.net_amount_cents,
        coalesce(unwritten.known_net_amount_cents, 0),
        greatest(unwritten.known_stamped_at + interval '1 microsecond', clock_timestamp()),
        unwritten.available_after,
        case when unwritten.known_stamped_at is null then 'opening' else 'corrected' end,
        unwritten.known_status,
        unwritten.status,
        unwritten.currency,
        session_user,
        current_setting('application_name', true),
        case
            when unwritten.known_stamped_at is null then 'install'
            else 'changed while the engine was not installed'
        end
    from unwritten
    returning transitions.earnings_id

)

select
    (select count(*) from looked_at) as looked_at_count,
    (select count(*) from appended) as appended_count;
