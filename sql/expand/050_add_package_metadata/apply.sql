alter table public.payments_order add column package_metadata jsonb;
