-- earnings.is_delivered(booking)
--
-- True for a booking that earns: completed, or a no-show while the policy is to pay (R12).
-- Without a search_path of its own it becomes part of its caller's plan: every function that
-- calls it has one, and for whoever else asks it does nothing that they could not do.
--
-- Reads     earnings.settings

create or replace function earnings.is_delivered(booking public.bookings_booking)
returns boolean
language sql
stable
as $$
    select booking.status = 'completed'
        or (booking.status = 'no_show' and earnings.setting('no_show_policy') = 'pay');
$$;

comment on function earnings.is_delivered(public.bookings_booking)
is 'True for a booking that earns: completed, or a no-show while the policy is to pay (R12).';
