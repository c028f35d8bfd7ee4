-- Bookings whose two names of the credit usage row disagree.

select
    'booking' as subject,
    bookings.id as subject_id,
    format(
        'payment_transaction_id %s, credit_usage_transaction_id %s',
        to_jsonb(bookings) ->> 'payment_transaction_id',
        bookings.credit_usage_transaction_id
    ) as offence
from bookings_booking as bookings
where to_jsonb(bookings) ? 'payment_transaction_id'
    and to_jsonb(bookings) -> 'payment_transaction_id'
    is distinct from to_jsonb(bookings) -> 'credit_usage_transaction_id'
