-- On the primary, as a superuser: publish what the models and the functions read.
-- wal_level must be logical.

create publication earnings for
table
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
public.tier_commission_adjustments,
tables in schema earnings, earnings_migration;
