-- No booking has waited for more than a day to be settled by the next job.
--
-- Rule      R9
-- Reads     what waits
-- If not    The job that completes appointments does not run, or the app has held the booking
--           all the time. Run scripts/earnings jobs run complete.

select
    'booking' as subject,
    booking_id as subject_id,
    format('waits since %s', queued_at) as detail
from earnings.settlement_queue
where queued_at < now() - interval '1 day'
