-- The bookings whose order a person has to choose, and the orders in question, nearest first.  A
-- child or a successor waits with its booking and has none of its own.

with

in_question as (

    select
        booking_id,
        array_agg(order_id order by distance, order_id) as order_ids,
        array_agg(extract(epoch from distance)::double precision order by distance, order_id) as distances_seconds
    from link_candidates
    where state = 'ambiguous'
    group by booking_id

)

select
    planned.row_id as booking_id,
    coalesce(in_question.order_ids, '{}') as order_ids,
    coalesce(in_question.distances_seconds, '{}') as distances_seconds
from planned
left join in_question on planned.row_id = in_question.booking_id
where planned.reason = 'ambiguous_order_link' and planned.table_name = 'exceptions'
order by planned.row_id;
