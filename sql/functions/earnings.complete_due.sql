-- earnings.complete_due(as_of, batch_size, ended_after)
--
-- Completes confirmed and in-progress bookings whose appointment has ended (R4, R22): of
-- every service type and package session, never purchases.  Writes what the app writes;
-- the triggers do the rest.  ended_after guards a first run on a backlog.  An appointment
-- without an end is an exception.  Settles first what earlier writes had to leave (R7, R9).
-- One call is one batch; safe side by side.  pending_net_cents is an object of net cents by
-- currency.
--
-- Locks     bookings by id, then their orders, skipping what others hold
-- Writes    public.bookings_booking, earnings.completions, exceptions
-- Raises    23X09 as_of lies in the future

create or replace function earnings.complete_due(
    as_of timestamptz default now(),
    batch_size integer default 500,
    ended_after timestamptz default '-infinity'
)
returns table (
    completed_count integer,
    earnings_created_count integer,
    skipped_count integer,
    exception_count integer,
    pending_net_cents jsonb
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set lock_timeout = '800ms'
as $$
declare
    v_due bigint[];
    v_ready bigint[];
    v_last_earnings_id bigint;
    -- Where the session's last batch for the same moment ended: it spares this one the bookings before
    -- that, which are not due or nobody's appointment.  Only a hint: what it hides is found at the end.
    v_run constant text := format('%s, from %s on', complete_due.as_of, complete_due.ended_after);
    v_after_id bigint := case
        when current_setting('earnings.completing', true) = v_run then current_setting('earnings.completed_until')::bigint
        else 0
    end;
begin
    perform earnings.refuse_future(complete_due.as_of);
    perform earnings.beat();
    perform earnings.settle_queued(complete_due.batch_size);

    loop
        select array_agg(due.id order by due.id) into v_due
        from (
            select bookings.id
            from public.bookings_booking as bookings
            cross join lateral (
                select
                    services.id as service_id,
                    types.code
                from public.services_service as services
                inner join public.services_servicetype as types on services.service_type_id = types.id
                where services.id = bookings.service_id
                -- one booking after the other, as their index has them, until the batch is full
                offset 0
            ) as kinds
            cross join lateral (
                -- most appointments end at their own end: no need to ask the function
                select
                    case
                        when kinds.code in ('workshop', 'course')
                            then earnings.appointment_end(
                                bookings.service_id, bookings.service_session_id, bookings.end_time
                            )
                        else bookings.end_time
                    end as ends_at
            ) as appointments
            where bookings.id > v_after_id
                and bookings.status in ('confirmed', 'in_progress')
                and not bookings.is_deleted
                -- what somebody wrote just before it was locked counts as it is now; an answer from inside
                -- of `offset 0`, or of a query, would be that of the row before
                and kinds.service_id = bookings.service_id
                -- asked of what is due, and not of every open booking: a plain condition would be put first
                and case
                    when appointments.ends_at < complete_due.as_of and appointments.ends_at >= complete_due.ended_after
                        then not earnings.is_purchase(bookings)
                end
            order by bookings.id
            limit complete_due.batch_size
            for no key update of bookings skip locked
        ) as due;

        exit when v_after_id = 0 or cardinality(v_due) = complete_due.batch_size;
        v_after_id := 0;
    end loop;

    perform
        set_config('earnings.completing', v_run, false),
        set_config('earnings.completed_until', v_until.id::text, false)
    from (
        select case when cardinality(v_due) = complete_due.batch_size then v_due[complete_due.batch_size] else 0 end as id
    ) as v_until;

    with orders as (
        select held.id
        from public.payments_order as held
        where held.id = any (
            array(select bookings.order_id from public.bookings_booking as bookings where bookings.id = any (v_due))
        )
        order by held.id
        for no key update skip locked
    )

    select array_agg(bookings.id order by bookings.id) into v_ready
    from public.bookings_booking as bookings
    where bookings.id = any (v_due)
        and (bookings.order_id is null or bookings.order_id in (select orders.id from orders));

    select coalesce(max(rows_of.id), 0) into v_last_earnings_id from public.payments_earningstransaction as rows_of;

    update public.bookings_booking as bookings
    set
        status = 'completed',
        completed_at = complete_due.as_of,
        actual_end_time = complete_due.as_of,
        status_changed_at = complete_due.as_of,
        updated_at = now()
    where bookings.id = any (v_ready);

    insert into earnings.completions (booking_id, completed_at, as_of)
    select ready.id, complete_due.as_of, complete_due.as_of
    from unnest(v_ready) as ready (id)
    on conflict do nothing;

    perform pg_notify('earnings_completed', ready.id::text)
    from unnest(v_ready) as ready (id);

    perform earnings.raise_exception_row('appointment_without_end', 'booking', endless.id)
    from public.bookings_booking as endless
    inner join public.services_service as services on endless.service_id = services.id
    inner join public.services_servicetype as types on services.service_type_id = types.id
    cross join lateral earnings.stored_purchase(endless.id) as sold
    where cardinality(coalesce(v_due, '{}')) < complete_due.batch_size
        and endless.status in ('confirmed', 'in_progress')
        and not endless.is_deleted
        and case
            when endless.end_time is null or types.code = 'course'
                then earnings.appointment_end(endless.service_id, endless.service_session_id, endless.end_time) is null
                and not sold.is_purchase
        end
        and not exists (
            select
            from earnings.exceptions as known
            where known.subject_id = endless.id
                and known.kind = 'appointment_without_end'
                and known.resolved_at is null
        );
    get diagnostics exception_count = row_count;

    completed_count := coalesce(cardinality(v_ready), 0);
    skipped_count := coalesce(cardinality(v_due), 0) - completed_count;
    select
        coalesce(sum(sums.created_count), 0)::integer,
        coalesce(jsonb_object_agg(sums.currency, sums.net_cents), '{}')
    into earnings_created_count, pending_net_cents
    from (
        select
            rows_of.currency,
            count(*) filter (where rows_of.id > v_last_earnings_id) as created_count,
            sum(rows_of.net_amount_cents) as net_cents
        from public.payments_earningstransaction as rows_of
        where rows_of.booking_id = any (v_ready) and rows_of.status || '' = 'pending'
        group by rows_of.currency
    ) as sums;

    return next;

    -- the balances' locks are waited for here, where lock_timeout makes the job the one to give way
    set constraints earnings.earnings_900_fold_balances immediate;
    set constraints earnings.earnings_900_fold_balances deferred;
end
$$;

comment on function earnings.complete_due(timestamptz, integer, timestamptz)
is 'Completes bookings whose appointment has ended; one call is one batch (R4, R22).';
