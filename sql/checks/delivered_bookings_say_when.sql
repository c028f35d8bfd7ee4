-- Every delivered booking says when it was delivered.
--
-- Rule      R4
-- Reads     everything
-- If not    The hold cannot be explained. Set completed_at to the time of the delivery.

select
    'booking' as subject,
    id as subject_id,
    'completed, and completed_at is null' as detail
from public.bookings_booking
where status = 'completed' and completed_at is null
