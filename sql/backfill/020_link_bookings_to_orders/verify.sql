-- Bookings of the old data without an order that are not reported, and orders that several direct
-- bookings claim although nothing but nearness says so.

select
    'booking' as subject,
    bookings.id as subject_id,
    'no order, and not reported' as offence
from bookings_booking as bookings
where bookings.order_id is null
    and bookings.created_at <= coalesce(
        (
            select steps.finished_at
            from steps
            where steps.step = '020_link_bookings_to_orders'
        ),
        'infinity'
    )
    and not exists (
        select
        from exceptions
        where exceptions.subject_id = bookings.id
            and exceptions.subject = 'booking'
            and exceptions.kind in ('ambiguous_order_link', 'failed_order_only')
            and exceptions.resolved_at is null
    )

union all

select
    'order' as subject,
    order_links.order_id as subject_id,
    format('nearest order of %s bookings', count(*)) as offence
from order_links
where order_links.strategy in ('nearest', 'nearest_failed', 'synthetic')
group by order_links.order_id
having count(*) > 1
