-- Of the planned undoings those whose row still holds what the migration wrote (R25).  An
-- order that somebody else's row has come to point at stays.

with

present as materialized (

    select
        planned.*,
        case planned.table_name
            when 'bookings_booking'
                then (
                    select to_jsonb(bookings) from bookings_booking as bookings where bookings.id = planned.row_id
                )
            when 'payments_earningstransaction'
                then (
                    select to_jsonb(entries)
                    from payments_earningstransaction as entries
                    where entries.id = planned.row_id
                )
            when 'payments_order'
                then (
                    select to_jsonb(orders) from payments_order as orders where orders.id = planned.row_id
                )
            when 'payments_practitionerearnings'
                then (
                    select to_jsonb(balances)
                    from payments_practitionerearnings as balances
                    where balances.id = planned.row_id
                )
            when 'purchase_bookings'
                then (
                    select to_jsonb(purchases)
                    from purchase_bookings as purchases
                    where purchases.booking_id = planned.row_id
                )
            when 'package_terms'
                then (
                    select to_jsonb(terms) from package_terms as terms where terms.order_id = planned.row_id
                )
            when 'session_slots'
                then (
                    select to_jsonb(slots) from session_slots as slots where slots.booking_id = planned.row_id
                )
            when 'exceptions' then (
                select planned.after
                from exceptions
                where exceptions.subject_id = planned.row_id
                    and exceptions.kind = planned.after ->> 'kind'
                    and exceptions.subject = planned.after ->> 'subject'
                    and exceptions.resolved_at is null
            )
        end as image
    from planned

),

claims as materialized (

    select
        bookings.id,
        bookings.order_id
    from planned
    inner join bookings_booking as bookings on planned.row_id = bookings.order_id
    where planned.table_name = 'payments_order' and planned.operation = 'insert'

),

orders_in_use as materialized (

    select claims.order_id
    from claims
    where claims.id not in (
            select others.row_id from planned as others where others.table_name = 'bookings_booking'
        )

    union

    select credits.order_id
    from planned
    inner join payments_usercredittransaction as credits on planned.row_id = credits.order_id
    where planned.table_name = 'payments_order' and planned.operation = 'insert'

)

insert into reverting (table_name, row_id, operation, reason, before, after, change_id)
select
    present.table_name,
    present.row_id,
    present.operation,
    present.reason,
    present.before,
    present.after,
    present.change_id
from present
where present.image is not null
    and not exists (
        select
        from jsonb_each(present.after) as written
        where present.image -> written.key is distinct from written.value
    )
    and not (
        present.table_name = 'payments_order'
        and present.operation = 'insert'
        and present.row_id in (select orders_in_use.order_id from orders_in_use)
    );
