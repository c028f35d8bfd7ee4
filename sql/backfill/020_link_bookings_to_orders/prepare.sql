-- Decides, over all bookings at once, which order each booking without one fulfils (R15),
-- and writes it to order_links.  Runs in one transaction before the batches of step 020,
-- and adds only bookings that order_links does not know yet.
--
-- A booking that has neither a parent nor a predecessor finds its order by itself: by a
-- credit row, by its children, as the nearest order within ten minutes, or gets a
-- synthetic one.  Children then follow their parent, and successors their predecessor.

insert into order_links (booking_id, order_id, strategy, confidence)
select
    bookings.id,
    credits.order_id,
    'credit_row',
    'certain'
from bookings_booking as bookings
cross join
    lateral (
        select rows_of_booking.order_id
        from payments_usercredittransaction as rows_of_booking
        where rows_of_booking.booking_id = bookings.id and rows_of_booking.order_id is not null
        order by rows_of_booking.transaction_type <> 'usage', rows_of_booking.id
        limit 1
    ) as credits
where bookings.order_id is null
    and bookings.parent_booking_id is null
    and bookings.rescheduled_from_id is null
on conflict (booking_id) do nothing;

insert into order_links (booking_id, order_id, strategy, confidence)
select
    parents.id,
    found.order_id,
    'child',
    'certain'
from bookings_booking as parents
cross join
    lateral (
        select coalesce(children.order_id, rows_of_child.order_id) as order_id
        from bookings_booking as children
        left join payments_usercredittransaction as rows_of_child on children.id = rows_of_child.booking_id
        where children.parent_booking_id = parents.id
            and coalesce(children.order_id, rows_of_child.order_id) is not null
        order by children.id, rows_of_child.id
        limit 1
    ) as found
where parents.order_id is null
    and parents.parent_booking_id is null
    and parents.rescheduled_from_id is null
    and (parents.is_package_purchase or parents.is_bundle_purchase)
on conflict (booking_id) do nothing;

insert into link_candidates (booking_id, order_id, distance, has_failed)
select
    bookings.id as booking_id,
    orders.id as order_id,
    greatest(orders.created_at - bookings.created_at, bookings.created_at - orders.created_at),
    orders.status = 'failed'
from bookings_booking as bookings
inner join payments_order as orders
    on bookings.user_id = orders.user_id
        and bookings.service_id = orders.service_id
        and orders.created_at >= bookings.created_at - interval '10 minutes'
        and orders.created_at <= bookings.created_at + interval '10 minutes'
where bookings.order_id is null
    and bookings.parent_booking_id is null
    and bookings.rescheduled_from_id is null
    and not exists (select from order_links where order_links.booking_id = bookings.id)
    and not exists (select from order_links where order_links.order_id = orders.id)
    and not exists (select from bookings_booking as claims where claims.order_id = orders.id);

-- Nearest pairs first.  A pair is taken once it is the nearest that both its booking and
-- its order have left, and nothing else of either is equally near.  Where nothing can be
-- taken any more, what is equally near on all sides is set aside, with its orders.
do $$
declare
    v_takes_failed boolean;
    v_taken integer;
    v_set_aside integer;
