-- Writes back what was there before, where the row still holds what this step wrote.

update payments_earningstransaction as entries
set (
    status, available_after, gross_amount_cents, commission_amount_cents, net_amount_cents
) = (
    select
        written.status,
        written.available_after,
        written.gross_amount_cents,
        written.commission_amount_cents,
        written.net_amount_cents
    from jsonb_populate_record(entries, reverting.before) as written
)
from reverting
where reverting.table_name = 'payments_earningstransaction'
    and reverting.operation = 'update'
    and reverting.row_id = entries.id;

update bookings_booking as bookings
set completed_at = (jsonb_populate_record(bookings, reverting.before)).completed_at
from reverting
where reverting.table_name = 'bookings_booking'
    and reverting.operation = 'update'
    and reverting.row_id = bookings.id;

delete from payments_earningstransaction as inserted
using reverting
where reverting.table_name = 'payments_earningstransaction'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.id;

delete from session_slots as inserted
using reverting
where reverting.table_name = 'session_slots'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.booking_id;

delete from package_terms as inserted
using reverting
where reverting.table_name = 'package_terms'
    and reverting.operation = 'insert'
    and reverting.row_id = inserted.order_id;
