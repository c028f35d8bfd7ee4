-- Two thousand more delivered bookings of one, each with its earnings.
with

booked as (

    insert into public.bookings_booking
    select (
        jsonb_populate_record(
            bookings,
            jsonb_build_object('id', numbers.id, 'public_uuid', gen_random_uuid(), 'order_id', null)
        )
    ).*
    from public.bookings_booking as bookings
    cross join generate_series(1000001, 1002000) as numbers (id)
    where bookings.id = %(booking_id)s
    returning id

)

insert into public.payments_earningstransaction
select (jsonb_populate_record(entries, jsonb_build_object('id', booked.id, 'booking_id', booked.id))).*
from public.payments_earningstransaction as entries
cross join booked
where entries.booking_id = %(booking_id)s