begin
    foreach v_takes_failed in array array[false, true] loop
        loop
            with

            ranked as (

                select
                    candidates.booking_id,
                    candidates.order_id,
                    candidates.distance,
                    rank() over (partition by candidates.booking_id order by candidates.distance) = 1
                    and rank() over (partition by candidates.order_id order by candidates.distance) = 1 as is_nearest,
                    count(*) over (partition by candidates.booking_id, candidates.distance) as booking_ties,
                    count(*) over (partition by candidates.order_id, candidates.distance) as order_ties
                from link_candidates as candidates
                where candidates.state = 'open' and candidates.has_failed = v_takes_failed

            ),

            taken as (

                insert into order_links (booking_id, order_id, strategy, confidence, distance)
                select
                    ranked.booking_id,
                    ranked.order_id,
                    case when v_takes_failed then 'nearest_failed' else 'nearest' end,
                    case when v_takes_failed then 'failed' else 'near' end,
                    ranked.distance
                from ranked
                where ranked.is_nearest and ranked.booking_ties = 1 and ranked.order_ties = 1
                returning order_links.booking_id, order_links.order_id

            ),

            closed as (

                update link_candidates as candidates
                set state = 'closed'
                from taken
                where candidates.booking_id = taken.booking_id and candidates.state = 'open'

            )

            select count(*) into v_taken from taken;

            update link_candidates as candidates
            set state = 'closed'
            where candidates.state = 'open'
                and exists (select from order_links where order_links.order_id = candidates.order_id);

            continue when v_taken > 0;

            with

            ranked as (

                select
                    candidates.booking_id,
                    candidates.order_id,
                    candidates.distance,
                    rank() over (partition by candidates.booking_id order by candidates.distance) = 1
                    and rank() over (partition by candidates.order_id order by candidates.distance) = 1 as is_nearest
                from link_candidates as candidates
                where candidates.state = 'open' and candidates.has_failed = v_takes_failed

            ),

            tied as (

                select
                    ranked.*,
                    bool_and(ranked.is_nearest) over (partition by ranked.booking_id, ranked.distance)
                    and bool_and(ranked.is_nearest) over (partition by ranked.order_id, ranked.distance) as is_settled
                from ranked

            ),

            ambiguous as (

                select tied.booking_id, tied.order_id
                from tied
                where tied.is_nearest and tied.is_settled

            )

            update link_candidates as candidates
            set state = 'ambiguous'
            where candidates.state = 'open'
                and (
                    candidates.booking_id in (select ambiguous.booking_id from ambiguous)
                    or candidates.order_id in (select ambiguous.order_id from ambiguous)
                );

            get diagnostics v_set_aside = row_count;
            exit when v_set_aside = 0;
        end loop;

        -- A failed order is for bookings that have none other to choose from.
        update link_candidates as candidates
        set state = 'closed'
        where candidates.state = 'open'
            and exists (
                select
                from link_candidates as others
                where others.booking_id = candidates.booking_id and others.state = 'ambiguous'
            );
    end loop;
end
$$;

insert into order_links (booking_id, strategy, confidence)
select distinct
    candidates.booking_id,
    'ambiguous',
    'none'
from link_candidates as candidates
where candidates.state = 'ambiguous'
on conflict (booking_id) do nothing;

insert into order_links (booking_id, order_id, strategy, confidence)
select
    bookings.id,
    nextval(pg_get_serial_sequence('payments_order', 'id')),
    'synthetic',
    'synthetic'
from bookings_booking as bookings
where bookings.order_id is null
    and bookings.parent_booking_id is null
    and bookings.rescheduled_from_id is null
    and not exists (select from order_links where order_links.booking_id = bookings.id)
order by bookings.id
on conflict (booking_id) do nothing;

insert into order_links (booking_id, order_id, strategy, confidence, distance)
select
    children.id,
    coalesce(parents.order_id, order_links.order_id),
    case when coalesce(parents.order_id, order_links.order_id) is null then 'ambiguous' else 'parent' end,
    coalesce(order_links.confidence, 'certain'),
    order_links.distance
from bookings_booking as children
inner join bookings_booking as parents on children.parent_booking_id = parents.id
left join order_links on parents.id = order_links.booking_id
where children.order_id is null
    and children.rescheduled_from_id is null
    and (parents.order_id is not null or order_links.booking_id is not null)
on conflict (booking_id) do nothing;

do $$
declare
    v_linked integer;
begin
    loop
        insert into order_links (booking_id, order_id, strategy, confidence, distance)
        select
            successors.id,
            coalesce(predecessors.order_id, links.order_id),
            case when coalesce(predecessors.order_id, links.order_id) is null then 'ambiguous' else 'reschedule' end,
            coalesce(links.confidence, 'certain'),
            links.distance
        from bookings_booking as successors
        inner join bookings_booking as predecessors on successors.rescheduled_from_id = predecessors.id
        left join order_links as links on predecessors.id = links.booking_id
        where successors.order_id is null
            and (predecessors.order_id is not null or links.booking_id is not null)
            and not exists (select from order_links as known where known.booking_id = successors.id)
        on conflict (booking_id) do nothing;

        get diagnostics v_linked = row_count;
        exit when v_linked = 0;
    end loop;
end
$$;
