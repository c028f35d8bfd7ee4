-- What the plans look for, on the temporary copies, and statistics for the planner.

create index on bookings_booking (order_id, status);
create index on bookings_booking (parent_booking_id);
create index on bookings_booking (rescheduled_from_id);
create index on payments_order (user_id, created_at);
create index on payments_earningstransaction (booking_id);
create index on payments_earningstransaction (practitioner_id);
create index on payments_earningstransaction (payout_id);
create index on exceptions (subject_id, kind, subject);
create index on purchase_bookings (order_id);
analyze bookings_booking;
analyze payments_order;
analyze payments_earningstransaction;
analyze payments_practitionerearnings;
