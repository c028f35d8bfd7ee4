create or replace trigger earnings_050_pair_credit_links
before insert or update of payment_transaction_id, credit_usage_transaction_id on public.bookings_booking
for each row
execute function earnings_migration.tg_bookings__pair_credit_links();
