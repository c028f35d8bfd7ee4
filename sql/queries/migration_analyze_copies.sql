-- Statistics of what a step has changed in a rehearsal's copies.  A rough sample does.

set local default_statistics_target = 10;
analyze pg_temp.bookings_booking;
analyze pg_temp.payments_order;
analyze pg_temp.payments_earningstransaction;
analyze pg_temp.exceptions;
analyze pg_temp.purchase_bookings;
analyze pg_temp.order_links;
