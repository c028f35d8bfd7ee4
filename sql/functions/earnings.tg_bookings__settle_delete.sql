-- earnings.tg_bookings__settle_delete()
--
-- Settles the orders of deleted bookings that were delivered, held a slot until the next job, or
-- were canceled: a refund of theirs had used up a slot, and is gone with them (R7, R8, R9).  So it
-- does for what waited in the queue, which the job finds no more.  What
-- a deleted booking was rescheduled from counts again if it was delivered (R13); the next job
-- settles it, since whoever deletes the later booking may not wait for the earlier one (R20).
--
-- Fired by  earnings_900_settle_delete on public.bookings_booking
-- Writes    earnings.settlement_queue, and what earnings.settle_bookings writes

create or replace function earnings.tg_bookings__settle_delete()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_order_ids bigint[];
begin
    select array_agg(distinct gone.order_id)
    into v_order_ids
    from old_bookings as gone
    where gone.order_id is not null
        and (
            gone.status in ('completed', 'no_show', 'canceled')
            or exists (select from earnings.session_slots as slots where slots.booking_id = gone.id)
            or exists (select from earnings.settlement_queue as queue where queue.booking_id = gone.id)
        );

    if v_order_ids is not null then
        perform earnings.settle_bookings('{}', '{}', v_order_ids);
    end if;

    insert into earnings.settlement_queue (booking_id)
    select bookings.id
    from old_bookings as gone
    inner join public.bookings_booking as bookings on gone.rescheduled_from_id = bookings.id
    where earnings.is_delivered(bookings)
    order by bookings.id;

    return null;
end
$$;

comment on function earnings.tg_bookings__settle_delete()
is 'Recounts the orders of deleted bookings, and queues what they were rescheduled from (R7, R8, R9, R13).';
