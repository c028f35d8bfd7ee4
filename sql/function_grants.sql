-- Who may call the engine's functions.  Run at every install, as earnings_owner; safe to run again.
-- Trigger functions need no grant: firing a trigger asks for none.

revoke execute on all functions in schema earnings from public;
revoke execute on all functions in schema earnings_migration from public;
revoke execute on all functions in schema earnings, earnings_migration from earnings_reader;

grant execute on all functions in schema earnings, earnings_migration to earnings_migrator;

grant execute on function
earnings.close_period(text),
earnings.complete_due(timestamptz, integer, timestamptz),
earnings.correct_booking(bigint, text, text),
earnings.correct_status(bigint, text, text),
earnings.create_payouts(timestamptz),
earnings.expire_packages(timestamptz),
earnings.release_holds(timestamptz, integer),
earnings.reverse_booking(bigint, text),
earnings.start_package(bigint),
earnings.balance_at_closing(bigint, text),
earnings.balance_as_of(bigint, timestamptz),
earnings.explain_balance(bigint, timestamptz),
earnings.final_until(),
earnings.is_replica(),
earnings.setting(text),
earnings.slot_amount(integer, integer, integer),
earnings.watermark()
to earnings_operator;

-- what checks call; they read with the rights of who runs them
grant execute on function
earnings.due_clawbacks(bigint),
earnings.earned_elsewhere(bigint[]),
earnings.free_slots(bigint[]),
earnings.has_clawback(bigint),
earnings.has_opposite(public.payments_earningstransaction),
earnings.is_clawed_back(public.payments_earningstransaction),
earnings.is_delivered(public.bookings_booking),
earnings.is_delivery(text),
earnings.is_superseded(bigint),
earnings.keeps_slot(public.bookings_booking),
earnings.package_price_cents(public.payments_order),
earnings.refund_shares(bigint[]),
earnings.refunded_cents(public.bookings_booking),
earnings.refunded_order_cents(public.payments_order),
earnings.rescheduled_from(bigint),
earnings.usable_metadata(jsonb),
earnings.was_paid_before(bigint)
to earnings_operator;
