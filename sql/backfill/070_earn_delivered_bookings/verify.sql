-- Delivered appointments that still count as projected, earn nothing and are not
-- reported, or were completed at no known time; and slots that exceed their package.

select
    'earnings' as subject,
    entries.id as subject_id,
    format('projected, and booking %s is completed', bookings.id) as offence
from payments_earningstransaction as entries
inner join bookings_booking as bookings on entries.booking_id = bookings.id
left join payments_order as orders on bookings.order_id = orders.id
where entries.status = 'projected'
    and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    and bookings.status = 'completed'
    and not exists (select from earnings.earned_elsewhere(array[bookings.id]))
    and not earnings.was_paid_before(bookings.id)
    and not exists (
        select
        from exceptions
        where exceptions.resolved_at is null
            and (
                (
                    exceptions.subject_id = orders.id
                    and exceptions.subject = 'order'
                    and exceptions.kind = 'package_without_sessions'
                )
                or (
                    exceptions.subject_id = bookings.id
                    and exceptions.subject = 'booking'
                    and exceptions.kind = 'session_without_slot'
                )
            )
    )

union all

select
    'booking' as subject,
    bookings.id as subject_id,
    'completed, and completed_at is empty' as offence
from bookings_booking as bookings
where bookings.status = 'completed'
    and bookings.completed_at is null
    and not exists (
        select from purchase_bookings where purchase_bookings.booking_id = bookings.id
    )

union all

select
    'booking' as subject,
    bookings.id as subject_id,
    'completed, without earnings, and not reported' as offence
from bookings_booking as bookings
left join payments_order as orders on bookings.order_id = orders.id
where bookings.status = 'completed'
    and not exists (
        select from purchase_bookings where purchase_bookings.booking_id = bookings.id
    )
    and not exists (
        select from bookings_booking as later where later.rescheduled_from_id = bookings.id
    )
    and not exists (
        select
        from payments_earningstransaction as entries
        where entries.booking_id = bookings.id
            and entries.transaction_type not in ('bonus', 'adjustment', 'clawback', 'reversal')
    )
    and not exists (
        select
        from exceptions
        where exceptions.resolved_at is null
            and (
                (
                    exceptions.subject_id = bookings.id
                    and exceptions.subject = 'booking'
                    and exceptions.kind in (
                        'ambiguous_order_link',
                        'failed_order_only',
                        'order_earns_already',
                        'reschedule_already_paid',
                        'session_without_slot'
                    )
                )
                or (
                    exceptions.subject_id = bookings.order_id
                    and exceptions.subject = 'order'
                    and exceptions.kind = 'package_without_sessions'
                )
            )
    )

union all

select
    'order' as subject,
    package_terms.order_id as subject_id,
    format('slots of %s, price %s', sum(session_slots.amount_cents), package_terms.price_cents) as offence
from package_terms
inner join session_slots on package_terms.order_id = session_slots.order_id
group by package_terms.order_id
having sum(session_slots.amount_cents) > package_terms.price_cents
    or sum(session_slots.prepaid_cents) > package_terms.prepaid_cents
