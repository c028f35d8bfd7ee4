-- earnings.tg_bookings__settle_delete()
--
-- Recounts the orders of deleted bookings that were delivered (R8).
--
-- Fired by  earnings_900_settle_delete on public.bookings_booking

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
    where gone.order_id is not null and gone.status in ('completed', 'no_show');

    if v_order_ids is not null then
        perform earnings.settle_bookings('{}', '{}', v_order_ids);
    end if;

    return null;
end
$$;

comment on function earnings.tg_bookings__settle_delete()
is 'Recounts the orders of deleted bookings that were delivered (R8).';
