-- What the engine's roles may do.  Run at every install, as the owner of the app's tables; safe to run again.

grant usage on schema public to earnings_owner, earnings_migrator;
grant select on
public.bookings_booking,
public.package_completion_records,
public.payments_earningstransaction,
public.payments_order,
public.payments_practitionerearnings,
public.payments_practitionerpayout,
public.payments_usercreditbalance,
public.payments_usercredittransaction,
public.practitioner_subscriptions,
public.practitioners_practitioner,
public.service_relationships,
public.service_sessions,
public.service_type_commissions,
public.services_service,
public.services_servicepractitioner,
public.services_servicetype,
public.subscription_tiers,
public.tier_commission_adjustments
to earnings_owner, earnings_migrator;
grant insert, update on
public.bookings_booking,
public.payments_earningstransaction,
public.payments_order,
public.payments_practitionerearnings,
public.payments_practitionerpayout
to earnings_owner, earnings_migrator;
-- a row can be locked only by who may update a column of its table
grant update (id) on public.service_sessions to earnings_owner;
grant delete on
public.payments_earningstransaction,
public.payments_order,
public.payments_practitionerearnings
to earnings_migrator;

grant usage on schema earnings, earnings_migration to earnings_migrator, earnings_operator;
grant select on all tables in schema earnings to earnings_migrator, earnings_operator;
grant select on all tables in schema earnings_migration to earnings_operator;
grant select, insert, update, delete on all tables in schema earnings_migration to earnings_migrator;
grant insert, update, delete on
earnings.package_terms,
earnings.session_slots,
earnings.purchase_bookings,
earnings.exceptions
to earnings_migrator;
grant update (value) on earnings.settings to earnings_operator;
grant update (resolved_at, resolved_by, resolution) on earnings.exceptions to earnings_operator;

-- Dashboards read what dbt publishes, and nothing that lies under it.
revoke all on schema earnings, earnings_migration from earnings_reader;
revoke all on all tables in schema earnings, earnings_migration from earnings_reader;
