-- Every direct booking and package session whose appointment has ended.
create schema if not exists bench;

create table bench.due as
select bookings.id as booking_id
from public.bookings_booking as bookings
where bookings.status in ('confirmed', 'in_progress')
    and bookings.end_time < %(as_of)s
    and not bookings.is_package_purchase
    and not bookings.is_bundle_purchase;

alter table bench.due add primary key (booking_id);

analyze bench.due
