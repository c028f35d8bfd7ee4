-- Every delivered booking says when it was delivered; a purchase is no delivery.
--
-- Rule      R4
-- Reads     bookings
-- If not    The hold cannot be explained. Set completed_at to the time of the delivery.

select
    'booking' as subject,
    bookings.id as subject_id,
    'completed, and completed_at is null' as detail
from public.bookings_booking as bookings
left join earnings.purchase_bookings as purchases on bookings.id = purchases.booking_id
where
    bookings.status = 'completed'
    and bookings.completed_at is null
    and purchases.booking_id is null
    and not coalesce((to_jsonb(bookings) ->> 'is_package_purchase')::boolean, false)
    and not coalesce((to_jsonb(bookings) ->> 'is_bundle_purchase')::boolean, false)
