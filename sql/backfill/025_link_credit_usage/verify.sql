-- Bookings whose two names of the credit usage row disagree.

select
    'booking' as subject,
    bookings.id as subject_id,
    format(
        'payment_transaction_id %s, credit_usage_transaction_id %s',
        images.image ->> 'payment_transaction_id',
        bookings.credit_usage_transaction_id
    ) as offence
from bookings_booking as bookings
cross join lateral to_jsonb(bookings) as images (image)
where images.image ? 'payment_transaction_id'
    and images.image -> 'payment_transaction_id' is distinct from images.image -> 'credit_usage_transaction_id'
